/* The roots of a run: opened and held, and judged, before anything is changed. */
#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/rights/token.h"
#include "broker/run/run.h"
#include "broker/state/root_list.h"
#include "broker/state/root_map.h"

#include <shlobj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_UNITS 32768u
#define HOLD_ACCESS (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

static const wchar_t *without_prefix(const wchar_t *path) {
    return wcsncmp(path, L"\\\\?\\", 4) == 0 && path[5] == L':' ? path + 4 : path;
}

/* Equal to `top` or below it, both full DOS paths. */
static bool below(const wchar_t *path, const wchar_t *top) {
    struct policy_name rest, a = {(const uint16_t *)path, wcslen(path)}, b = {(const uint16_t *)top, wcslen(top)};
    return policy_under(a, b, object_fold, &rest);
}

/* The path of an open directory as the system spells it, malloc'ed. */
static wchar_t *final_path(HANDLE handle) {
    wchar_t *buffer = malloc(PATH_UNITS * sizeof(wchar_t)), *copy = NULL;
    DWORD length = buffer ? GetFinalPathNameByHandleW(handle, buffer, PATH_UNITS, VOLUME_NAME_DOS) : 0;
    if (length && length < PATH_UNITS) {
        copy = _wcsdup(without_prefix(buffer));
        size_t units = copy ? wcslen(copy) : 0;
        if (units > 3 && copy[units - 1] == L'\\') {
            copy[units - 1] = 0;
        }
    }
    free(buffer);
    return copy;
}

static wchar_t *full_path(const wchar_t *path) {
    wchar_t *buffer = malloc(PATH_UNITS * sizeof(wchar_t));
    DWORD length = buffer ? GetFullPathNameW(path, PATH_UNITS, buffer, NULL) : 0;
    if (!length || length >= PATH_UNITS) {
        free(buffer);
        return NULL;
    }
    while (length > 3 && buffer[length - 1] == L'\\') {
        buffer[--length] = 0;
    }
    return buffer;
}

static wchar_t *nt_path(const wchar_t *dos) {
    size_t units = wcslen(dos) + 5;
    wchar_t *path = malloc(units * sizeof(wchar_t));
    if (path) {
        (void)swprintf(path, units, L"\\??\\%ls", wcsncmp(dos, L"\\\\?\\", 4) ? dos : dos + 4);
        units = wcslen(path);
        if (path[units - 1] == L'\\') {
            path[units - 1] = 0;
        }
    }
    return path;
}

static const struct {
    int folder;
    bool inside_too; /* refused below it as well */
    const wchar_t *what;
} system_folders[] = {
    {CSIDL_WINDOWS, true, L"the Windows folder"},
    {CSIDL_PROGRAM_FILES, true, L"the program folder"},
    {CSIDL_PROGRAM_FILESX86, true, L"the program folder"},
    {CSIDL_PROFILE, false, L"the user profile"},
};

/* Why `path` should be no root, or NULL. */
static const wchar_t *unwise(const wchar_t *path) {
    static wchar_t folder[MAX_PATH];
    if (wcslen(path) <= 3) {
        return L"it is a whole drive";
    }
    if (path[0] == L'\\') {
        return L"it is on a network";
    }
    for (size_t i = 0; i < sizeof(system_folders) / sizeof(system_folders[0]); i++) {
        if (SHGetFolderPathW(NULL, system_folders[i].folder, NULL, SHGFP_TYPE_CURRENT, folder) == S_OK && folder[0] &&
            (below(folder, path) || (system_folders[i].inside_too && below(path, folder)))) {
            return system_folders[i].what;
        }
    }
    return NULL;
}

/* Does `given` begin in a root that sbx knows and end outside of it? Then a link on the way says where, which a program
 * of an earlier run may have made. */
static bool leaves_a_root(const wchar_t *given, const wchar_t *final) {
    struct roots_list list;
    bool leaves = false;
    if (!_wcsicmp(given, final)) {
        return false;
    }
    if (roots_list_load(&list)) {
        int root = roots_list_find(&list, given);
        leaves = root >= 0 && !diskpath_below(final, list.paths[root]);
    }
    roots_list_free(&list);
    return leaves;
}

static bool has_acls(HANDLE handle) {
    DWORD flags = 0;
    return GetVolumeInformationByHandleW(handle, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_PERSISTENT_ACLS);
}

/* Opens and holds the directory: without FILE_SHARE_DELETE it stays where it is for the run. */
static HANDLE hold_directory(const wchar_t *path) {
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        msg_warn(L"%ls: %ls; not a writable root", path, msg_win32_text(GetLastError()));
        return NULL;
    }
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        msg_warn(L"%ls is a file; a writable root is a directory", path);
        return NULL;
    }
    HANDLE handle = CreateFileW(path, HOLD_ACCESS, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        msg_warn(L"%ls cannot be opened: %ls; not a writable root", path, msg_win32_text(GetLastError()));
        return NULL;
    }
    if (!has_acls(handle)) {
        msg_warn(L"%ls is on a file system without access control lists; not a writable root", path);
        CloseHandle(handle);
        return NULL;
    }
    return handle;
}

