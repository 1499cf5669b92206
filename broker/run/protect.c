#include "broker/run/protect.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/object/walk.h"
#include "broker/rights/acl.h"
#include "broker/state/claims.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LOCK_NAME L"protect.lock"
#define LOCK_WAIT_MS 20000

#define CLAIM L"protect"

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

/* Does another run protect `below` in the path that is lifted (NULL: that path itself) or what it lies in, or something
 * below it? */
static enum claimed claims_below(const struct protecting *job, const wchar_t *below) {
    size_t units = wcslen(job->top) + (below ? wcslen(below) : 0) + 2;
    if (!job->live->count) {
        return CLAIMED_NOT;
    }
    wchar_t *path = malloc(units * sizeof(wchar_t));
    if (!path) {
        return CLAIMED_WHOLE;
    }
    (void)swprintf(path, units, below ? L"%ls\\%ls" : L"%ls", job->top, below);
    enum claimed claimed = claims_of(job->live, path);
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
    enum claimed claimed = job->lift ? claims_below(job, entry->path) : CLAIMED_NOT;
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
    enum claimed claimed = job->lift ? claims_below(job, NULL) : CLAIMED_NOT;
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

static struct protecting job_for(const struct root_set *set, size_t index, bool low, bool lift, int *root,
                                 struct policy_name *rest) {
    *root = root_set_find(set, set->protect_names[index], rest);
    return (struct protecting){
        .sid = set->roots[*root].sid, .integrity = low ? ACL_LABEL_LOW : ACL_LABEL_NONE, .lift = lift};
}

static bool protect_one(struct root_set *set, size_t index, bool low) {
    struct held_path *path = &set->protect[index];
    struct policy_name rest;
    int root;
    struct protecting job = job_for(set, index, low, false, &root, &rest);
    HANDLE lock = state_lock(LOCK_NAME, LOCK_WAIT_MS);
    if (!lock) {
        return false;
    }
    path->claim = claim_open(CLAIM, path->handle, path->file_id, path->dos_path);
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
            claim_close(CLAIM, set->protect[i].handle, set->protect[i].file_id, set->protect[i].claim);
            set->protect[i].claim = NULL;
        }
    }
    bool known = lock && claims_read(CLAIM, &live);
    for (size_t i = 0; i < set->protect_count; i++) {
        if (claimed[i] && known) {
            lift_one(set, i, low, &live);
        } else if (claimed[i]) {
            msg_warn("%ls stays protected; sbx roots clean takes the entries away", set->protect[i].dos_path);
        }
    }
    claims_free(&live);
    if (lock) {
        CloseHandle(lock);
    }
}
