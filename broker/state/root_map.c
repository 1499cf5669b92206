#include "broker/state/root_map.h"

#include "broker/base/msg.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/state/state.h"

#include <jansson.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define MAP_NAME L"cap_sid.json"
#define LOCK_NAME L"cap_sid.lock"
#define LOCK_WAIT_MS 20000
#define MAP_LIMIT (16u << 20)
#define MAP_VERSION 1
#define PATH_UNITS (MAX_PATH + 64)

static const char *const map_keys[] = {"workspace_by_cwd", "writable_root_by_path"};
#define MAP_COUNT (sizeof(map_keys) / sizeof(map_keys[0]))

enum load_result { LOAD_OK, LOAD_MISSING, LOAD_DAMAGED, LOAD_FAILED };

/* The SID in a JSON value, LocalAlloc'ed; NULL for anything that sbx did not put there. */
static PSID sid_of(const json_t *value) {
    PSID sid = NULL;
    wchar_t *text = json_is_string(value) ? msg_utf16(json_string_value(value)) : NULL;
    if (text && ConvertStringSidToSidW(text, &sid) && !sid_is_ours(sid)) {
        LocalFree(sid);
        sid = NULL;
    }
    free(text);
    return sid;
}

static bool is_sid(const json_t *value) {
    PSID sid = sid_of(value);
    LocalFree(sid);
    return sid != NULL;
}

static bool map_is_sound(const json_t *map) {
    const char *key;
    json_t *value;
    for (size_t i = 0; i < MAP_COUNT; i++) {
        json_t *paths = json_object_get(map, map_keys[i]);
        if (!paths) {
            continue;
        }
        if (!json_is_object(paths)) {
            return false;
        }
        json_object_foreach(paths, key, value) {
            if (!is_sid(value)) {
                return false;
            }
        }
    }
    const json_t *workspace = json_object_get(map, "workspace");
    return !workspace || is_sid(workspace);
}

static enum load_result parse(const char *bytes, size_t size, json_t **map) {
    json_error_t error;
    *map = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    const json_t *version = json_object_get(*map, "version");
    enum load_result result = LOAD_DAMAGED;
    if (json_is_integer(version) && json_integer_value(version) > MAP_VERSION) {
        msg_error("the list of roots was written by a later version of sbx");
        result = LOAD_FAILED;
    } else if (json_is_integer(version) && json_integer_value(version) == MAP_VERSION && map_is_sound(*map)) {
        return LOAD_OK;
    }
    json_decref(*map);
    *map = NULL;
    return result;
}

static enum load_result load(const wchar_t *path, json_t **map) {
    size_t size;
    DWORD error;
    *map = NULL;
    char *bytes = state_read(path, MAP_LIMIT, &size, &error);
    if (!bytes) {
        if (error == ERROR_FILE_NOT_FOUND) {
            return LOAD_MISSING;
        }
        if (error == ERROR_FILE_TOO_LARGE) {
            return LOAD_DAMAGED;
        }
        msg_error("cannot read %ls: %ls", path, msg_win32_text(error));
        return LOAD_FAILED;
    }
    enum load_result result = parse(bytes, size, map);
    free(bytes);
    return result;
}

/* Nothing is thrown away: what is in a damaged file may still be of use to a person. */
static bool set_aside(const wchar_t *path) {
    wchar_t aside[PATH_UNITS + 40];
    SYSTEMTIME now;
    GetSystemTime(&now);
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        _snwprintf(aside, PATH_UNITS + 39, L"%ls.broken-%04u%02u%02u-%02u%02u%02u%ls%.0u", path, now.wYear, now.wMonth,
                   now.wDay, now.wHour, now.wMinute, now.wSecond, attempt ? L"-" : L"", attempt);
        aside[PATH_UNITS + 39] = 0;
        if (MoveFileExW(path, aside, 0)) {
            msg_warn("the list of roots was damaged: it is set aside as %ls and a new one is begun", aside);
            return true;
        }
        if (GetLastError() != ERROR_ALREADY_EXISTS && GetLastError() != ERROR_FILE_EXISTS) {
            break;
        }
    }
    msg_error("the list of roots in %ls is damaged and cannot be set aside: %ls", path, msg_win32_text(GetLastError()));
    return false;
}

