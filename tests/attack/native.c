/* What the kernel alone has to deny: ordinary calls of a program without the shim. */
#include "attack.h"

#include "kinds.h"

#include <aclapi.h>
#include <sddl.h>
#include <shlobj.h>
#include <string.h>

static unsigned result(bool done) {
    if (!done) {
        detail("error %lu", GetLastError());
    }
    return done ? OPEN : DENIED;
}

/* Opening is the attack; what is opened to be written is not written, but for victims of the driver. */
static unsigned can_open(const wchar_t *path, ACCESS_MASK access, DWORD disposition, DWORD flags) {
    HANDLE handle = CreateFileW(path, access, 7, NULL, disposition, FILE_FLAG_BACKUP_SEMANTICS | flags, NULL);
    bool opened = handle != INVALID_HANDLE_VALUE;
    unsigned outcome = result(opened);
    if (opened) {
        CloseHandle(handle);
    }
    return outcome;
}

static unsigned set_security(const wchar_t *path, SECURITY_INFORMATION what, const wchar_t *sddl) {
    PSECURITY_DESCRIPTOR descriptor = NULL;
    ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL);
    unsigned outcome = result(SetFileSecurityW(path, what, descriptor));
    LocalFree(descriptor);
    return outcome;
}

static unsigned replace_outside(void) {
    wchar_t path[400];
    HANDLE file = new_file(GENERIC_READ | DELETE, path, 400);
    if (file == INVALID_HANDLE_VALUE) {
        file = new_file(GENERIC_READ, path, 400);
    }
    CloseHandle(file);
    return result(MoveFileExW(path, below(scene.outside, L"replaced.txt"), MOVEFILE_REPLACE_EXISTING));
}

static unsigned delete_own(void) {
    wchar_t path[400];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    return result(DeleteFileW(path));
}

static unsigned autostart(void) {
    HKEY key;
    LSTATUS error =
        RegOpenKeyExW(HKEY_CURRENT_USER, L"Software\\Microsoft\\Windows\\CurrentVersion\\Run", 0, KEY_SET_VALUE, &key);
    if (error == ERROR_FILE_NOT_FOUND) {
        error =
            RegCreateKeyExW(HKEY_CURRENT_USER, L"Software\\sbx-attack", 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    }
    SetLastError((DWORD)error);
    if (!error) {
        RegCloseKey(key);
    }
    return result(!error);
}

static unsigned startup_folder(void) {
    wchar_t folder[MAX_PATH];
    if (SHGetFolderPathW(NULL, CSIDL_STARTUP, NULL, 0, folder) != S_OK) {
        SHGetFolderPathW(NULL, CSIDL_PROFILE, NULL, 0, folder);
    }
    return can_open(below(folder, L"attack.cmd"), GENERIC_WRITE, CREATE_NEW, 0);
}

static unsigned in_outside(enum native_kind kind) {
    wchar_t kept[400];
    wcscpy(kept, below(scene.outside, L"kept.txt"));
    switch (kind) {
    case NATIVE_DELETE: return result(DeleteFileW(below(scene.outside, L"deleted.txt")));
    case NATIVE_DELETE_ON_CLOSE:
        return can_open(below(scene.outside, L"closed.txt"), DELETE, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE);
    case NATIVE_RENAME:
        return result(MoveFileW(below(scene.outside, L"renamed.txt"), below(scene.root, L"was-renamed")));
    case NATIVE_REPLACE: return replace_outside();
    case NATIVE_REMOVE_DIRECTORY: return result(RemoveDirectoryW(below(scene.outside, L"empty")));
    case NATIVE_WRITE: return can_open(kept, FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_TRUNCATE: return can_open(kept, GENERIC_WRITE, TRUNCATE_EXISTING, 0);
    case NATIVE_CREATE: return can_open(below(scene.outside, L"new.txt"), GENERIC_WRITE, CREATE_NEW, 0);
    case NATIVE_CREATE_DIRECTORY: return result(CreateDirectoryW(below(scene.outside, L"new"), NULL));
    case NATIVE_ATTRIBUTES: return can_open(kept, FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA, OPEN_EXISTING, 0);
    case NATIVE_DACL: return set_security(kept, DACL_SECURITY_INFORMATION, L"D:(A;;FA;;;WD)");
    case NATIVE_OWNER: return set_security(kept, OWNER_SECURITY_INFORMATION, L"O:WD");
    case NATIVE_LABEL: return set_security(kept, LABEL_SECURITY_INFORMATION, L"S:(ML;;NW;;;LW)");
    default: return FAILED;
    }
}

static unsigned in_roots(enum native_kind kind) {
    switch (kind) {
    case NATIVE_DELETE_ROOT: return result(RemoveDirectoryW(scene.root) || MoveFileW(scene.root, L"C:\\moved"));
    case NATIVE_DELETE_PROTECTED: return result(DeleteFileW(below(scene.root, L"guard\\protected.txt")));
    case NATIVE_RENAME_GUARD: return result(MoveFileW(below(scene.root, L"guard"), below(scene.root, L"unguarded")));
    case NATIVE_WRITE_PROTECTED:
        return can_open(below(scene.root, L"guard\\protected.txt"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_DELETE_IN_ROOT: return delete_own();
    case NATIVE_DELETE_INACTIVE: return result(DeleteFileW(below(scene.inactive, L"old.txt")));
    case NATIVE_WRITE_INACTIVE: return can_open(below(scene.inactive, L"old.txt"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_DELETE_SECOND: return result(DeleteFileW(below(scene.second, L"theirs.txt")));
    case NATIVE_WRITE_SECOND: return can_open(below(scene.second, L"theirs.txt"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    default: return FAILED;
    }
}

unsigned native_attack(uintptr_t argument) {
    enum native_kind kind = (enum native_kind)argument;
    switch (kind) {
    case NATIVE_DELETE_STATE: return result(DeleteFileW(below(scene.state, L"cap_sid.json")));
    case NATIVE_WRITE_STATE: return can_open(below(scene.state, L"cap_sid.json"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_PLANT_STATE: return can_open(below(scene.state, L"planted.json"), GENERIC_WRITE, CREATE_NEW, 0);
    case NATIVE_RENAME_STATE: return result(MoveFileW(scene.state, below(scene.root, L"state")));
    case NATIVE_DELETE_EVENTS: return result(DeleteFileW(scene.events));
    case NATIVE_WRITE_EVENTS: return can_open(scene.events, FILE_APPEND_DATA, OPEN_EXISTING, 0);
    case NATIVE_WRITE_SBX: return can_open(below(scene.app, L"sbx.exe"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_WRITE_SHIM: return can_open(below(scene.app, L"sbxshim.dll"), FILE_WRITE_DATA, OPEN_EXISTING, 0);
    case NATIVE_PLANT_DLL: return can_open(below(scene.app, L"version.dll"), GENERIC_WRITE, CREATE_NEW, 0);
    case NATIVE_AUTOSTART: return autostart();
    case NATIVE_STARTUP: return startup_folder();
    default: return kind >= NATIVE_DELETE_ROOT ? in_roots(kind) : in_outside(kind);
    }
}
