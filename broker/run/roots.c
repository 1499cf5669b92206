#include "broker/run/roots.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/state/root_list.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <userenv.h>

#define PATH_UNITS 32768u
#define HOLD_ACCESS (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE)

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

/* Where the system keeps its folders. Asked of it without shell32, which takes longer to load than all else of a start.
 */
static bool windows_folder(wchar_t *path, DWORD units) {
    UINT length = GetSystemWindowsDirectoryW(path, units);
    return length && length < units;
}

static bool registered(const wchar_t *name, wchar_t *path, DWORD units) {
    DWORD bytes = units * (DWORD)sizeof(wchar_t);
    return !RegGetValueW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion", name, RRF_RT_REG_SZ, NULL,
                         path, &bytes);
}

static bool program_folder(wchar_t *path, DWORD units) { return registered(L"ProgramFilesDir", path, units); }

static bool program_folder_x86(wchar_t *path, DWORD units) { return registered(L"ProgramFilesDir (x86)", path, units); }

static bool profile_folder(wchar_t *path, DWORD units) {
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return false;
    }
    bool found = GetUserProfileDirectoryW(token, path, &units) != 0;
    CloseHandle(token);
    return found;
}

static const struct {
    bool (*find)(wchar_t *path, DWORD units);
    bool inside_too; /* refused below it as well */
    const wchar_t *what;
} system_folders[] = {
    {windows_folder, true, L"the Windows folder"},
    {program_folder, true, L"the program folder"},
    {program_folder_x86, true, L"the program folder"},
    {profile_folder, false, L"the user profile"},
};

const wchar_t *roots_unwise(const wchar_t *path) {
    static wchar_t folder[MAX_PATH];
    if (wcslen(path) <= 3) {
        return L"it is a whole drive";
    }
    if (path[0] == L'\\') {
        return L"it is on a network";
    }
    for (size_t i = 0; i < sizeof(system_folders) / sizeof(system_folders[0]); i++) {
        if (system_folders[i].find(folder, MAX_PATH) && folder[0] &&
            (path_below(folder, path) || (system_folders[i].inside_too && path_below(path, folder)))) {
            return system_folders[i].what;
        }
    }
    return NULL;
}

/* Is `given` the very path that it leads to? Then there is no link on the way. */
static bool is_final(const wchar_t *given) {
    DWORD error;
    wchar_t *final;
    HANDLE handle = path_open(given, 0, &final, &error);
    bool same = handle && path_equal(path_plain(given), final);
    if (handle) {
        CloseHandle(handle);
        free(final);
    }
    return same;
}

bool roots_link_leaves(const wchar_t *given) {
    struct roots_list list;
    if (is_final(given)) {
        return false;
    }
    /* A damaged list names no roots: it is set aside, with a message. */
    bool leaves = false, known = roots_list_load(&list);
    wchar_t *path = known ? _wcsdup(given) : NULL;
    int inside = -1; /* the root that the last step was in */
    for (wchar_t *end = path; path && list.count && !leaves && *end; end++) {
        /* Each step is opened: what was given may name a known root in many ways (8.3, \\?\, SUBST, a volume). */
        DWORD error;
        wchar_t *final, kept = end[1];
        /* A drive without its backslash would be the current directory there. */
        if (*end == L':' || (kept && kept != L'\\' && *end != L'\\')) {
            continue;
        }
        end[1] = 0;
        HANDLE handle = path_open(path, 0, &final, &error);
        end[1] = kept;
        if (handle) {
            leaves = inside >= 0 && !path_below(final, list.paths[inside]);
            inside = roots_list_find(&list, final);
            CloseHandle(handle);
            free(final);
        }
    }
    leaves = leaves || (known && !path);
    free(path);
    roots_list_free(&list);
    return leaves;
}