static json_t *new_sid_value(void) {
    PSID sid = sid_new();
    wchar_t *text = NULL;
    json_t *value = NULL;
    if (sid && ConvertSidToStringSidW(sid, &text)) {
        char *bytes = msg_utf8(text);
        value = bytes ? json_string(bytes) : NULL;
        free(bytes);
    }
    LocalFree(text);
    LocalFree(sid);
    return value;
}

/* A map with every member there. `map` may be NULL. Under the lock. */
static json_t *complete(json_t *map) {
    if (!map) {
        map = json_object();
    }
    bool ok = map && !json_object_set_new(map, "version", json_integer(MAP_VERSION));
    if (ok && !json_object_get(map, "workspace")) {
        ok = !json_object_set_new(map, "workspace", new_sid_value());
    }
    for (size_t i = 0; ok && i < MAP_COUNT; i++) {
        if (!json_object_get(map, map_keys[i])) {
            ok = !json_object_set_new(map, map_keys[i], json_object());
        }
    }
    if (!ok) {
        json_decref(map);
        map = NULL;
    }
    return map;
}

static json_t *load_locked(const wchar_t *path) {
    json_t *map;
    enum load_result result = load(path, &map);
    if (result == LOAD_FAILED || (result == LOAD_DAMAGED && !set_aside(path))) {
        return NULL;
    }
    map = complete(map);
    if (!map) {
        msg_error("out of memory");
    }
    return map;
}

static bool save(const wchar_t *path, const json_t *map) {
    char *bytes = json_dumps(map, JSON_INDENT(2));
    DWORD error = bytes ? state_write(path, bytes, strlen(bytes)) : ERROR_NOT_ENOUGH_MEMORY;
    free(bytes);
    if (error) {
        msg_error("cannot write %ls: %ls", path, msg_win32_text(error));
    }
    return !error;
}

static bool same_path(const wchar_t *first, const wchar_t *second) {
    return CompareStringOrdinal(first, -1, second, -1, TRUE) == CSTR_EQUAL;
}

/* The stored spelling of `path` in one of the maps, or NULL. */
static const char *find_key(json_t *paths, const wchar_t *path) {
    const char *key;
    json_t *value;
    json_object_foreach(paths, key, value) {
        wchar_t *wide = msg_utf16(key);
        bool same = wide && same_path(wide, path);
        free(wide);
        if (same) {
            return key;
        }
    }
    return NULL;
}

static json_t *find_value(const json_t *map, const wchar_t *path) {
    for (size_t i = 0; i < MAP_COUNT; i++) {
        json_t *paths = json_object_get(map, map_keys[i]);
        const char *key = find_key(paths, path);
        if (key) {
            return json_object_get(paths, key);
        }
    }
    return NULL;
}

/* Is there surely nothing at `key` any more? A volume that is not plugged in proves nothing. */
static bool is_gone(const char *key) {
    wchar_t *path = msg_utf16(key);
    bool gone = false;
    if (path && path[0] && path[1] == L':' && path[2] == L'\\' && GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        DWORD error = last_error();
        wchar_t volume[] = {path[0], L':', L'\\', 0};
        gone = (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND) &&
               GetFileAttributesW(volume) != INVALID_FILE_ATTRIBUTES;
    }
    free(path);
    return gone;
}

static void prune(json_t *map) {
    for (size_t i = 0; i < MAP_COUNT; i++) {
        const char *key;
        json_t *value;
        void *next;
        json_object_foreach_safe(json_object_get(map, map_keys[i]), next, key, value) {
            if (is_gone(key)) {
                json_object_del(json_object_get(map, map_keys[i]), key);
            }
        }
    }
}

