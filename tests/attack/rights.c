/* Opens, stamps and hard links: what the broker opens for the child, and what comes back. */
#include "attack.h"

#include "kinds.h"

#include <string.h>

#define OPEN_BY_FILE_ID 0x2000u
#define DELETE_ON_CLOSE 0x1000u
#define SYNCHRONOUS 0x20u

NTSTATUS NTAPI NtQueryObject(HANDLE handle, OBJECT_INFORMATION_CLASS class_, PVOID data, ULONG size, PULONG needed);

static unsigned opens(const wchar_t *path, ACCESS_MASK access, ULONG disposition, ULONG options) {
    struct sbx_request request = open_request(NULL, path, access, disposition, options | SYNCHRONOUS);
    struct sbx_reply reply = {0};
    unsigned outcome = wire_once(&request, &reply);
    if (outcome == SERVED && reply.handle) {
        CloseHandle((HANDLE)(uintptr_t)reply.handle);
    }
    return outcome;
}

static unsigned in_root(ACCESS_MASK access, ULONG disposition, ULONG options) {
    wchar_t path[400], nt[410];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    swprintf(nt, 410, L"\\??\\%ls", path);
    return opens(nt, access, disposition, options);
}

static unsigned share_of_nothing_known(void) {
    wchar_t path[400], nt[410];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    swprintf(nt, 410, L"\\??\\%ls", path);
    struct sbx_request request = open_request(NULL, nt, GENERIC_WRITE, 1, SYNCHRONOUS);
    request.u.open.share = 0xFF;
    return wire_once(&request, NULL);
}

unsigned right_open(uintptr_t argument) {
    const wchar_t *kept = nt_below(scene.outside, L"kept.txt");
    wchar_t events[400];
    switch ((enum open_kind)argument) {
    case OPENS_OUTSIDE: return opens(kept, GENERIC_WRITE, 1, 0);
    case OPENS_OVERWRITE_OUTSIDE: return opens(kept, GENERIC_WRITE, 5, 0);
    case OPENS_SUPERSEDE_OUTSIDE: return opens(kept, GENERIC_WRITE, 0, 0);
    case OPENS_CREATE_OUTSIDE: return opens(nt_below(scene.outside, L"new.txt"), GENERIC_WRITE, 2, 0);
    case OPENS_DELETE_ON_CLOSE_OUTSIDE: return opens(kept, DELETE, 1, DELETE_ON_CLOSE);
    case OPENS_DELETE_ON_CLOSE_ROOT: return opens(nt_below(scene.root, L"."), DELETE, 1, DELETE_ON_CLOSE);
    case OPENS_DELETE_ON_CLOSE_PROTECTED:
        return opens(nt_below(scene.root, L"guard\\protected.txt"), DELETE, 1, DELETE_ON_CLOSE);
    case OPENS_PROTECTED: return opens(nt_below(scene.root, L"guard\\protected.txt"), GENERIC_WRITE, 1, 0);
    case OPENS_THROUGH_SYMLINK: return opens(nt_below(scene.root, L"symdir\\kept.txt"), GENERIC_WRITE, 1, 0);
    case OPENS_SYMLINK: return opens(nt_below(scene.root, L"symfile"), GENERIC_WRITE, 1, 0);
    case OPENS_HARD_LINK: return opens(nt_below(scene.root, L"linked-before"), GENERIC_WRITE, 1, 0);
    case OPENS_HARD_LINK_AFTER:
        ask_driver("link linked-open");
        return opens(nt_below(scene.root, L"linked-open"), FILE_WRITE_ATTRIBUTES, 1, 0);
    case OPENS_OVERWRITE_HARD_LINK: return opens(nt_below(scene.root, L"linked-before"), GENERIC_WRITE, 5, 0);
    case OPENS_WRITE_DAC: return in_root(WRITE_DAC, 1, 0);
    case OPENS_WRITE_OWNER: return in_root(WRITE_OWNER, 1, 0);
    case OPENS_SYSTEM_SECURITY: return in_root(ACCESS_SYSTEM_SECURITY | GENERIC_READ, 1, 0);
    case OPENS_BY_ID: return in_root(GENERIC_WRITE, 1, OPEN_BY_FILE_ID);
    case OPENS_DISPOSITION: return in_root(GENERIC_WRITE, 9, 0);
    case OPENS_OPTIONS: return in_root(GENERIC_WRITE, 1, 0x80000000u);
    case OPENS_SHARE: return share_of_nothing_known();
    case OPENS_STREAM: return opens(nt_below(scene.root, L"mine:stream"), GENERIC_WRITE, 3, 0);
    case OPENS_STATE: return opens(nt_below(scene.state, L"cap_sid.json"), GENERIC_WRITE, 1, 0);
    case OPENS_EVENTS: swprintf(events, 400, L"\\??\\%ls", scene.events); return opens(events, GENERIC_WRITE, 1, 0);
    case OPENS_SHIM: return opens(nt_below(scene.app, L"sbxshim.dll"), GENERIC_WRITE, 1, 0);
    }
    return FAILED;
}

