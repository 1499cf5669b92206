#include "broker/object/path.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATH_UNITS 32768u

const wchar_t *path_plain(const wchar_t *path) {
    return !wcsncmp(path, L"\\\\?\\", 4) && path[4] && path[5] == L':' ? path + 4 : path;
}

static void strip(wchar_t *path) {
    size_t units = wcslen(path);
    while (units > 3 && path[units - 1] == L'\\') {
        path[--units] = 0;
    }
}

wchar_t *path_full(const wchar_t *path) {
    wchar_t *full = malloc(PATH_UNITS * sizeof(wchar_t));
    DWORD units = full ? GetFullPathNameW(path, PATH_UNITS, full, NULL) : 0;
    if (!units || units >= PATH_UNITS) {
        free(full);
        return NULL;
    }
    strip(full);
    return full;
}

wchar_t *path_of_handle(HANDLE handle) {
    wchar_t *path = malloc(PATH_UNITS * sizeof(wchar_t));
    DWORD units = path ? GetFinalPathNameByHandleW(handle, path, PATH_UNITS, VOLUME_NAME_DOS) : 0;
    if (!units || units >= PATH_UNITS) {
        free(path);
        return NULL;
    }
    const wchar_t *plain = path_plain(path);
    memmove(path, plain, (wcslen(plain) + 1) * sizeof(wchar_t));
    strip(path);
    return path;
}

HANDLE path_open(const wchar_t *path, ACCESS_MASK access, wchar_t **final, DWORD *error) {
    *final = NULL;
    *error = 0;
    HANDLE handle = CreateFileW(path, access | FILE_READ_ATTRIBUTES | SYNCHRONIZE, NT_SHARE_ALL, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        *error = last_error();
        return NULL;
    }
    *final = path_of_handle(handle);
    if (!*final) {
        *error = last_error();
        CloseHandle(handle);
        return NULL;
    }
    return handle;
}

bool path_below(const wchar_t *path, const wchar_t *top) {
    size_t units = wcslen(top);
    if (units && top[units - 1] == L'\\') {
        units--;
    }
    return wcslen(path) >= units && CompareStringOrdinal(path, (int)units, top, (int)units, TRUE) == CSTR_EQUAL &&
           (!path[units] || path[units] == L'\\');
}

bool path_equal(const wchar_t *one, const wchar_t *other) { return path_below(one, other) && path_below(other, one); }

bool path_has_acls(HANDLE handle) {
    DWORD flags = 0;
    return GetVolumeInformationByHandleW(handle, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_PERSISTENT_ACLS);
}