/* Without its trailing backslash, but for a drive's root. malloc'ed; NULL with a message. */
static char *key_for(const wchar_t *path) {
    size_t units = wcslen(path);
    wchar_t *copy = malloc((units + 1) * sizeof(wchar_t));
    char *key = NULL;
    if (copy) {
        wmemcpy(copy, path, units + 1);
        while (units > 3 && copy[units - 1] == L'\\') {
            copy[--units] = 0;
        }
        key = msg_utf8(copy);
    }
    free(copy);
    if (!key) {
        msg_error("%ls cannot be a root: its name is not valid Unicode", path);
    }
    return key;
}

static PSID add_locked(const wchar_t *file, const wchar_t *path, const char *key, enum root_kind kind) {
    json_t *map = load_locked(file);
    json_t *value = map ? find_value(map, path) : NULL;
    PSID sid = value ? sid_of(value) : NULL;
    if (map && !sid) {
        prune(map);
        value = new_sid_value();
        json_t *paths = json_object_get(map, map_keys[kind == ROOT_WORKSPACE ? 0 : 1]);
        if (!value || json_object_set(paths, key, value)) {
            msg_error("out of memory");
        } else if (save(file, map)) {
            sid = sid_of(value);
        }
        json_decref(value);
    }
    json_decref(map);
    return sid;
}

bool roots_sid_for(const wchar_t *path, enum root_kind kind, PSID *sid) {
    wchar_t file[PATH_UNITS];
    *sid = NULL;
    if (kind == ROOT_TEMP) {
        *sid = sid_new();
        if (!*sid) {
            msg_error("the system's random generator failed");
        }
        return *sid != NULL;
    }
    char *key = key_for(path);
    wchar_t *wanted = key ? msg_utf16(key) : NULL;
    if (wanted && state_path(MAP_NAME, file, PATH_UNITS)) {
        /* The file is only ever replaced whole, so a known root needs no lock. */
        json_t *map = NULL;
        enum load_result result = load(file, &map);
        json_t *value = map ? find_value(map, wanted) : NULL;
        *sid = value ? sid_of(value) : NULL;
        json_decref(map);
        HANDLE lock = !*sid && result != LOAD_FAILED ? state_lock(LOCK_NAME, LOCK_WAIT_MS) : NULL;
        if (lock) {
            *sid = add_locked(file, wanted, key, kind);
            CloseHandle(lock);
        }
    }
    free(wanted);
    free(key);
    return *sid != NULL;
}

bool roots_each(bool (*visit)(void *context, const wchar_t *path, PSID sid), void *context) {
    wchar_t file[PATH_UNITS];
    json_t *map = NULL;
    if (!state_path(MAP_NAME, file, PATH_UNITS)) {
        return false;
    }
    enum load_result result = load(file, &map);
    if (result == LOAD_DAMAGED) {
        msg_error("the list of roots in %ls is damaged; the next run sets it aside", file);
    }
    bool on = true;
    for (size_t i = 0; on && i < MAP_COUNT; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(json_object_get(map, map_keys[i]), key, value) {
            wchar_t *path = msg_utf16(key);
            PSID sid = sid_of(value);
            on = path && sid && visit(context, path, sid);
            free(path);
            LocalFree(sid);
            if (!on) {
                break;
            }
        }
    }
    json_decref(map);
    return on && (result == LOAD_OK || result == LOAD_MISSING);
}

bool roots_forget(const wchar_t *path) {
    wchar_t file[PATH_UNITS];
    char *key = key_for(path);
    wchar_t *wanted = key ? msg_utf16(key) : NULL;
    HANDLE lock = wanted && state_path(MAP_NAME, file, PATH_UNITS) ? state_lock(LOCK_NAME, LOCK_WAIT_MS) : NULL;
    json_t *map = lock ? load_locked(file) : NULL;
    bool found = false;
    for (size_t i = 0; map && i < MAP_COUNT; i++) {
        json_t *paths = json_object_get(map, map_keys[i]);
        const char *stored = find_key(paths, wanted);
        found = (stored && !json_object_del(paths, stored)) || found;
    }
    bool ok = map && (!found || save(file, map));
    json_decref(map);
    if (lock) {
        CloseHandle(lock);
    }
    free(wanted);
    free(key);
    return ok;
}
