#include "broker/state/root_tree.h"

#include "broker/base/console.h"
#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/object/walk.h"
#include "broker/sandbox/executable.h"

#include <stdlib.h>
#include <wchar.h>

#define PROGRESS_MS 200

struct job;
typedef NTSTATUS job_action(struct job *job, HANDLE object, bool directory, const wchar_t *leaf,
                            struct acl_change *change);

struct job {
    job_action *action;
    ACCESS_MASK access;
    bool files_only;
    bool single_name; /* leave objects with several names */
    LONGLONG since;   /* leave what was last changed before */
    bool exact;       /* the path is the final spelling, and must still be */
    const wchar_t *verb;
    PSID sid;
    enum acl_integrity integrity;
    const PSID *keep;
    size_t keep_count;
    struct tree_count *count;
    ULONGLONG next_progress;
};

static void note_failure(struct job *job, NTSTATUS status, const wchar_t *path) {
    if (!job->count->failed++) {
        job->count->first_status = status;
        _snwprintf(job->count->first_path, MAX_PATH - 1, L"%ls", path);
    }
}

static void show_progress(struct job *job) {
    ULONGLONG now = GetTickCount64();
    if (now >= job->next_progress) {
        job->next_progress = now + PROGRESS_MS;
        msg_progress("%ls: %llu objects, %llu changed", job->verb, job->count->seen, job->count->changed);
    }
}

/* One open object of the tree, the top included. */
static void treat(struct job *job, HANDLE object, const wchar_t *leaf, const wchar_t *path) {
    struct object_facts facts;
    struct acl_change change = {0};
    NTSTATUS status = object_query_facts(object, &facts);
    if (NT_SUCCESS(status) && facts.reparse_point) {
        return;
    }
    if (NT_SUCCESS(status) && job->single_name && !facts.directory && facts.links > 1) {
        job->count->links++;
        return;
    }
    if (NT_SUCCESS(status)) {
        status = job->action(job, object, facts.directory, leaf, &change);
    }
    job->count->changed += change.changed;
    if (!NT_SUCCESS(status) || change.label_refused) {
        note_failure(job, status, path);
    }
}

static enum walk_next visit(void *context, const struct walk_entry *entry) {
    struct job *job = context;
    HANDLE object;
    if (console_interrupted()) {
        return WALK_STOP;
    }
    if (entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT) {
        return WALK_SKIP;
    }
    job->count->seen++;
    show_progress(job);
    if ((job->files_only && (entry->attributes & FILE_ATTRIBUTE_DIRECTORY)) || entry->changed < job->since) {
        return WALK_ON;
    }
    NTSTATUS status = walk_open(entry, job->access, FILE_COMPLETE_IF_OPLOCKED, &object);
    if (!NT_SUCCESS(status)) {
        /* What vanished meanwhile needs nothing. */
        if (status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_DELETE_PENDING) {
            note_failure(job, status, entry->path);
        }
        return WALK_ON;
    }
    treat(job, object, entry->leaf, entry->path);
    NtClose(object);
    return WALK_ON;
}

static NTSTATUS treat_all(struct job *job, HANDLE top, const wchar_t *final) {
    const wchar_t *slash = wcsrchr(final, L'\\');
    HANDLE list = NULL;
    struct object_facts facts;
    NTSTATUS status = object_query_facts(top, &facts);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (!(job->files_only && facts.directory)) {
        treat(job, top, slash ? slash + 1 : final, final);
    }
    /* By the handle: the path may lead elsewhere by now. */
    if (facts.directory) {
        status = object_reopen(top, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE, &list);
    }
    if (facts.directory && NT_SUCCESS(status)) {
        status = walk_tree(list, false, visit, job, &job->count->skipped);
        NtClose(list);
    }
    msg_progress_end();
    return status;
}

static NTSTATUS run_job(struct job *job, const wchar_t *path) {
    wchar_t *final = NULL;
    DWORD error;
    *job->count = (struct tree_count){.seen = 1};
    HANDLE top = path_open(path, job->access, &final, &error);
    if (!top) {
        return error == ERROR_ACCESS_DENIED ? STATUS_ACCESS_DENIED : STATUS_OBJECT_NAME_NOT_FOUND;
    }
    /* A program may have put a link in the place of what the caller looked at. */
    bool elsewhere = job->exact && CompareStringOrdinal(final, -1, path, -1, TRUE) != CSTR_EQUAL;
    NTSTATUS status = elsewhere ? STATUS_REPARSE_POINT_ENCOUNTERED : treat_all(job, top, final);
    CloseHandle(top);
    free(final);
    return status;
}

