#include "broker/sandbox/root_set.h"

#include "broker/object/path.h"

#include <stdlib.h>
#include <string.h>

int root_set_find(const struct root_set *set, struct policy_name name, struct policy_name *rest) {
    return policy_innermost(name, set->root_names, set->root_count, object_fold, rest);
}

wchar_t *root_set_path_text(const wchar_t *top, struct policy_name rest) {
    size_t units = wcslen(top);
    wchar_t *path = malloc((units + rest.length + 2) * sizeof(*path));
    if (!path) {
        return NULL;
    }
    memcpy(path, top, units * sizeof(*path));
    if (units && rest.length && top[units - 1] != L'\\') {
        path[units++] = L'\\';
    }
    for (size_t i = 0; i < rest.length; i++) {
        path[units++] = rest.units[i] ? (wchar_t)rest.units[i] : 0xFFFD;
    }
    path[units] = 0;
    return path;
}

wchar_t *root_set_dos_path(const struct root_set *set, struct policy_name name, size_t *root) {
    struct policy_name rest;
    int found = root_set_find(set, name, &rest);
    if (found < 0) {
        return NULL;
    }
    *root = (size_t)found;
    return root_set_path_text(set->roots[found].dos_path, rest);
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

bool root_set_hides(const struct root_set *set, struct policy_name name) {
    static const struct policy_name prefix = {(const uint16_t *)L"\\??", 3};
    struct policy_name path, rest;
    if (!policy_under(name, prefix, object_fold, &path)) {
        return false;
    }
    for (size_t i = 0; i < set->hidden_count; i++) {
        const wchar_t *hidden = path_plain(set->hidden[i].dos_path);
        struct policy_name top = {(const uint16_t *)hidden, wcslen(hidden)};
        if (policy_under(path, top, object_fold, &rest)) {
            return true;
        }
    }
    return false;
}