/* Rights that a handle from the broker must not have, however they are asked for. */
unsigned right_handle(uintptr_t argument) {
    static const ACCESS_MASK never = DELETE | WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY | FILE_DELETE_CHILD;
    wchar_t path[400], nt[410];
    bool directory = argument == FILE_DELETE_CHILD;
    if (directory) {
        wcscpy(nt, nt_below(scene.root, L"handles"));
        CreateDirectoryW(nt + 4, NULL);
    } else {
        CloseHandle(new_file(GENERIC_READ, path, 400));
        swprintf(nt, 410, L"\\??\\%ls", path);
    }
    struct sbx_request request =
        open_request(NULL, nt, (ACCESS_MASK)argument | GENERIC_READ, 1, SYNCHRONOUS | (directory ? 1 : 0));
    struct sbx_reply reply = {0};
    unsigned outcome = wire_once(&request, &reply);
    PUBLIC_OBJECT_BASIC_INFORMATION basic = {0};
    if (outcome != SERVED) {
        return outcome;
    }
    HANDLE handle = (HANDLE)(uintptr_t)reply.handle;
    ULONG size;
    if (NtQueryObject(handle, (OBJECT_INFORMATION_CLASS)0, &basic, sizeof(basic), &size) < 0) {
        return FAILED;
    }
    CloseHandle(handle);
    detail("the handle has %08lx", basic.GrantedAccess);
    return basic.GrantedAccess & never ? OPEN : HELD;
}

static unsigned stamp(const wchar_t *path) {
    HANDLE handle = open_object(path, FILE_READ_ATTRIBUTES);
    if (handle == INVALID_HANDLE_VALUE) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    struct sbx_request request = stamp_request(handle);
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(handle);
    return outcome;
}

/* One entry: everything for Everyone, inherited by nothing. */
static const uint8_t everyone_dacl[] = {2,    0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0xFF, 1,
                                        0x1F, 0, 1,  1, 0, 0, 0, 0, 0, 1, 0,  0, 0,    0};
#define DACL_COUNT 4 /* offset of ACL.AceCount */
#define DACL_KIND 8  /* offset of the entry's type */
#define DACL_SIZE 10 /* offset of the entry's size */

static unsigned set_dacl(const wchar_t *path, const void *dacl, uint32_t size) {
    HANDLE handle = CreateFileW(path, FILE_READ_ATTRIBUTES, 7, NULL, OPEN_EXISTING,
                                FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        return DENIED;
    }
    struct sbx_request request = security_request(handle, dacl, size);
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(handle);
    return outcome;
}

static unsigned odd_dacl(unsigned at, uint8_t value) {
    uint8_t dacl[sizeof(everyone_dacl)];
    wchar_t path[400];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    memcpy(dacl, everyone_dacl, sizeof(dacl));
    dacl[at] = value;
    return set_dacl(path, dacl, sizeof(dacl));
}

static unsigned random_dacl(void) {
    static uint8_t bytes[60000];
    wchar_t path[400];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    return set_dacl(path, bytes, sizeof(bytes));
}

static unsigned delete_by_dacl(void) {
    wchar_t path[400];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    if (set_dacl(path, everyone_dacl, sizeof(everyone_dacl)) != SERVED) {
        return REFUSED;
    }
    HANDLE handle = CreateFileW(path, DELETE | WRITE_DAC, 7, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        return GetLastError() == ERROR_ACCESS_DENIED ? DENIED : FAILED;
    }
    CloseHandle(handle);
    return OPEN;
}

