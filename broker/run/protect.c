#include "broker/run/protect.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/object/walk.h"
#include "broker/rights/acl.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LOCK_NAME L"protect.lock"
#define LOCK_WAIT_MS 20000

/* The paths that runs protect at the moment. */
struct claims {
    wchar_t **paths;
    size_t count;
};

struct protecting {
    PSID sid;
    enum acl_integrity integrity;
    bool lift;
    const struct claims *live; /* of other runs, when lifting */
    const wchar_t *top;
    unsigned failed;
    NTSTATUS first_status;
    wchar_t first_path[MAX_PATH];
};

enum claimed { CLAIMED_NOT, CLAIMED_BELOW, CLAIMED_WHOLE };

/* Does another run protect `below` in the path that is lifted (NULL: that path itself) or what it lies in, or something
 * below it? */
static enum claimed claims_of(const struct protecting *job, const wchar_t *below) {
    size_t units = wcslen(job->top) + (below ? wcslen(below) : 0) + 2;
    enum claimed claimed = CLAIMED_NOT;
    if (!job->live->count) {
        return CLAIMED_NOT;
    }
    wchar_t *path = malloc(units * sizeof(wchar_t));
    if (!path) {
        return CLAIMED_WHOLE;
    }
    (void)swprintf(path, units, below ? L"%ls\\%ls" : L"%ls", job->top, below);
    for (size_t i = 0; i < job->live->count && claimed != CLAIMED_WHOLE; i++) {
        if (path_below(path, job->live->paths[i])) {
            claimed = CLAIMED_WHOLE;
        } else if (path_below(job->live->paths[i], path)) {
            claimed = CLAIMED_BELOW;
        }
    }
    free(path);
    return claimed;
}

/* A directory above what another run protects keeps what run_protect gives such directories. */
static NTSTATUS lift(const struct protecting *job, HANDLE object, bool directory, enum claimed claimed) {
    struct acl_change change;
    NTSTATUS status = acl_unprotect(object, &change);
    if (NT_SUCCESS(status) && change.label_refused) {
        return STATUS_ACCESS_DENIED;
    }
    return NT_SUCCESS(status) && directory && claimed == CLAIMED_BELOW
               ? acl_stamp(object, true, job->sid, job->integrity, &change)
               : status;
}

static NTSTATUS treat(const struct protecting *job, HANDLE object, bool directory, enum claimed claimed) {
    struct acl_change change;
    if (job->lift) {
        return lift(job, object, directory, claimed);
    }
    /* A label that stays Low leaves the object writable for another root's Low program: not protected. */
    NTSTATUS status = acl_protect(object, directory, job->sid, job->integrity, &change);
    return NT_SUCCESS(status) && change.label_refused ? STATUS_ACCESS_DENIED : status;
}

static enum walk_next visit(void *context, const struct walk_entry *entry) {
    struct protecting *job = context;
    HANDLE object;
    enum claimed claimed = job->lift ? claims_of(job, entry->path) : CLAIMED_NOT;
    if ((entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT) || claimed == CLAIMED_WHOLE) {
        return WALK_SKIP;
    }
    NTSTATUS status = walk_open(entry, ACL_STAMP_ACCESS, FILE_COMPLETE_IF_OPLOCKED, &object);
    if (NT_SUCCESS(status)) {
        status = treat(job, object, (entry->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0, claimed);
        NtClose(object);
    }
    if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_NOT_FOUND && !job->failed++) {
        job->first_status = status;
        _snwprintf(job->first_path, MAX_PATH - 1, L"%ls", entry->path);
    }
    return WALK_ON;
}

/* What is below a protected directory may carry the root's entries from an earlier run, its own or inherited ones, and
 * a new deny on the directory does not reach it. */