/* Opens and holds the directory: without FILE_SHARE_DELETE it stays where it is for the run. */
static HANDLE hold_directory(const wchar_t *path) {
    DWORD attributes = GetFileAttributesW(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        msg_warn("%ls: %ls; not a writable root", path, msg_win32_text(GetLastError()));
        return NULL;
    }
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        msg_warn("%ls is a file; a writable root is a directory", path);
        return NULL;
    }
    HANDLE handle = CreateFileW(path, HOLD_ACCESS, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        msg_warn("%ls cannot be opened: %ls; not a writable root", path, msg_win32_text(GetLastError()));
        return NULL;
    }
    if (!path_has_acls(handle)) {
        msg_warn("%ls is on a file system without access control lists; not a writable root", path);
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

static bool already_root(const struct root_set *set, const wchar_t *path) {
    for (size_t i = 0; i < set->root_count; i++) {
        if (path_equal(set->roots[i].dos_path, path)) {
            return true;
        }
    }
    return false;
}

/* Fills the next root of `set` from an open directory; takes the handle. */
static bool add_root(struct root_set *set, bool force, HANDLE handle, wchar_t *given, bool temp) {
    struct root *root = &set->roots[set->root_count];
    memset(root, 0, sizeof(*root));
    root->handle = handle;
    root->temp = temp;
    root->dos_path = path_of_handle(handle);
    if (!root->dos_path || !copy_kernel_name(handle, &root->name)) {
        msg_warn("%ls: the system gives no name for it; not a writable root", given);
        CloseHandle(handle);
        return true;
    }
    if (already_root(set, root->dos_path)) {
        CloseHandle(handle);
        return true;
    }
    const wchar_t *reason = temp ? NULL : roots_unwise(root->dos_path);
    bool spelled_so = path_equal(given, root->dos_path);
    if (!reason && !temp && !spelled_so && roots_link_leaves(given)) {
        reason = L"a link in a known root leads there, which a sandboxed program may have made";
    }
    if (reason && !force) {
        msg_warn("%ls is refused as a writable root: %ls; --force overrides this", root->dos_path, reason);
        CloseHandle(handle);
        return true;
    }
    root->nt_path = nt_path(root->dos_path);
    root->alias = spelled_so ? NULL : nt_path(given);
    if (!root->nt_path) {
        return false;
    }
    set->root_names[set->root_count++] = root->name;
    return true;
}

static bool add_named_root(const struct run_settings *settings, struct root_set *set, const wchar_t *path) {
    wchar_t *given = path_full(path);
    HANDLE handle = given ? hold_directory(given) : NULL;
    bool go_on = !handle || add_root(set, settings->force, handle, given, false);
    free(given);
    return go_on;
}

static bool add_temp(PSID run_sid, struct root_set *set) {
    wchar_t state[MAX_PATH], path[MAX_PATH + 64];
    const DWORD *run = GetSidSubAuthority(run_sid, 1);
    if (!state_directory(state, MAX_PATH)) {
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
        msg_error("%ls cannot be made for TEMP: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    HANDLE handle = hold_directory(path);
    return handle && add_root(set, true, handle, path, true);
}

/* A part of the state, what is kept for undo above all, is no root either. */
static bool has_root_in(const struct root_set *set, const wchar_t *state) {
    HANDLE handle =
        CreateFileW(state, FILE_READ_ATTRIBUTES, NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    wchar_t *final = handle == INVALID_HANDLE_VALUE ? NULL : path_of_handle(handle);
    bool found = !final;
    for (size_t i = 0; i < set->root_count && !found; i++) {
        found = path_below(set->roots[i].dos_path, final);
        if (found) {
            msg_error("%ls is in the state of sbx (%ls); use another root", set->roots[i].dos_path, final);
        }
    }
    if (!final) {
        msg_error("%ls cannot be opened: %ls", state, msg_win32_text(GetLastError()));
    }
    if (handle != INVALID_HANDLE_VALUE) {
        CloseHandle(handle);
    }
    free(final);
    return found;
}

static bool path_in_roots(const struct root_set *set, const wchar_t *path) {
    wchar_t *full = path_full(path), *final = NULL;
    /* A file that does not exist yet is judged by its directory, as is a device, which has no path. */
    while (full) {
        HANDLE handle = CreateFileW(full, FILE_READ_ATTRIBUTES, NT_SHARE_ALL, NULL, OPEN_EXISTING,
                                    FILE_FLAG_BACKUP_SEMANTICS, NULL);
        if (handle != INVALID_HANDLE_VALUE) {
            final = path_of_handle(handle);
            CloseHandle(handle);
        }
        wchar_t *slash = wcsrchr(full, L'\\');
        if (final || !slash || !slash[1]) {
            break;
        }
        /* "C:" alone is the current directory of the drive. */
        slash[slash == full + 2 && full[1] == L':'] = 0;
    }
    bool inside = !final || root_set_holds_path(set, final);
    free(final);
    free(full);
    return inside;
}

/* Nothing sbx relies on may be writable for the child. */
static bool own_files_are_safe(const struct run_settings *settings, const struct root_set *set) {
    wchar_t state[MAX_PATH], self[MAX_PATH];
    const wchar_t *own[] = {state, self, settings->events};
    static const wchar_t *const what[] = {L"the state of sbx", L"sbx.exe and its shim", L"the events file"};
    DWORD length = GetModuleFileNameW(NULL, self, MAX_PATH);
    if (!state_directory(state, MAX_PATH) || !length || length == MAX_PATH) {
        return false;
    }
    for (size_t i = 0; i < 3; i++) {
        if (own[i] && path_in_roots(set, own[i])) {
            msg_error("%ls (%ls) would lie in a writable root; use another root or move it", what[i], own[i]);
            return false;
        }
        if (own[i] && roots_link_leaves(own[i])) {
            msg_error("%ls (%ls) is reached by a link in a known root; use the path it leads to", what[i], own[i]);
            return false;
        }
    }
    return !has_root_in(set, state);
}

bool roots_add_protected(struct root_set *set, const wchar_t *path, bool implied) {
    if (set->protect_count == ROOT_SET_MAX_PROTECTED) {
        msg_error("%ls cannot be protected: no more than %u paths can be", path, ROOT_SET_MAX_PROTECTED);
        return false;
    }
    struct held_path *protect = &set->protect[set->protect_count];
    struct policy_name rest;
    wchar_t *full = path_full(path);
    bool link = !full || roots_link_leaves(full);
    free(full);
    if (link) {
        msg_error("%ls is reached by a link in a known root; use the path it leads to", path);
        return false;
    }
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE, NT_SHARE_ALL, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        msg_error("%ls cannot be protected: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    protect->handle = handle;
    protect->dos_path = path_of_handle(handle);
    if (!protect->dos_path || !copy_kernel_name(handle, &set->protect_names[set->protect_count]) ||
        !NT_SUCCESS(object_query_id(handle, &protect->file_id))) {
        msg_error("%ls cannot be protected: the system gives no name for it", path);
        return false;
    }
    if (root_set_find(set, set->protect_names[set->protect_count], &rest) < 0) {
        if (!implied) {
            msg_warn("%ls is not in a writable root; it is read-only anyway", path);
        }
        return true;
    }
    for (size_t i = 0; i < set->protect_count; i++) {
        if (path_equal(set->protect[i].dos_path, protect->dos_path)) {
            CloseHandle(handle);
            return true;
        }
    }
    set->protect_count++;
    return true;
}

/* Protects what has a name in a root that says by itself what runs later. Not there is no error, not known is. */
static bool add_below(struct root_set *set, const struct root *root, const wchar_t *name) {
    const wchar_t *prefix = root->dos_path[0] == L'\\' ? L"" : L"\\\\?\\"; /* paths over MAX_PATH */
    size_t units = wcslen(root->dos_path) + wcslen(name) + 6;
    wchar_t *path = malloc(units * sizeof(wchar_t));
    if (!path) {
        return false;
    }
    (void)swprintf(path, units, L"%ls%ls\\%ls", prefix, root->dos_path, name);
    DWORD error = GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? last_error() : 0;
    bool missing = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
    bool ok = missing || (!error && roots_add_protected(set, path, true));
    if (error && !missing) {
        msg_error("%ls cannot be protected: %ls", path, msg_win32_text(error));
    }
    free(path);
    return ok;
}

static bool add_vcs(struct root_set *set) {
    static const wchar_t *const names[] = {L".git\\hooks",     L".git\\config",  L".git\\config.worktree",
                                           L".git\\commondir", L".git\\modules", L".git\\worktrees"};
    for (size_t i = 0; i < set->root_count; i++) {
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
            if (!add_below(set, &set->roots[i], names[n])) {
                return false;
            }
        }
    }
    return true;
}

bool run_judge_roots(const struct run_settings *settings, struct root_set *set) {
    for (size_t i = 0; i < settings->root_count; i++) {
        if (!add_named_root(settings, set, settings->roots[i])) {
            return false;
        }
    }
    if (settings->root_count && !set->root_count) {
        msg_error("none of the writable roots can be used; nothing was started");
        return false;
    }
    if (!own_files_are_safe(settings, set)) {
        return false;
    }
    for (size_t i = 0; i < settings->protect_count; i++) {
        if (!roots_add_protected(set, settings->protect[i], settings->protect_implied[i])) {
            return false;
        }
    }
    /* Or a program takes away what narrows the next run that starts there. */
    for (size_t i = 0; i < set->root_count; i++) {
        if (!add_below(set, &set->roots[i], L".sbx.json")) {
            return false;
        }
    }
    return !settings->protect_vcs || add_vcs(set);
}

bool run_add_temp(PSID run_sid, struct root_set *set) {
    if (!add_temp(run_sid, set)) {
        return false;
    }
    set->rules = (struct policy_rules){.roots = set->root_names,
                                       .root_count = set->root_count,
                                       .protect = set->protect_names,
                                       .protect_count = set->protect_count,
                                       .fold = object_fold};
    return true;
}