unsigned right_security(uintptr_t argument) {
    const wchar_t *path = NULL;
    switch ((enum security_kind)argument) {
    case SECURITY_OUTSIDE: path = below(scene.outside, L"kept.txt"); break;
    case SECURITY_INACTIVE: path = below(scene.inactive, L"old.txt"); break;
    case SECURITY_HARD_LINK: path = below(scene.root, L"linked-before"); break;
    case SECURITY_PROTECTED: path = below(scene.root, L"guard\\protected.txt"); break;
    case SECURITY_STATE: path = below(scene.state, L"cap_sid.json"); break;
    case SECURITY_NO_ENTRIES: return odd_dacl(DACL_COUNT - 2, 0);
    case SECURITY_COUNT_TOO_LARGE: return odd_dacl(DACL_COUNT, 200);
    case SECURITY_ENTRY_TOO_LONG: return odd_dacl(DACL_SIZE, 200);
    case SECURITY_OTHER_ENTRY: return odd_dacl(DACL_KIND, 5);
    case SECURITY_NOT_AN_ACL: return random_dacl();
    case SECURITY_TO_DELETE: return delete_by_dacl();
    }
    return set_dacl(path, everyone_dacl, sizeof(everyone_dacl));
}

static unsigned stamp_parent(const wchar_t *name) {
    struct sbx_request request = stamp_request(NULL);
    request.u.stamp.name = wire_name(name);
    return wire_once(&request, NULL);
}

unsigned right_stamp(uintptr_t argument) {
    wchar_t above[300];
    switch ((enum stamp_kind)argument) {
    case STAMP_OUTSIDE: return stamp(below(scene.outside, L"kept.txt"));
    case STAMP_ABOVE_ROOT:
        wcscpy(above, scene.root);
        *wcsrchr(above, L'\\') = 0;
        return stamp(above);
    case STAMP_INACTIVE: return stamp(below(scene.inactive, L"old.txt"));
    case STAMP_HARD_LINK: return stamp(below(scene.root, L"linked-before"));
    case STAMP_HARD_LINK_AFTER: ask_driver("link linked-stamp"); return stamp(below(scene.root, L"linked-stamp"));
    case STAMP_SYMLINK: return stamp(below(scene.root, L"symfile"));
    case STAMP_PROTECTED: return stamp(below(scene.root, L"guard\\protected.txt"));
    case STAMP_STATE: return stamp(below(scene.state, L"cap_sid.json"));
    case STAMP_PARENT_OUTSIDE: return stamp_parent(nt_below(scene.outside, L"new.txt"));
    }
    return FAILED;
}

/* Another name of an outside file stands in the root. Its name there is the child's; its content is not. */
static unsigned write_through(const wchar_t *path) {
    DWORD done;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    WriteFile(file, "owned", 5, &done, NULL);
    CloseHandle(file);
    return OPEN;
}

unsigned link_attack(uintptr_t argument) {
    HANDLE handle;
    struct sbx_request request;
    unsigned outcome;
    switch ((enum link_kind)argument) {
    case LINK_DELETE_BEFORE:
        handle = open_object(below(scene.root, L"linked-gone"), GENERIC_READ);
        request = delete_request(handle);
        break;
    case LINK_RENAME_AFTER:
        ask_driver("link linked-move");
        handle = open_object(below(scene.root, L"linked-move"), GENERIC_READ);
        request = rename_request(handle, NULL, nt_below(scene.root, L"linked-moved"));
        break;
    case LINK_WRITE_NATIVELY: return write_through(below(scene.root, L"linked-before"));
    case LINK_MADE_NATIVELY: {
        const wchar_t *name = below(scene.root, L"linked-natively");
        if (!CreateHardLinkW(name, below(scene.outside, L"kept.txt"), NULL)) {
            detail("error %lu", GetLastError());
            return DENIED;
        }
        outcome = stamp(name);
        if (outcome == SERVED) {
            return OPEN;
        }
        return write_through(name);
    }
    default: return FAILED;
    }
    outcome = wire_once(&request, NULL);
    CloseHandle(handle);
    return outcome;
}