static NTSTATUS treat_tree(struct protecting *job, HANDLE held) {
    struct object_facts facts;
    HANDLE handle;
    enum claimed claimed = job->lift ? claims_of(job, NULL) : CLAIMED_NOT;
    if (claimed == CLAIMED_WHOLE) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = object_query_facts(held, &facts);
    if (NT_SUCCESS(status)) {
        status = object_reopen(held, ACL_STAMP_ACCESS, 0, &handle);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = treat(job, handle, facts.directory, claimed);
    NtClose(handle);
    if (!NT_SUCCESS(status) || !facts.directory || facts.reparse_point) {
        return status;
    }
    status = object_reopen(held, FILE_LIST_DIRECTORY | SYNCHRONIZE, FILE_DIRECTORY_FILE, &handle);
    if (NT_SUCCESS(status)) {
        unsigned skipped = 0;
        status = walk_tree(handle, false, visit, job, &skipped);
        job->failed += skipped;
        NtClose(handle);
    }
    return status;
}

/* The directories from the root down to a protected path must not be deletable natively, or the path would go with
 * them: each gets the root's entries, the deny of FILE_DELETE_CHILD above all. */
static bool stamp_above(const struct root *root, bool low, struct policy_name rest) {
    for (size_t end = 1; end < rest.length; end++) {
        HANDLE directory;
        struct acl_change change;
        struct policy_name part = {rest.units, end};
        if (rest.units[end] != '\\') {
            continue;
        }
        NTSTATUS status = object_open_below(root->handle, part, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &directory);
        if (NT_SUCCESS(status)) {
            /* Another run may protect that one too. */
            status = acl_is_protected(directory, true, root->sid)
                         ? STATUS_SUCCESS
                         : acl_stamp(directory, true, root->sid, low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &change);
            NtClose(directory);
        }
        if (!NT_SUCCESS(status)) {
            msg_error("a directory above a protected path in %ls cannot be stamped: %ls", root->dos_path,
                      msg_status_text(status));
            return false;
        }
    }
    return true;
}

/* Each run holds a file of the state open for each path that it protects; the file says the path. Under the lock. */
static bool claim_file(const struct protected_path *path, wchar_t *file) {
    wchar_t name[64];
    DWORD serial = 0;
    GetVolumeInformationByHandleW(path->handle, NULL, 0, &serial, NULL, NULL, NULL, 0);
    (void)swprintf(name, 64, L"protect-%08lx-%016llx.lock", (unsigned long)serial, (unsigned long long)path->file_id);
    return state_path(name, file, MAX_PATH + 64);
}

/* NULL with the error in GetLastError(). */
static HANDLE open_claim(const struct protected_path *path) {
    wchar_t file[MAX_PATH + 64];
    if (!claim_file(path, file)) {
        return NULL;
    }
    /* One that another run holds says the same path already. */
    HANDLE new = CreateFileW(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (new != INVALID_HANDLE_VALUE) {
        DWORD bytes = (DWORD)(wcslen(path->dos_path) * sizeof(wchar_t)), written = 0;
        bool whole = WriteFile(new, path->dos_path, bytes, &written, NULL) && written == bytes;
        CloseHandle(new);
        if (!whole) {
            SetLastError(ERROR_DISK_FULL);
            return NULL;
        }
    }
    HANDLE claim = CreateFileW(file, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    return claim == INVALID_HANDLE_VALUE ? NULL : claim;
}

/* Gives up the claim of this run; the file goes with the last one. */
static void close_claim(struct protected_path *path) {
    wchar_t file[MAX_PATH + 64];
    CloseHandle(path->claim);
    path->claim = NULL;
    HANDLE last = claim_file(path, file)
                      ? CreateFileW(file, DELETE, 0, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL)
                      : INVALID_HANDLE_VALUE;
    if (last != INVALID_HANDLE_VALUE) {
        CloseHandle(last);
    }
}

/* Adds the path in a claim that somebody holds. False when it cannot be read: it may be any path. */
static bool read_claim(struct claims *live, const wchar_t *file) {
    HANDLE alone = CreateFileW(file, DELETE, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (alone != INVALID_HANDLE_VALUE) {
        CloseHandle(alone); /* of a run that was killed */
        return true;
    }
    size_t size;
    DWORD error;
    char *bytes = state_read(file, (size_t)65536, &size, &error);
    wchar_t *path = bytes && size ? calloc(size / sizeof(wchar_t) + 1, sizeof(wchar_t)) : NULL;
    wchar_t **paths = path ? realloc(live->paths, (live->count + 1) * sizeof(*paths)) : NULL;
    if (paths) {
        memcpy(path, bytes, size / sizeof(wchar_t) * sizeof(wchar_t));
        live->paths = paths;
        live->paths[live->count++] = path;
    } else {
        free(path);
    }
    free(bytes);
    return paths != NULL;
}

/* The claims of other runs, when this one has given up its own. Under the lock. */
static bool read_claims(struct claims *live) {
    wchar_t file[MAX_PATH + 64], directory[MAX_PATH];
    WIN32_FIND_DATAW entry;
    bool ok = state_directory(directory, MAX_PATH);
    (void)swprintf(file, MAX_PATH + 64, L"%ls\\protect-*.lock", directory);
    HANDLE find = ok ? FindFirstFileW(file, &entry) : INVALID_HANDLE_VALUE;
    bool more = find != INVALID_HANDLE_VALUE;
    while (ok && more) {
        ok = wcslen(entry.cFileName) < 60 &&
             swprintf(file, MAX_PATH + 64, L"%ls\\%ls", directory, entry.cFileName) > 0 && read_claim(live, file);
        more = FindNextFileW(find, &entry);
    }
    if (find != INVALID_HANDLE_VALUE) {
        FindClose(find);
    }
    return ok;
}

static struct protecting job_for(const struct root_set *set, size_t index, bool low, bool lift, int *root,
                                 struct policy_name *rest) {
    *root = root_set_find(set, set->protect_names[index], rest);
    return (struct protecting){
        .sid = set->roots[*root].sid, .integrity = low ? ACL_LABEL_LOW : ACL_LABEL_NONE, .lift = lift};
}

static bool protect_one(struct root_set *set, size_t index, bool low) {
    struct protected_path *path = &set->protect[index];
    struct policy_name rest;
    int root;
    struct protecting job = job_for(set, index, low, false, &root, &rest);
    HANDLE lock = state_lock(LOCK_NAME, LOCK_WAIT_MS);
    if (!lock) {
        return false;
    }
    path->claim = open_claim(path);
    if (!path->claim) {
        msg_error("%ls cannot be protected: %ls", path->dos_path, msg_win32_text(last_error()));
        CloseHandle(lock);
        return false;
    }
    bool above = stamp_above(&set->roots[root], low, rest);
    NTSTATUS status = above ? treat_tree(&job, path->handle) : STATUS_ACCESS_DENIED;
    CloseHandle(lock);
    if (!above) {
        return false;
    }
    if (!NT_SUCCESS(status)) {
        msg_error("%ls cannot be protected: %ls", path->dos_path, msg_status_text(status));
    } else if (job.failed) {
        msg_error("%ls: %u objects below it cannot be protected, the first is %ls (%ls)", path->dos_path, job.failed,
                  job.first_path[0] ? job.first_path : L"in a directory that is not listed",
                  msg_status_text(job.first_path[0] ? job.first_status : STATUS_ACCESS_DENIED));
    }
    return NT_SUCCESS(status) && !job.failed;
}

bool run_protect(struct root_set *set, bool low) {
    for (size_t i = 0; i < set->protect_count; i++) {
        if (!protect_one(set, i, low)) {
            return false;
        }
    }
    return true;
}

/* The last run that protects a path, or what it lies in, takes the entries away. */
static void lift_one(struct root_set *set, size_t index, bool low, const struct claims *live) {
    struct policy_name rest;
    int root;
    struct protecting job = job_for(set, index, low, true, &root, &rest);
    job.live = live;
    job.top = set->protect[index].dos_path;
    NTSTATUS status = treat_tree(&job, set->protect[index].handle);
    if (!NT_SUCCESS(status) || job.failed) {
        msg_warn("%ls stays protected; sbx roots clean takes the entries away", set->protect[index].dos_path);
    }
}

void run_lift_protection(struct root_set *set, bool low) {
    bool claimed[ROOT_SET_MAX_PROTECTED] = {false};
    struct claims live = {0};
    HANDLE lock = NULL;
    for (size_t i = 0; i < set->protect_count; i++) {
        /* Without a claim the run was given up before this path was changed. */
        claimed[i] = set->protect[i].claim != NULL;
        lock = claimed[i] && !lock ? state_lock(LOCK_NAME, LOCK_WAIT_MS) : lock;
        if (claimed[i]) {
            close_claim(&set->protect[i]);
        }
    }
    bool known = lock && read_claims(&live);
    for (size_t i = 0; i < set->protect_count; i++) {
        if (claimed[i] && known) {
            lift_one(set, i, low, &live);
        } else if (claimed[i]) {
            msg_warn("%ls stays protected; sbx roots clean takes the entries away", set->protect[i].dos_path);
        }
    }
    for (size_t i = 0; i < live.count; i++) {
        free(live.paths[i]);
    }
    free(live.paths);
    if (lock) {
        CloseHandle(lock);
    }
}
