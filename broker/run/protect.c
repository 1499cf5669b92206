#include "broker/run/protect.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/walk.h"
#include "broker/rights/acl.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <wchar.h>

#define LOCK_NAME L"protect.lock"
#define LOCK_WAIT_MS 20000

struct protecting {
    PSID sid;
    enum acl_integrity integrity;
    bool lift;
    unsigned failed;
    NTSTATUS first_status;
    wchar_t first_path[MAX_PATH];
};

static NTSTATUS treat(const struct protecting *job, HANDLE object, bool directory) {
    bool changed;
    return job->lift ? acl_unprotect(object, job->sid, &changed)
                     : acl_protect(object, directory, job->sid, job->integrity, &changed);
}

static enum walk_next visit(void *context, const struct walk_entry *entry) {
    struct protecting *job = context;
    HANDLE object;
    if (entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT) {
        return WALK_SKIP;
    }
    NTSTATUS status = walk_open(entry, ACL_STAMP_ACCESS, FILE_COMPLETE_IF_OPLOCKED, &object);
    if (NT_SUCCESS(status)) {
        status = treat(job, object, (entry->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
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
    NTSTATUS status = object_query_facts(held, &facts);
    if (NT_SUCCESS(status)) {
        status = object_reopen(held, ACL_STAMP_ACCESS, 0, &handle);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = treat(job, handle, facts.directory);
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
static void stamp_above(const struct root *root, bool low, struct policy_name rest) {
    for (size_t end = 1; end < rest.length; end++) {
        HANDLE directory;
        bool changed;
        struct policy_name part = {rest.units, end};
        if (rest.units[end] != '\\' ||
            !NT_SUCCESS(object_open_below(root->handle, part, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &directory))) {
            continue;
        }
        if (!NT_SUCCESS(acl_stamp(directory, true, root->sid, low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &changed))) {
            msg_warn(L"a directory above a protected path in %ls cannot be stamped", root->dos_path);
        }
        NtClose(directory);
    }
}

/* Runs that protect the same path at once each hold a file of the state open. Under the lock. NULL with the error in
 * GetLastError(). */
static HANDLE open_claim(const struct protected_path *path, bool alone) {
    wchar_t name[64], file[MAX_PATH + 64];
    DWORD serial = 0;
    GetVolumeInformationByHandleW(path->handle, NULL, 0, &serial, NULL, NULL, NULL, 0);
    (void)swprintf(name, 64, L"protect-%08lx-%016llx.lock", (unsigned long)serial, (unsigned long long)path->file_id);
    if (!state_path(name, file, MAX_PATH + 64)) {
        return NULL;
    }
    HANDLE claim = CreateFileW(file, GENERIC_READ | (alone ? DELETE : 0), alone ? 0 : FILE_SHARE_READ, NULL,
                               alone ? OPEN_EXISTING : OPEN_ALWAYS, alone ? FILE_FLAG_DELETE_ON_CLOSE : 0, NULL);
    return claim == INVALID_HANDLE_VALUE ? NULL : claim;
}

/* Gives up the claim of this run. Does another run still protect the path? */
static bool others_protect(struct protected_path *path) {
    CloseHandle(path->claim);
    path->claim = NULL;
    HANDLE last = open_claim(path, true);
    if (last) {
        CloseHandle(last);
        return false;
    }
    return GetLastError() == ERROR_SHARING_VIOLATION;
}

static struct protecting job_for(const struct root_set *set, size_t index, bool low, bool lift, int *root,
                                 struct policy_name *rest) {
    *root = policy_innermost(set->protect_names[index], set->root_names, set->root_count, object_fold, rest);
    return (struct protecting){
        .sid = set->roots[*root].sid, .integrity = low ? ACL_LABEL_LOW : ACL_LABEL_NONE, .lift = lift};
}

static bool protect_one(struct root_set *set, size_t index, bool low) {
    struct protected_path *path = &set->protect[index];
    struct policy_name rest;
    int root;
    struct protecting job = job_for(set, index, low, false, &root, &rest);
    HANDLE lock = state_lock(LOCK_NAME, LOCK_WAIT_MS);
    path->claim = lock ? open_claim(path, false) : NULL;
    if (!path->claim) {
        msg_error(L"%ls cannot be protected: %ls", path->dos_path, msg_win32_text(GetLastError()));
        if (lock) {
            CloseHandle(lock);
        }
        return false;
    }
    stamp_above(&set->roots[root], low, rest);
    NTSTATUS status = treat_tree(&job, path->handle);
    CloseHandle(lock);
    if (!NT_SUCCESS(status)) {
        msg_error(L"%ls cannot be protected: %ls", path->dos_path, msg_status_text(status));
    } else if (job.failed) {
        msg_warn(L"%ls: %u objects below it cannot be protected against plain writes, the first is %ls (%ls)",
                 path->dos_path, job.failed, job.first_path[0] ? job.first_path : L"in a directory that is not listed",
                 msg_status_text(job.first_path[0] ? job.first_status : STATUS_ACCESS_DENIED));
    }
    return NT_SUCCESS(status);
}

bool run_protect(struct root_set *set, bool low) {
    for (size_t i = 0; i < set->protect_count; i++) {
        if (!protect_one(set, i, low)) {
            return false;
        }
    }
    return true;
}

void run_lift_protection(struct root_set *set, bool low) {
    HANDLE lock = NULL;
    for (size_t i = 0; i < set->protect_count; i++) {
        struct policy_name rest;
        int root;
        struct protecting job = job_for(set, i, low, true, &root, &rest);
        if (!set->protect[i].claim) {
            continue; /* the run was given up before this path was changed */
        }
        lock = lock ? lock : state_lock(LOCK_NAME, LOCK_WAIT_MS);
        if (others_protect(&set->protect[i])) {
            continue; /* the last run takes the entries away */
        }
        NTSTATUS status = treat_tree(&job, set->protect[i].handle);
        if (!NT_SUCCESS(status) || job.failed) {
            msg_warn(L"%ls stays protected; sbx roots clean takes the entries away", set->protect[i].dos_path);
        }
    }
    if (lock) {
        CloseHandle(lock);
    }
}
