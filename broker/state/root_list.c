#include "broker/state/root_list.h"

#include "broker/base/msg.h"
#include "broker/object/path.h"
#include "broker/rights/sid.h"
#include "broker/state/root_map.h"

#include <stdlib.h>
#include <wchar.h>

static bool add(void *context, const wchar_t *path, PSID sid) {
    struct roots_list *list = context;
    wchar_t **paths = realloc(list->paths, (list->count + 1) * sizeof(*paths));
    if (!paths) {
        return false;
    }
    list->paths = paths;
    PSID *sids = realloc(list->sids, (list->count + 1) * sizeof(*sids));
    if (!sids) {
        return false;
    }
    list->sids = sids;
    DWORD size = GetLengthSid(sid);
    PSID sid_copy = malloc(size);
    wchar_t *path_copy = _wcsdup(path);
    if (!sid_copy || !path_copy || !CopySid(size, sid_copy, sid)) {
        free(sid_copy);
        free(path_copy);
        return false;
    }
    list->paths[list->count] = path_copy;
    list->sids[list->count++] = sid_copy;
    return true;
}

bool roots_list_load(struct roots_list *list) {
    *list = (struct roots_list){0};
    return roots_each(add, list);
}

void roots_list_free(struct roots_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
        free(list->sids[i]);
    }
    free(list->paths);
    free(list->sids);
    *list = (struct roots_list){0};
}

int roots_list_find(const struct roots_list *list, const wchar_t *path) {
    int best = -1;
    for (size_t i = 0; i < list->count; i++) {
        if (path_below(path, list->paths[i]) && (best < 0 || wcslen(list->paths[i]) > wcslen(list->paths[best]))) {
            best = (int)i;
        }
    }
    return best;
}

enum root_health roots_list_check(const struct roots_list *list, size_t index, struct acl_state *state) {
    wchar_t *final;
    DWORD error;
    *state = (struct acl_state){0};
    HANDLE directory = path_open(list->paths[index], READ_CONTROL, &final, &error);
    if (!directory) {
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND ? ROOT_GONE : ROOT_UNREADABLE;
    }
    enum root_health health = ROOT_UNREADABLE;
    if (!path_has_acls(directory)) {
        health = ROOT_NO_ACLS;
    } else if (NT_SUCCESS(acl_query(directory, true, list->sids[index], state))) {
        health = state->no_dacl ? ROOT_NO_DACL : state->allow && state->deny ? ROOT_OK : ROOT_INCOMPLETE;
    }
    CloseHandle(directory);
    free(final);
    return health;
}

const wchar_t *roots_health_text(enum root_health health, const struct acl_state *state) {
    switch (health) {
    case ROOT_OK: return state->low ? L"stamped, Low" : L"stamped";
    case ROOT_INCOMPLETE:
        return !state->allow && !state->deny ? L"not stamped"
               : state->allow                ? L"deny entry missing"
                                             : L"allow entry missing";
    case ROOT_NO_DACL: return L"no DACL: everybody may do everything there";
    case ROOT_NO_ACLS: return L"filesystem without access control";
    case ROOT_GONE: return L"gone";
    default: return L"cannot be read";
    }
}
