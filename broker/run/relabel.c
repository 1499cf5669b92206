#include "broker/run/relabel.h"

#include "broker/base/msg.h"
#include "broker/sandbox/low_list.h"
#include "broker/state/root_tree.h"

#include <stdlib.h>

/* A path on the list was chosen by the program, so it is a name like any other: opened below the root, and judged by
 * the kernel's name. */
static void relabel_file(const struct sandbox *sandbox, const struct low_entry *entry, struct object_name *name) {
    const struct root *root = &sandbox->set->roots[entry->root];
    struct policy_name relative = {(const uint16_t *)entry->path, wcslen(entry->path)}, directory, leaf, rest;
    struct object_facts facts;
    struct acl_change change = {0};
    bool left = false;
    HANDLE file;
    if (policy_split(relative, &directory, &leaf) != POLICY_ALLOWED ||
        !NT_SUCCESS(object_open_below(root->handle, relative, ACL_STAMP_ACCESS | FILE_READ_DATA,
                                      FILE_NON_DIRECTORY_FILE, &file))) {
        return;
    }
    if (NT_SUCCESS(object_query_facts(file, &facts)) && !facts.reparse_point &&
        NT_SUCCESS(object_query_name(file, name)) && root_set_find(sandbox->set, name->name, &rest) >= 0 &&
        (!NT_SUCCESS(tree_relabel_file(file, (const wchar_t *)leaf.units, &left, &change)) || left ||
         change.label_refused)) {
        msg_warn("%ls\\%ls stays at Low integrity; sbx roots relabel tries again", root->dos_path, entry->path);
    }
    NtClose(file);
}

/* `path` is spelled as it was when the program moved or used it; what is there now is looked at only if it still is
 * that. */
static void relabel_tree(const wchar_t *path, LONGLONG since) {
    struct tree_count count = {0};
    NTSTATUS status = tree_relabel(path, since, &count);
    if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_REPARSE_POINT_ENCOUNTERED) {
        msg_warn("%ls: executables made in the run may be left at Low integrity; run sbx roots relabel", path);
    }
}

void run_relabel(const struct sandbox *sandbox, LONGLONG since) {
    struct object_name *name = malloc(sizeof(*name));
    size_t count = 0;
    const struct low_entry *entries = low_list_entries(sandbox->low_list, &count);
    for (size_t i = 0; i < sandbox->set->root_count; i++) {
        if (!sandbox->set->roots[i].temp && low_list_has_root(sandbox->low_list, i)) {
            relabel_tree(sandbox->set->roots[i].dos_path, since);
        }
    }
    for (size_t i = 0; name && i < count; i++) {
        const struct low_entry *entry = &entries[i];
        const struct root *root = &sandbox->set->roots[entry->root];
        struct policy_name path = {(const uint16_t *)entry->path, wcslen(entry->path)};
        wchar_t *whole = NULL;
        if (root->temp || low_list_has_root(sandbox->low_list, entry->root)) {
            continue;
        }
        if (entry->tree) {
            whole = root_set_path_text(root->dos_path, path);
        } else {
            relabel_file(sandbox, entry, name);
        }
        if (whole) {
            relabel_tree(whole, since);
        }
        free(whole);
    }
    free(name);
}
