/* Our entries on the roots and protected paths of a run, after all of them were found to be good. */
#include "acl.h"
#include "msg.h"
#include "object.h"
#include "roots.h"
#include "roots_tree.h"
#include "run.h"

#include <sddl.h>
#include <stdlib.h>

/* The command with which somebody who may change the DACL makes the root usable. */
static void say_unstamped(const struct run_settings *settings, const struct sandbox_root *root) {
    wchar_t *sid = NULL;
    if (!ConvertSidToStringSidW(root->sid, &sid)) {
        sid = NULL;
    }
    if (settings->broker) {
        msg_warn(L"%ls: its access control list may not be changed; writes go through the broker", root->dos_path);
    } else {
        msg_warn(L"%ls: its access control list may not be changed; an administrator can run: icacls \"%ls\" /grant "
                 L"\"*%ls:(OI)(CI)(RX,W)\"",
                 root->dos_path, root->dos_path, sid ? sid : L"SID");
    }
    LocalFree(sid);
}

static bool stamp_root(const struct run_settings *settings, struct sandbox *sandbox, struct sandbox_root *root) {
    HANDLE handle;
    bool changed;
    NTSTATUS status = object_reopen(root->handle, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &handle);
    if (NT_SUCCESS(status)) {
        status = acl_stamp(handle, true, root->sid, sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &changed);
        NtClose(handle);
    }
    root->stamped = NT_SUCCESS(status);
    if (!root->stamped) {
        say_unstamped(settings, root);
    }
    if (status == ACL_LABEL_REFUSED) {
        if (settings->require_integrity) {
            msg_error(L"%ls: the Low label may not be set; leave out --require-integrity or use --integrity medium",
                      root->dos_path);
            return false;
        }
        msg_warn(L"%ls: the Low label may not be set; the program can write there through the broker only",
                 root->dos_path);
    }
    return true;
}

static bool give_sid(struct sandbox *sandbox, size_t index) {
    struct sandbox_root *root = &sandbox->roots[index];
    if (!root->temp) {
        return roots_sid_for(root->dos_path, index ? ROOT_ADDED : ROOT_WORKSPACE, &root->sid);
    }
    DWORD size = GetLengthSid(sandbox->run_sid);
    root->sid = LocalAlloc(LMEM_FIXED, size);
    return root->sid && CopySid(size, root->sid, sandbox->run_sid);
}

/* --stamp all: older files get the entries now instead of when they are first written. */
static bool stamp_tree(const struct sandbox *sandbox, const struct sandbox_root *root) {
    struct tree_count count = {0};
    NTSTATUS status = tree_stamp(root->dos_path, root->sid, sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &count);
    if (!NT_SUCCESS(status)) {
        msg_error(L"%ls cannot be gone through: %ls", root->dos_path, msg_status_text(status));
        return false;
    }
    tree_report(root->dos_path, &count);
    return true;
}

/* The directories from the root down to a protected path must not be deletable natively, or the path would go with
 * them: each gets the root's entries, the deny of FILE_DELETE_CHILD above all. */
static void stamp_above(const struct sandbox *sandbox, const struct sandbox_root *root, struct policy_name rest) {
    for (size_t end = 1; end < rest.length; end++) {
        HANDLE directory;
        bool changed;
        struct policy_name part = {rest.units, end};
        if (rest.units[end] != '\\' ||
            !NT_SUCCESS(object_open_below(root->handle, part, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &directory))) {
            continue;
        }
        if (!NT_SUCCESS(
                acl_stamp(directory, true, root->sid, sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &changed))) {
            msg_warn(L"a directory above a protected path in %ls cannot be stamped", root->dos_path);
        }
        NtClose(directory);
    }
}

static bool protect(const struct sandbox *sandbox, size_t index) {
    const struct sandbox_protect *path = &sandbox->protect[index];
    struct policy_name rest;
    struct object_facts facts;
    HANDLE handle;
    bool changed;
    int root =
        policy_innermost(sandbox->protect_names[index], sandbox->root_names, sandbox->root_count, object_fold, &rest);
    stamp_above(sandbox, &sandbox->roots[root], rest);
    NTSTATUS status = object_query_facts(path->handle, &facts);
    if (NT_SUCCESS(status)) {
        status = object_reopen(path->handle, ACL_STAMP_ACCESS, 0, &handle);
    }
    if (NT_SUCCESS(status)) {
        status = acl_protect(handle, facts.directory, sandbox->roots[root].sid,
                             sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &changed);
        NtClose(handle);
    }
    if (!NT_SUCCESS(status)) {
        msg_error(L"%ls cannot be protected: %ls", path->dos_path, msg_status_text(status));
    }
    return NT_SUCCESS(status);
}

bool run_stamp_roots(const struct run_settings *settings, struct sandbox *sandbox) {
    for (size_t i = 0; i < sandbox->root_count; i++) {
        if (!give_sid(sandbox, i) || !stamp_root(settings, sandbox, &sandbox->roots[i]) ||
            (settings->stamp_all && !sandbox->roots[i].temp && !stamp_tree(sandbox, &sandbox->roots[i]))) {
            return false;
        }
    }
    for (size_t i = 0; i < sandbox->protect_count; i++) {
        if (!protect(sandbox, i)) {
            return false;
        }
    }
    return true;
}

void run_lift_protection(struct sandbox *sandbox) {
    for (size_t i = 0; i < sandbox->protect_count; i++) {
        struct policy_name rest;
        HANDLE handle;
        bool changed;
        int root =
            policy_innermost(sandbox->protect_names[i], sandbox->root_names, sandbox->root_count, object_fold, &rest);
        NTSTATUS status = object_reopen(sandbox->protect[i].handle, ACL_STAMP_ACCESS, 0, &handle);
        if (NT_SUCCESS(status)) {
            status = acl_unprotect(handle, sandbox->roots[root].sid, &changed);
            NtClose(handle);
        }
        if (!NT_SUCCESS(status)) {
            msg_warn(L"%ls stays protected; sbx roots clean takes the entry away", sandbox->protect[i].dos_path);
        }
    }
}