static bool copy_kernel_name(HANDLE handle, struct policy_name *out) {
    struct object_name *name = malloc(sizeof(*name));
    bool ok = name && NT_SUCCESS(object_query_name(handle, name));
    if (ok) {
        uint16_t *units = malloc(name->name.length * sizeof(*units) + sizeof(*units));
        ok = units != NULL;
        if (ok) {
            memcpy(units, name->name.units, name->name.length * sizeof(*units));
            out->units = units;
            out->length = name->name.length;
        }
    }
    free(name);
    return ok;
}

static bool already_root(const struct sandbox *sandbox, const wchar_t *path) {
    for (size_t i = 0; i < sandbox->root_count; i++) {
        if (!_wcsicmp(sandbox->roots[i].dos_path, path)) {
            return true;
        }
    }
    return false;
}

/* Fills the next root of `sandbox` from an open directory; takes the handle. */
static bool add_root(const struct run_settings *settings, struct sandbox *sandbox, HANDLE handle, wchar_t *given,
                     bool temp) {
    struct sandbox_root *root = &sandbox->roots[sandbox->root_count];
    memset(root, 0, sizeof(*root));
    root->handle = handle;
    root->temp = temp;
    root->dos_path = final_path(handle);
    if (!root->dos_path || !copy_kernel_name(handle, &root->name)) {
        msg_warn(L"%ls: the system gives no name for it; not a writable root", given);
        CloseHandle(handle);
        return true;
    }
    if (already_root(sandbox, root->dos_path)) {
        CloseHandle(handle);
        return true;
    }
    const wchar_t *reason = temp ? NULL : unwise(root->dos_path);
    if (!reason && !temp && leaves_a_root(given, root->dos_path)) {
        reason = L"a link in a known root leads there, which a sandboxed program may have made";
    }
    if (reason && !settings->force) {
        msg_warn(L"%ls is not taken as a writable root: %ls; --force takes it all the same", root->dos_path, reason);
        CloseHandle(handle);
        return true;
    }
    root->nt_path = nt_path(root->dos_path);
    root->alias = _wcsicmp(given, root->dos_path) ? nt_path(given) : NULL;
    if (!root->nt_path) {
        return false;
    }
    sandbox->root_names[sandbox->root_count++] = root->name;
    return true;
}

static bool add_named_root(const struct run_settings *settings, struct sandbox *sandbox, const wchar_t *path) {
    wchar_t *given = full_path(path);
    HANDLE handle = given ? hold_directory(given) : NULL;
    bool go_on = !handle || add_root(settings, sandbox, handle, given, false);
    free(given);
    return go_on;
}

