#include "broker/sandbox/low_list.h"

#include "broker/sandbox/executable.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 4096u
#define MAX_TREES 64u               /* of them: a program that moves directories all day adds to nothing */
#define MAX_UNITS ((size_t)4 << 20) /* of all paths together: one path may have 32,767 */
/* A program that is written in portions is noted many times, one after the other. */
#define LOOK_BACK 8u

struct low_list {
    SRWLOCK lock;
    bool whole[ROOT_SET_MAX_ROOTS];
    struct low_entry entries[MAX_ENTRIES];
    size_t count, units, trees;
};

struct low_list *low_list_new(void) {
    return calloc(1, sizeof(struct low_list));
}

void low_list_free(struct low_list *list) {
    for (size_t i = 0; list && i < list->count; i++) {
        free(list->entries[i].path);
    }
    free(list);
}

/* With the lock held. */
static bool is_known(const struct low_list *list, size_t root, const wchar_t *path, bool tree) {
    for (size_t i = list->count; i > 0 && list->count - i < LOOK_BACK; i--) {
        const struct low_entry *entry = &list->entries[i - 1];
        if (entry->root == root && entry->tree == tree && !wcscmp(entry->path, path)) {
            return true;
        }
    }
    return false;
}

void low_list_add(struct low_list *list, size_t root, struct policy_name path, bool tree) {
    if (!list || !path.length || (!tree && !executable_name((const wchar_t *)path.units, path.length))) {
        return;
    }
    wchar_t *copy = malloc((path.length + 1) * sizeof(wchar_t));
    if (copy) {
        memcpy(copy, path.units, path.length * sizeof(wchar_t));
        copy[path.length] = 0;
    }
    AcquireSRWLockExclusive(&list->lock);
    bool full = !copy || list->count == MAX_ENTRIES || list->units + path.length > MAX_UNITS ||
                (tree && list->trees == MAX_TREES);
    if (full) {
        list->whole[root] = true;
    } else if (!list->whole[root] && !is_known(list, root, copy, tree)) {
        list->trees += tree;
        list->entries[list->count++] = (struct low_entry){root, tree, copy};
        list->units += path.length;
        copy = NULL;
    }
    ReleaseSRWLockExclusive(&list->lock);
    free(copy);
}

void low_list_note(struct low_list *list, const struct root_set *set, struct policy_name name, bool tree) {
    struct policy_name rest;
    int root = list ? root_set_find(set, name, &rest) : -1;
    if (root >= 0) {
        low_list_add(list, (size_t)root, rest, tree);
    }
}

void low_list_add_root(struct low_list *list, size_t root) {
    AcquireSRWLockExclusive(&list->lock);
    list->whole[root] = true;
    ReleaseSRWLockExclusive(&list->lock);
}

bool low_list_has_root(const struct low_list *list, size_t root) { return list->whole[root]; }

const struct low_entry *low_list_entries(const struct low_list *list, size_t *count) {
    *count = list->count;
    return list->entries;
}