static NTSTATUS stamp_one(struct job *job, HANDLE object, bool directory, const wchar_t *leaf,
                          struct acl_change *change) {
    (void)leaf;
    return acl_stamp(object, directory, job->sid, job->integrity, change);
}

NTSTATUS tree_stamp(const wchar_t *path, PSID sid, enum acl_integrity integrity, struct tree_count *count) {
    struct job job = {.action = stamp_one,
                      .access = ACL_STAMP_ACCESS,
                      .single_name = true,
                      .exact = true,
                      .verb = L"stamping",
                      .sid = sid,
                      .integrity = integrity,
                      .count = count};
    return run_job(&job, path);
}

static NTSTATUS clean_one(struct job *job, HANDLE object, bool directory, const wchar_t *leaf,
                          struct acl_change *change) {
    (void)leaf;
    return acl_unstamp_except(object, directory, job->keep, job->keep_count, change);
}

NTSTATUS tree_clean(const wchar_t *path, const PSID *keep, size_t keep_count, struct tree_count *count) {
    struct job job = {.action = clean_one,
                      .access = ACL_STAMP_ACCESS,
                      .verb = L"cleaning",
                      .keep = keep,
                      .keep_count = keep_count,
                      .count = count};
    return run_job(&job, path);
}

/* Windows starts a program at the lower of its parent's level and its file's: by name, or because it begins like one.
 */
static bool is_executable(HANDLE file, const wchar_t *leaf) {
    if (executable_name(leaf, wcslen(leaf))) {
        return true;
    }
    BYTE magic[2] = {0};
    DWORD got = 0;
    return ReadFile(file, magic, sizeof(magic), &got, NULL) && got == 2 && magic[0] == 'M' && magic[1] == 'Z';
}

NTSTATUS tree_relabel_file(HANDLE file, const wchar_t *leaf, bool *left, struct acl_change *change) {
    struct acl_state state;
    struct object_facts facts;
    *change = (struct acl_change){0};
    *left = false;
    NTSTATUS status = acl_query(file, false, NULL, &state);
    if (!NT_SUCCESS(status) || !state.low || !is_executable(file, leaf)) {
        return status;
    }
    status = object_query_facts(file, &facts);
    /* Another name may lie anywhere. What carries an entry of ours got its label from us; else it is somebody's. */
    *left = !NT_SUCCESS(status) || (facts.links > 1 && !state.ours);
    return *left ? status : acl_relabel_medium(file, change);
}

static NTSTATUS relabel_one(struct job *job, HANDLE object, bool directory, const wchar_t *leaf,
                            struct acl_change *change) {
    bool left = false;
    NTSTATUS status = directory ? STATUS_SUCCESS : tree_relabel_file(object, leaf, &left, change);
    job->count->links += left;
    return status;
}

NTSTATUS tree_relabel(const wchar_t *path, LONGLONG since, struct tree_count *count) {
    struct job job = {.action = relabel_one,
                      .access = ACL_STAMP_ACCESS | FILE_READ_DATA,
                      .files_only = true,
                      .since = since,
                      .exact = true,
                      .verb = L"relabelling",
                      .count = count};
    return run_job(&job, path);
}

bool tree_report(const wchar_t *path, const struct tree_count *count) {
    if (count->failed && NT_SUCCESS(count->first_status)) {
        msg_warn("%ls: %llu objects keep their integrity label, the first is %ls", path, count->failed,
                 count->first_path);
    } else if (count->failed) {
        msg_warn("%ls: %llu objects could not be changed, the first is %ls (%ls)", path, count->failed,
                 count->first_path, msg_status_text(count->first_status));
    }
    if (count->skipped) {
        msg_warn("%ls: %u directories could not be listed", path, count->skipped);
    }
    if (count->links) {
        msg_note("%ls: %llu files with several names were left as they are", path, count->links);
    }
    return !count->failed && !count->skipped;
}