static bool add_temp(const struct run_settings *settings, struct sandbox *sandbox) {
    wchar_t state[MAX_PATH], path[MAX_PATH + 64];
    const DWORD *run = GetSidSubAuthority(sandbox->run_sid, 1);
    if (!roots_state_dir(state, MAX_PATH)) {
        return false;
    }
    /* Held until sbx ends: the state directory lies in the profile, where a program at Medium could move it away by its
     * parent's FILE_DELETE_CHILD. */
    HANDLE hold = hold_directory(state);
    if (!hold) {
        return false;
    }
    (void)swprintf(path, MAX_PATH + 64, L"%ls\\temp", state);
    CreateDirectoryW(path, NULL);
    (void)swprintf(path, MAX_PATH + 64, L"%ls\\temp\\%08lx%08lx", state, run[0], run[1]);
    if (!CreateDirectoryW(path, NULL)) {
        msg_error(L"%ls cannot be made for TEMP: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    HANDLE handle = hold_directory(path);
    return handle && add_root(settings, sandbox, handle, path, true);
}

/* A part of the state, what is kept for undo above all, is no root either. */
static bool has_root_in(const struct sandbox *sandbox, const wchar_t *state) {
    HANDLE handle =
        CreateFileW(state, FILE_READ_ATTRIBUTES, NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    wchar_t *final = handle == INVALID_HANDLE_VALUE ? NULL : final_path(handle);
    bool found = !final;
    for (size_t i = 0; i < sandbox->root_count && !found; i++) {
        found = below(sandbox->roots[i].dos_path, final);
        if (found) {
            msg_error(L"%ls lies in the state of sbx (%ls); use another root", sandbox->roots[i].dos_path, final);
        }
    }
    if (!final) {
        msg_error(L"%ls cannot be opened: %ls", state, msg_win32_text(GetLastError()));
    }
    if (handle != INVALID_HANDLE_VALUE) {
        CloseHandle(handle);
    }
    free(final);
    return found;
}

/* Nothing sbx relies on may be writable for the child. */
static bool own_files_are_safe(const struct run_settings *settings, const struct sandbox *sandbox) {
    wchar_t state[MAX_PATH], self[MAX_PATH];
    const wchar_t *own[] = {state, self, settings->events};
    static const wchar_t *const what[] = {L"the state of sbx", L"sbx.exe and its shim", L"the events file"};
    DWORD length = GetModuleFileNameW(NULL, self, MAX_PATH);
    if (!roots_state_dir(state, MAX_PATH) || !length || length == MAX_PATH) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (own[i] && run_path_in_roots(sandbox, own[i])) {
            msg_error(L"%ls (%ls) would lie in a writable root; use another root or move it", what[i], own[i]);
            return false;
        }
    }
    return !has_root_in(sandbox, state);
}

bool run_path_in_roots(const struct sandbox *sandbox, const wchar_t *path) {
    wchar_t *full = full_path(path), *final = NULL;
    /* A file that does not exist yet is judged by its directory. */
    for (wchar_t *slash = full ? full + wcslen(full) : NULL; slash && !final; slash = wcsrchr(full, L'\\')) {
        *slash = 0;
        HANDLE handle = CreateFileW(full, FILE_READ_ATTRIBUTES, NT_SHARE_ALL, NULL, OPEN_EXISTING,
                                    FILE_FLAG_BACKUP_SEMANTICS, NULL);
        if (handle != INVALID_HANDLE_VALUE) {
            final = final_path(handle);
            CloseHandle(handle);
        }
    }
    bool inside = final == NULL;
    for (size_t i = 0; final && i < sandbox->root_count; i++) {
        inside = inside || (!sandbox->roots[i].temp && below(final, sandbox->roots[i].dos_path));
    }
    free(final);
    free(full);
    return inside;
}

static bool add_protected(struct sandbox *sandbox, const wchar_t *path, bool implied) {
    struct sandbox_protect *protect = &sandbox->protect[sandbox->protect_count];
    struct policy_name rest;
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE, NT_SHARE_ALL, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        msg_error(L"%ls cannot be protected: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    protect->handle = handle;
    protect->dos_path = final_path(handle);
    if (!protect->dos_path || !copy_kernel_name(handle, &sandbox->protect_names[sandbox->protect_count]) ||
        !NT_SUCCESS(object_query_id(handle, &protect->file_id))) {
        msg_error(L"%ls cannot be protected: the system gives no name for it", path);
        return false;
    }
    int root = policy_innermost(sandbox->protect_names[sandbox->protect_count], sandbox->root_names,
                                sandbox->root_count, object_fold, &rest);
    if (root < 0) {
        if (!implied) {
            msg_warn(L"%ls lies in no writable root; it is read-only anyway", path);
        }
        return true;
    }
    sandbox->protect_count++;
    return true;
}

static bool add_vcs(struct sandbox *sandbox) {
    static const wchar_t *const names[] = {L".git\\hooks", L".git\\config"};
    for (size_t i = 0; i < sandbox->root_count; i++) {
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
            wchar_t path[MAX_PATH];
            int length = swprintf(path, MAX_PATH, L"%ls\\%ls", sandbox->roots[i].dos_path, names[n]);
            if (length > 0 && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES &&
                sandbox->protect_count < SANDBOX_MAX_PROTECT && !add_protected(sandbox, path, true)) {
                return false;
            }
        }
    }
    return true;
}

bool run_prepare_roots(const struct run_settings *settings, struct sandbox *sandbox) {
    for (size_t i = 0; i < settings->root_count; i++) {
        if (!add_named_root(settings, sandbox, settings->roots[i])) {
            return false;
        }
    }
    if (settings->root_count && !sandbox->root_count) {
        msg_error(L"none of the writable roots can be used; nothing was started");
        return false;
    }
    if (!own_files_are_safe(settings, sandbox)) {
        return false;
    }
    for (size_t i = 0; i < settings->protect_count; i++) {
        if (!add_protected(sandbox, settings->protect[i], settings->protect_implied[i])) {
            return false;
        }
    }
    if ((settings->protect_vcs && !add_vcs(sandbox)) || !add_temp(settings, sandbox)) {
        return false;
    }
    sandbox->rules.roots = sandbox->root_names;
    sandbox->rules.root_count = sandbox->root_count;
    sandbox->rules.protect = sandbox->protect_names;
    sandbox->rules.protect_count = sandbox->protect_count;
    sandbox->rules.fold = object_fold;
    /* Nothing was changed on the disk until here but for the empty TEMP. */
    return run_stamp_roots(settings, sandbox);
}
