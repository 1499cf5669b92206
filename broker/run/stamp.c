/* Our entries on the roots and protected paths of a run, after all of them were found to be good. */
#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/rights/acl.h"
#include "broker/run/run.h"
#include "broker/state/root_map.h"
#include "broker/state/root_tree.h"

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

static enum acl_integrity wanted_label(const struct run_settings *settings, const struct sandbox *sandbox) {
    if (!sandbox->low) {
        return ACL_LABEL_NONE;
    }
    return settings->require_integrity ? ACL_LABEL_REQUIRED : ACL_LABEL_LOW;
}

/* An administrator may have given the entries to a root whose DACL the user cannot change. */
static bool is_stamped_already(const struct sandbox *sandbox, const struct sandbox_root *root) {
    HANDLE handle;
    struct acl_state state = {0};
    if (!NT_SUCCESS(object_reopen(root->handle, READ_CONTROL, FILE_DIRECTORY_FILE, &handle))) {
        return false;
    }
    NTSTATUS status = acl_query(handle, true, root->sid, &state);
    NtClose(handle);
    return NT_SUCCESS(status) && state.allow && (state.low || !sandbox->low);
}

static bool stamp_root(const struct run_settings *settings, struct sandbox *sandbox, struct sandbox_root *root) {
    HANDLE handle;
    bool changed;
    NTSTATUS status = object_reopen(root->handle, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &handle);
    if (NT_SUCCESS(status)) {
        status = acl_stamp(handle, true, root->sid, wanted_label(settings, sandbox), &changed);
        NtClose(handle);
    }
    root->stamped = NT_SUCCESS(status) || is_stamped_already(sandbox, root);
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
    if (status == STATUS_CANCELLED) {
        msg_error(L"%ls: stopped after %llu objects; the same command goes on from there", root->dos_path, count.seen);
        return false;
    }
    if (!NT_SUCCESS(status)) {
        msg_error(L"%ls cannot be gone through: %ls", root->dos_path, msg_status_text(status));
        return false;
    }
    tree_report(root->dos_path, &count);
    return true;
}

/* Without the broker a root that carries no entries is one that the program cannot write to. */
static bool is_of_use(const struct run_settings *settings, const struct sandbox *sandbox) {
    bool stamped = settings->broker || !settings->root_count;
    for (size_t i = 0; i < sandbox->root_count; i++) {
        stamped = stamped || (!sandbox->roots[i].temp && sandbox->roots[i].stamped);
    }
    if (!stamped) {
        msg_error(L"no writable root could be written to; nothing was started. Use --broker, or let an administrator "
                  L"run the command above");
    }
    return stamped;
}

bool run_stamp_roots(const struct run_settings *settings, struct sandbox *sandbox) {
    for (size_t i = 0; i < sandbox->root_count; i++) {
        if (!give_sid(sandbox, i) || !stamp_root(settings, sandbox, &sandbox->roots[i]) ||
            (settings->stamp_all && !sandbox->roots[i].temp && !stamp_tree(sandbox, &sandbox->roots[i]))) {
            return false;
        }
    }
    if (!is_of_use(settings, sandbox)) {
        return false;
    }
    for (size_t i = 0; i < sandbox->protect_count; i++) {
        if (!run_protect(sandbox, i)) {
            return false;
        }
    }
    return true;
}
