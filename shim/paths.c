#include "paths.h"

#include "calls.h"
#include "settings.h"

#include <stddef.h>
#include <string.h>

#define FINAL_UNITS 1024u

enum drive_kind { DRIVE_UNKNOWN_KIND, DRIVE_VOLUME, DRIVE_SUBST };

static bool same(WCHAR a, WCHAR b) { return a == b || RtlUpcaseUnicodeChar(a) == RtlUpcaseUnicodeChar(b); }

static bool below(const WCHAR *path, size_t units, const WCHAR *top, size_t top_units) {
    if (units < top_units || (units > top_units && path[top_units] != L'\\')) {
        return false;
    }
    /* Roots share their beginnings, so the difference is found sooner from the end. */
    for (size_t i = top_units; i > 0; i--) {
        if (!same(path[i - 1], top[i - 1])) {
            return false;
        }
    }
    return true;
}

static int root_of(const WCHAR *path, size_t units) {
    const struct sbx_settings *config = settings_block();
    int best = -1;
    size_t longest = 0;
    for (uint32_t i = 0; i < config->root_count; i++) {
        const struct sbx_settings_root *root = &config->roots[i];
        size_t length = root->path_size / sizeof(WCHAR);
        if (length >= longest && below(path, units, settings_string(root->path_offset), length)) {
            best = (int)i;
            longest = length;
        }
    }
    return best;
}

int paths_root_of(const OBJECT_ATTRIBUTES *attributes) {
    const UNICODE_STRING *name = attributes->ObjectName;
    if (attributes->RootDirectory) {
        return 0; /* the broker knows the directory by its handle */
    }
    if (!name || !name->Buffer || !name->Length) {
        return -1;
    }
    return root_of(name->Buffer, name->Length / sizeof(WCHAR));
}

/* What a drive letter is changes next to never, so each is asked for once. */
static bool is_subst(WCHAR letter) {
    static volatile LONG kinds[26];
    unsigned index = (unsigned)(RtlUpcaseUnicodeChar(letter) - L'A');
    if (index >= 26) {
        return false;
    }
    if (kinds[index] == DRIVE_UNKNOWN_KIND) {
        WCHAR drive[3] = {letter, L':', 0}, target[FINAL_UNITS];
        DWORD error = GetLastError();
        bool subst = QueryDosDeviceW(drive, target, FINAL_UNITS) > 4 && !memcmp(target, L"\\??\\", 4 * sizeof(WCHAR));
        SetLastError(error);
        kinds[index] = subst ? DRIVE_SUBST : DRIVE_VOLUME;
    }
    return kinds[index] == DRIVE_SUBST;
}

static bool is_alias(const WCHAR *path, size_t units) {
    for (size_t i = 0; i < units; i++) {
        if (path[i] == L'~') {
            return true;
        }
    }
    return units > 6 && path[5] == L':' && is_subst(path[4]);
}

/* Does the open directory lie in a root, by the name the system gives it? */
static bool directory_in_root(HANDLE directory) {
    WCHAR path[FINAL_UNITS];
    DWORD error = GetLastError();
    DWORD units = GetFinalPathNameByHandleW(directory, path, FINAL_UNITS, VOLUME_NAME_DOS);
    SetLastError(error);
    if (units < 4 || units >= FINAL_UNITS) {
        return false;
    }
    path[1] = L'?'; /* from the DOS form of the prefix to the NT form */
    return root_of(path, units) >= 0;
}

bool paths_open_alias(const UNICODE_STRING *name, struct paths_alias *alias) {
    size_t units = name->Length / sizeof(WCHAR), leaf = units;
    while (leaf && name->Buffer[leaf - 1] != L'\\') {
        leaf--;
    }
    if (leaf < 8 || leaf == units || !is_alias(name->Buffer, units)) {
        return false;
    }
    UNICODE_STRING parent = {(USHORT)(leaf * sizeof(WCHAR)), (USHORT)(leaf * sizeof(WCHAR)), name->Buffer};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE directory;
    InitializeObjectAttributes(&attributes, &parent, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (!NT_SUCCESS(originals.open_file(&directory, FILE_READ_ATTRIBUTES | FILE_TRAVERSE | SYNCHRONIZE, &attributes,
                                        &io, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                        FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT))) {
        return false;
    }
    if (!directory_in_root(directory)) {
        NtClose(directory);
        return false;
    }
    alias->leaf.Buffer = name->Buffer + leaf;
    alias->leaf.Length = alias->leaf.MaximumLength = (USHORT)((units - leaf) * sizeof(WCHAR));
    InitializeObjectAttributes(&alias->attributes, &alias->leaf, OBJ_CASE_INSENSITIVE, directory, NULL);
    return true;
}
