#include "broker/state/state.h"

#include "broker/base/msg.h"
#include "broker/object/sd.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"

#include <bcrypt.h>
#include <sddl.h>
#include <shlobj.h>
#include <stdlib.h>
#include <wchar.h>

#define LOCK_POLL_MS 15
#define REPLACE_TRIES 40

/* Private to the user and SYSTEM. With `directory`, nobody gets FILE_DELETE_CHILD in it: WRITE_RESTRICTED would let a
 * confined child use it. LocalAlloc'ed. */
static PSECURITY_DESCRIPTOR private_descriptor(bool directory) {
    wchar_t text[400];
    wchar_t *user_text = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID user = sid_user();
    if (user && ConvertSidToStringSidW(user, &user_text)) {
        const wchar_t *inherit = directory ? L"OICI" : L"";
        _snwprintf(text, 399, L"D:P%ls(A;%ls;FA;;;%ls)(A;%ls;FA;;;SY)", directory ? L"(D;CI;0x40;;;WD)" : L"", inherit,
                   user_text, inherit);
        text[399] = 0;
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &descriptor, NULL)) {
            descriptor = NULL;
        }
    }
    LocalFree(user_text);
    LocalFree(user);
    return descriptor;
}

/* Where LOCALAPPDATA is missing or no full path. shell32 is slow to load and needed for nothing else. */
static bool known_folder(wchar_t *path, size_t units) {
    typedef HRESULT WINAPI get_folder(HWND, int, HANDLE, DWORD, LPWSTR);
    wchar_t found[MAX_PATH];
    HMODULE shell = LoadLibraryExW(L"shell32.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    get_folder *function = shell ? (get_folder *)(void (*)(void))GetProcAddress(shell, "SHGetFolderPathW") : NULL;
    if (!function || function(NULL, CSIDL_LOCAL_APPDATA, NULL, 0, found) != S_OK || wcslen(found) >= units) {
        return false;
    }
    wcscpy(path, found);
    return true;
}

static bool is_full_path(const wchar_t *path) {
    return ((path[0] >= L'A' && path[0] <= L'Z') || (path[0] >= L'a' && path[0] <= L'z')) && path[1] == L':' &&
           path[2] == L'\\';
}

/* A directory that was there before (made by hand, restored from a backup) gets the deny too. */
static void harden(const wchar_t *path) {
    bool changed;
    NTSTATUS status = STATUS_ACCESS_DENIED;
    HANDLE directory = CreateFileW(path, ACL_STAMP_ACCESS, NT_SHARE_ALL, NULL, OPEN_EXISTING,
                                   FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (directory != INVALID_HANDLE_VALUE) {
        status = acl_deny_delete_child(directory, &changed);
        CloseHandle(directory);
    }
    if (!NT_SUCCESS(status)) {
        msg_warn("%ls cannot be protected against deletes: %ls", path, msg_status_text(status));
    }
}

bool state_directory(wchar_t *path, size_t units) {
    DWORD used = GetEnvironmentVariableW(L"LOCALAPPDATA", path, (DWORD)units);
    if ((!used || used >= units || !is_full_path(path)) && !known_folder(path, units)) {
        msg_error("cannot find the folder for local application data: set LOCALAPPDATA");
        return false;
    }
    size_t length = wcslen(path);
    while (length > 3 && path[length - 1] == L'\\') {
        path[--length] = 0;
    }
    if (length + 5 > units) {
        msg_error("LOCALAPPDATA is too long: %ls", path);
        return false;
    }
    wcscat(path, L"\\sbx");
    PSECURITY_DESCRIPTOR descriptor = private_descriptor(true);
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    DWORD error = !descriptor ? last_error() : CreateDirectoryW(path, &attributes) ? 0 : last_error();
    LocalFree(descriptor);
    DWORD kind = error == ERROR_ALREADY_EXISTS ? GetFileAttributesW(path) : FILE_ATTRIBUTE_DIRECTORY;
    if (error && error != ERROR_ALREADY_EXISTS) {
        msg_error("cannot make the directory %ls: %ls", path, msg_win32_text(error));
        return false;
    }
    if (kind == INVALID_FILE_ATTRIBUTES || !(kind & FILE_ATTRIBUTE_DIRECTORY) ||
        (kind & FILE_ATTRIBUTE_REPARSE_POINT)) {
        msg_error("%ls is in the way: sbx keeps its state in a directory of that name", path);
        return false;
    }
    if (error) {
        harden(path);
    }
    return true;
}

/* Somebody else may have made a directory of this name before us. */
static bool take_over(const wchar_t *path, PSECURITY_DESCRIPTOR descriptor) {
    struct sd sd = {0};
    BY_HANDLE_FILE_INFORMATION facts;
    PSID user = sid_user();
    HANDLE directory = CreateFileW(path, ACL_STAMP_ACCESS, NT_SHARE_ALL, NULL, OPEN_EXISTING,
                                   FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    bool ok = user && directory != INVALID_HANDLE_VALUE && GetFileInformationByHandle(directory, &facts) &&
              (facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) &&
              !(facts.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && NT_SUCCESS(sd_read(directory, &sd)) &&
              sd.owner && EqualSid(sd.owner, user) && sd_level(&sd) >= SECURITY_MANDATORY_MEDIUM_RID &&
              NT_SUCCESS(NtSetSecurityObject(directory, DACL_SECURITY_INFORMATION, descriptor));
    if (directory != INVALID_HANDLE_VALUE) {
        CloseHandle(directory);
    }
    sd_free(&sd);
    LocalFree(user);
    return ok;
}

bool state_private_directory(const wchar_t *path) {
    PSECURITY_DESCRIPTOR descriptor = private_descriptor(true);
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    bool made = descriptor && CreateDirectoryW(path, &attributes);
    bool ok = made || (descriptor && GetLastError() == ERROR_ALREADY_EXISTS && take_over(path, descriptor));
    LocalFree(descriptor);
    return ok;
}

bool state_path(const wchar_t *name, wchar_t *path, size_t units) {
    if (!state_directory(path, units)) {
        return false;
    }
    if (wcslen(path) + 1 + wcslen(name) >= units) {
        msg_error("the path of %ls is too long", name);
        return false;
    }
    wcscat(path, L"\\");
    wcscat(path, name);
    return true;
}

HANDLE state_lock(const wchar_t *name, DWORD wait_ms) {
    wchar_t path[MAX_PATH + 64];
    if (!state_path(name, path, MAX_PATH + 64)) {
        return NULL;
    }
    ULONGLONG until = GetTickCount64() + wait_ms;
    for (;;) {
        /* Opened without sharing: the kernel lets one in, and lets go when its process ends. */
        HANDLE lock =
            CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
        if (lock != INVALID_HANDLE_VALUE) {
            return lock;
        }
        DWORD error = last_error();
        if (error != ERROR_SHARING_VIOLATION || GetTickCount64() >= until) {
            msg_error("cannot lock %ls: %ls", path, msg_win32_text(error));
            return NULL;
        }
        Sleep(LOCK_POLL_MS);
    }
}

char *state_read(const wchar_t *path, size_t limit, size_t *size, DWORD *error) {
    *size = 0;
    *error = 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        *error = last_error();
        return NULL;
    }
    LARGE_INTEGER length;
    char *bytes = NULL;
    DWORD got = 0;
    if (!GetFileSizeEx(file, &length)) {
        *error = last_error();
    } else if ((ULONGLONG)length.QuadPart > limit) {
        *error = ERROR_FILE_TOO_LARGE;
    } else if (!(bytes = malloc((size_t)length.QuadPart + 1))) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
    } else if (!ReadFile(file, bytes, (DWORD)length.QuadPart, &got, NULL)) {
        *error = last_error();
        free(bytes);
        bytes = NULL;
    } else {
        bytes[got] = 0;
        *size = got;
    }
    CloseHandle(file);
    return bytes;
}

static DWORD write_whole(const wchar_t *path, const char *bytes, size_t size) {
    PSECURITY_DESCRIPTOR descriptor = private_descriptor(false);
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor, FALSE};
    HANDLE file = descriptor ? CreateFileW(path, GENERIC_WRITE, 0, &attributes, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL)
                             : INVALID_HANDLE_VALUE;
    DWORD error = file == INVALID_HANDLE_VALUE ? last_error() : 0;
    DWORD written = 0;
    LocalFree(descriptor);
    if (error) {
        return error;
    }
    if (!WriteFile(file, bytes, (DWORD)size, &written, NULL) || !FlushFileBuffers(file)) {
        error = last_error();
    } else if (written != size) {
        error = ERROR_DISK_FULL;
    }
    CloseHandle(file);
    if (error) {
        DeleteFileW(path);
    }
    return error;
}

DWORD state_write(const wchar_t *path, const char *bytes, size_t size) {
    wchar_t beside[MAX_PATH + 96];
    ULONG random;
    if (BCryptGenRandom(NULL, (PUCHAR)&random, sizeof(random), BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0) {
        return ERROR_GEN_FAILURE;
    }
    int units = _snwprintf(beside, MAX_PATH + 95, L"%ls.%08lx.new", path, (unsigned long)random);
    if (units < 0 || units >= MAX_PATH + 95) {
        return ERROR_FILENAME_EXCED_RANGE;
    }
    DWORD error = write_whole(beside, bytes, size);
    for (int i = 0; !error; i++) {
        if (MoveFileExW(beside, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
            return 0;
        }
        error = last_error();
        /* A reader or a virus scanner that holds the old file without sharing lets go of it soon. */
        if ((error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION) && i < REPLACE_TRIES) {
            error = 0;
            Sleep(LOCK_POLL_MS);
            continue;
        }
        DeleteFileW(beside);
    }
    return error;
}
