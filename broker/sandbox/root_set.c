#include "broker/sandbox/root_set.h"

#include "broker/object/path.h"

#include <stdlib.h>
#include <string.h>

int root_set_find(const struct root_set *set, struct policy_name name, struct policy_name *rest) {
    return policy_innermost(name, set->root_names, set->root_count, object_fold, rest);
}

wchar_t *root_set_dos_path(const struct root_set *set, struct policy_name name, size_t *root) {
    struct policy_name rest;
    int found = root_set_find(set, name, &rest);
    if (found < 0) {
        return NULL;
    }
    const wchar_t *top = set->roots[found].dos_path;
    size_t units = wcslen(top);
    wchar_t *path = malloc((units + rest.length + 2) * sizeof(*path));
    *root = (size_t)found;
    if (!path) {
        return NULL;
    }
    memcpy(path, top, units * sizeof(*path));
    if (rest.length && top[units - 1] != L'\\') {
        path[units++] = L'\\';
    }
    memcpy(path + units, rest.units, rest.length * sizeof(*path));
    path[units + rest.length] = 0;
    return path;
}

bool root_set_may_move(const struct root_set *set, size_t from, size_t to) {
    size_t plain = 0;
    for (size_t i = 0; i < set->root_count; i++) {
        plain += !set->roots[i].temp;
    }
    return from == to || plain < 2 || set->roots[from].temp;
}

bool root_set_holds_path(const struct root_set *set, const wchar_t *path) {
    for (size_t i = 0; i < set->root_count; i++) {
        if (path_below(path, set->roots[i].dos_path)) {
            return true;
        }
    }
    return false;
}
