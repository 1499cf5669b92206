#include "broker/run/stamp.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/state/root_map.h"
#include "broker/state/root_tree.h"

#include <sddl.h>
#include <stdlib.h>

/* The command with which somebody who may change the DACL makes the root usable. */
static void say_unstamped(const struct run_settings *settings, const struct root *root) {
    wchar_t *sid = NULL;
    if (!ConvertSidToStringSidW(root->sid, &sid)) {
        sid = NULL;
    }
    if (settings->broker) {
        msg_warn("%ls: its access control list may not be changed; writes go through the broker", root->dos_path);
    } else {
        msg_warn("%ls: its access control list may not be changed; an administrator can run: icacls \"%ls\" /grant "
                 "\"*%ls:(OI)(CI)(RX,W)\"",
                 root->dos_path, root->dos_path, sid ? sid : L"SID");
    }
    LocalFree(sid);
}

static enum acl_integrity wanted_label(const struct run_settings *settings) {
    if (!settings->low) {
        return ACL_LABEL_NONE;
    }
    return settings->require_integrity ? ACL_LABEL_REQUIRED : ACL_LABEL_LOW;
}

/* An administrator may have given the entries to a root whose DACL the user cannot change. */
static bool is_stamped_already(const struct run_settings *settings, const struct root *root) {
    HANDLE handle;
    struct acl_state state = {0};
    if (!NT_SUCCESS(object_reopen(root->handle, READ_CONTROL, FILE_DIRECTORY_FILE, &handle))) {
        return false;
    }
    NTSTATUS status = acl_query(handle, true, root->sid, &state);
    NtClose(handle);
    return NT_SUCCESS(status) && state.allow && (state.low || !settings->low);
}

static bool stamp_root(const struct run_settings *settings, struct root *root) {
    HANDLE handle;
    struct acl_change change = {0};
    NTSTATUS status = object_reopen(root->handle, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &handle);
    if (NT_SUCCESS(status)) {
        status = acl_stamp(handle, true, root->sid, wanted_label(settings), &change);
        NtClose(handle);
    }
    if (change.label_refused && settings->require_integrity) {
        msg_error("%ls: the Low label may not be set; leave out --require-integrity or use --integrity medium",
                  root->dos_path);
        return false;
    }
    root->stamped = NT_SUCCESS(status) || is_stamped_already(settings, root);
    if (!root->stamped) {
        say_unstamped(settings, root);
    }
    if (change.label_refused) {
        msg_warn("%ls: the Low label may not be set; the program can write there through the broker only",
                 root->dos_path);
    }
    return true;
}

static bool give_sid(PSID run_sid, struct root *root, bool first) {
    if (!root->temp) {
        return roots_sid_for(root->dos_path, first ? ROOT_WORKSPACE : ROOT_ADDED, &root->sid);
    }
    root->sid = sid_copy(run_sid);
    return root->sid != NULL;
}

/* --stamp all: older files get the entries now instead of when they are first written. */
static bool stamp_tree(const struct run_settings *settings, const struct root *root) {
    struct tree_count count = {0};
    NTSTATUS status = tree_stamp(root->dos_path, root->sid, settings->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &count);
    if (status == STATUS_CANCELLED) {
        msg_error("%ls: stopped after %llu objects; the same command goes on from there", root->dos_path, count.seen);
        return false;
    }
    if (!NT_SUCCESS(status)) {
        msg_error("%ls cannot be walked: %ls", root->dos_path, msg_status_text(status));
        return false;
    }
    tree_report(root->dos_path, &count);
    return true;
}

/* Without the broker a root that carries no entries is one that the program cannot write to. */
static bool is_of_use(const struct run_settings *settings, const struct root_set *set) {
    bool stamped = settings->broker || !settings->root_count;
    for (size_t i = 0; i < set->root_count; i++) {
        stamped = stamped || (!set->roots[i].temp && set->roots[i].stamped);
    }
    if (!stamped) {
        msg_error("no writable root could be written to; nothing was started. Use --broker, or let an administrator "
                  "run the command above");
    }
    return stamped;
}

bool run_stamp_roots(const struct run_settings *settings, PSID run_sid, struct root_set *set) {
    for (size_t i = 0; i < set->root_count; i++) {
        struct root *root = &set->roots[i];
        if (!give_sid(run_sid, root, i == 0) || !stamp_root(settings, root) ||
            (settings->stamp_all && !root->temp && !stamp_tree(settings, root))) {
            return false;
        }
    }
    return is_of_use(settings, set);
}
