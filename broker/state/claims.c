#include "broker/state/claims.h"

#include "broker/object/path.h"
#include "broker/state/state.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define FILE_UNITS (MAX_PATH + 64)

static bool claim_file(const wchar_t *kind, HANDLE object, ULONGLONG id, wchar_t *file) {
    wchar_t name[64];
    DWORD serial = 0;
    GetVolumeInformationByHandleW(object, NULL, 0, &serial, NULL, NULL, NULL, 0);
    (void)swprintf(name, 64, L"%ls-%08lx-%016llx.lock", kind, (unsigned long)serial, (unsigned long long)id);
    return state_path(name, file, FILE_UNITS);
}

HANDLE claim_open(const wchar_t *kind, HANDLE object, ULONGLONG id, const wchar_t *path) {
    wchar_t file[FILE_UNITS];
    if (!claim_file(kind, object, id, file)) {
        return NULL;
    }
    /* One that another run holds says the same path already. */
    HANDLE new = CreateFileW(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (new != INVALID_HANDLE_VALUE) {
        DWORD bytes = (DWORD)(wcslen(path) * sizeof(wchar_t)), written = 0;
        bool whole = WriteFile(new, path, bytes, &written, NULL) && written == bytes;
        CloseHandle(new);
        if (!whole) {
            SetLastError(ERROR_DISK_FULL);
            return NULL;
        }
    }
    HANDLE claim = CreateFileW(file, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    return claim == INVALID_HANDLE_VALUE ? NULL : claim;
}

void claim_close(const wchar_t *kind, HANDLE object, ULONGLONG id, HANDLE claim) {
    wchar_t file[FILE_UNITS];
    CloseHandle(claim);
    HANDLE last = claim_file(kind, object, id, file)
                      ? CreateFileW(file, DELETE, 0, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL)
                      : INVALID_HANDLE_VALUE;
    if (last != INVALID_HANDLE_VALUE) {
        CloseHandle(last);
    }
}

bool claims_add(struct claims *live, const wchar_t *path) {
    wchar_t *copy = _wcsdup(path);
    wchar_t **paths = realloc(live->paths, (live->count + 1) * sizeof(*paths));
    if (paths) {
        live->paths = paths;
    }
    if (!copy || !paths) {
        free(copy);
        return false;
    }
    paths[live->count++] = copy;
    return true;
}

/* Adds the path in a claim that somebody holds. */
static bool read_claim(struct claims *live, const wchar_t *file) {
    HANDLE alone = CreateFileW(file, DELETE, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (alone != INVALID_HANDLE_VALUE) {
        CloseHandle(alone); /* of a run that was killed */
        return true;
    }
    size_t size;
    DWORD error;
    char *bytes = state_read(file, (size_t)65536, &size, &error);
    wchar_t *path = bytes && size ? calloc(size / sizeof(wchar_t) + 1, sizeof(wchar_t)) : NULL;
    if (path) {
        memcpy(path, bytes, size / sizeof(wchar_t) * sizeof(wchar_t));
    }
    free(bytes);
    bool ok = path && claims_add(live, path);
    free(path);
    return ok;
}

bool claims_read(const wchar_t *kind, struct claims *live) {
    wchar_t file[FILE_UNITS], directory[MAX_PATH];
    WIN32_FIND_DATAW entry;
    *live = (struct claims){0};
    bool ok = state_directory(directory, MAX_PATH);
    (void)swprintf(file, FILE_UNITS, L"%ls\\%ls-*.lock", directory, kind);
    HANDLE find = ok ? FindFirstFileW(file, &entry) : INVALID_HANDLE_VALUE;
    bool more = find != INVALID_HANDLE_VALUE;
    while (ok && more) {
        ok = wcslen(entry.cFileName) < 60 && swprintf(file, FILE_UNITS, L"%ls\\%ls", directory, entry.cFileName) > 0 &&
             read_claim(live, file);
        more = FindNextFileW(find, &entry);
    }
    if (find != INVALID_HANDLE_VALUE) {
        FindClose(find);
    }
    return ok;
}

void claims_free(struct claims *live) {
    for (size_t i = 0; i < live->count; i++) {
        free(live->paths[i]);
    }
    free(live->paths);
    *live = (struct claims){0};
}

enum claimed claims_of(const struct claims *live, const wchar_t *path) {
    enum claimed claimed = CLAIMED_NOT;
    for (size_t i = 0; i < live->count && claimed != CLAIMED_WHOLE; i++) {
        if (path_below(path, live->paths[i])) {
            claimed = CLAIMED_WHOLE;
        } else if (path_below(live->paths[i], path)) {
            claimed = CLAIMED_BELOW;
        }
    }
    return claimed;
}
