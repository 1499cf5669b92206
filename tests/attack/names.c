/* Names that lead, or could lead, somewhere else. */
#include "attack.h"

#include "kinds.h"

#include <string.h>

/* The 8.3 name of the directory in the root that has a protected file and a long name; NULL when it has none. */
static const wchar_t *short_guard(void) {
    static wchar_t path[400];
    DWORD length = GetShortPathNameW(below(scene.root, L"guard of a long name"), path, 400);
    const wchar_t *leaf = length && length < 400 ? wcsrchr(path, L'\\') + 1 : L"";
    return wcschr(leaf, L'~') ? leaf : NULL;
}

static const wchar_t *short_protected(void) {
    const wchar_t *leaf = short_guard();
    return leaf ? nt_below(scene.root, leaf) : NULL;
}

static const wchar_t *text_of(enum name_kind kind) {
    static wchar_t text[33000];
    static const wchar_t escapes[] = L"\x1b]0;owned\a\x1b[2Jx\r\nsbx: all well\x202e";
    switch (kind) {
    case NAME_OUTSIDE: return nt_below(scene.outside, L"new.txt");
    case NAME_ONTO_OUTSIDE: return nt_below(scene.outside, L"kept.txt");
    case NAME_DOTDOT: return L"..";
    case NAME_DOT: return L".";
    case NAME_EMPTY: return L"";
    case NAME_STREAM: return L"mine:stream";
    case NAME_SLASH: return L"../outside/kept.txt";
    case NAME_LONG:
    case NAME_LONGEST:
        wmemset(text, L'x', 32767);
        text[kind == NAME_LONG ? 256 : 32767] = 0;
        return text;
    case NAME_THROUGH_DOTDOT: return nt_below(scene.root, L"..\\outside\\kept.txt");
    case NAME_HANDLE_OUTSIDE: return L"kept.txt";
    case NAME_HANDLE_DOTDOT: return L"sub\\..\\..\\outside\\kept.txt";
    case NAME_DEVICE: return L"\\Device\\HarddiskVolume1\\x";
    case NAME_UNC: return L"\\??\\UNC\\127.0.0.1\\C$\\x";
    case NAME_VOLUME: return L"\\??\\Volume{00000000-0000-0000-0000-000000000000}\\x";
    case NAME_GLOBALROOT: swprintf(text, 600, L"\\??\\GLOBALROOT\\??\\%ls\\new.txt", scene.outside); return text;
    case NAME_DRIVE_RELATIVE: return L"C:new.txt";
    case NAME_WIN32: swprintf(text, 600, L"\\\\?\\%ls\\new.txt", scene.outside); return text;
    case NAME_DOTS_AT_END: swprintf(text, 600, L"\\??\\%ls. .\\new.txt", scene.root); return text;
    case NAME_CASE: swprintf(text, 600, L"\\??\\%ls\\..\\outside\\new.txt", scene.root); return CharUpperW(text);
    case NAME_PREFIX: swprintf(text, 600, L"\\??\\%ls2\\new.txt", scene.root); return text;
    case NAME_SHORT_PROTECTED: return short_protected();
    case NAME_SYMLINK: return nt_below(scene.root, L"symdir\\new.txt");
    case NAME_PROTECTED: return nt_below(scene.root, L"guard\\protected.txt");
    case NAME_ROOT: swprintf(text, 600, L"\\??\\%ls", scene.root); return text;
    case NAME_ONTO_GUARD: return nt_below(scene.root, L"guard");
    case NAME_SURROGATE: return nt_below(scene.outside, L"\xd800");
    case NAME_ESCAPES: return nt_below(scene.outside, escapes);
    case NAME_INACTIVE: return nt_below(scene.inactive, L"new.txt");
    case NAME_SECOND_RUN: return nt_below(scene.second, L"new.txt");
    case NAME_STATE: return nt_below(scene.state, L"new.json");
    default: return L"";
    }
}

/* A file of the child, given each of these names. */
unsigned name_rename(uintptr_t argument) {
    enum name_kind kind = (enum name_kind)argument;
    wchar_t path[400];
    HANDLE directory = NULL;
    HANDLE file = new_file(GENERIC_READ, path, 400);
    const wchar_t *name = text_of(kind);
    if (file == INVALID_HANDLE_VALUE || !name) {
        detail(name ? "no file in the root" : "no short name here");
        return FAILED;
    }
    if (kind == NAME_HANDLE_OUTSIDE) {
        directory = open_object(scene.outside, GENERIC_READ);
    } else if (name[0] != L'\\' && kind != NAME_DRIVE_RELATIVE) {
        directory = open_object(scene.root, GENERIC_READ);
    }
    struct sbx_request request = rename_request(file, directory, name);
    static const wchar_t nul[] = L"a\0b";
    if (kind == NAME_NUL) {
        request.u.rename.name.bytes = (const uint8_t *)nul;
        request.u.rename.name.size = 6;
    }
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(directory);
    CloseHandle(file);
    return outcome;
}

static unsigned with_handle(HANDLE handle, enum name_request kind) {
    wchar_t inside[400];
    swprintf(inside, 400, L"\\??\\%ls\\taken", scene.root);
    struct sbx_request request = rename_request(handle, NULL, inside);
    switch (kind) {
    case REQUEST_RENAME_FLAGS:
        request.u.rename.flags = 0x8001;
        request.u.rename.info_class = 65;
        break;
    case REQUEST_RENAME_CLASS: request.u.rename.info_class = 13; break;
    case REQUEST_DELETE_ON_CLOSE_FLAG:
    case REQUEST_DELETE_CLASS:
        request = delete_request(handle);
        request.u.del.flags = kind == REQUEST_DELETE_CLASS ? 1 : 9;
        request.u.del.info_class = kind == REQUEST_DELETE_CLASS ? 14 : 64;
        break;
    case REQUEST_TAKE_BACK_OUTSIDE:
    case REQUEST_LET_GO:
        request = delete_request(handle);
        request.u.del.flags = 0;
        request.u.del.info_class = kind == REQUEST_LET_GO ? 0 : 13;
        break;
    case REQUEST_ENDED_EVENT:
    case REQUEST_ENDED_NOTHING:
        request.op = SBX_OP_ENDED;
        request.u.ended.process = kind == REQUEST_ENDED_EVENT ? wire_handle(handle) : 0xFFFFFFF0u;
        break;
    case REQUEST_LINK_FROM_OUTSIDE:
    case REQUEST_LINK_PROTECTED: request = link_request(handle, NULL, inside); break;
    case REQUEST_LINK_TO_OUTSIDE: request = link_request(handle, NULL, nt_below(scene.outside, L"new.txt")); break;
    default: break;
    }
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(handle);
    return outcome;
}

/* The directory is opened by its 8.3 name, so that this is the kernel's name of the handle. */
static unsigned with_short_guard(enum name_request kind) {
    const wchar_t *leaf = short_guard();
    if (!leaf) {
        detail("no short name here");
        return FAILED;
    }
    return with_handle(open_object(below(scene.root, leaf), GENERIC_READ), kind);
}

unsigned name_other(uintptr_t argument) {
    enum name_request kind = (enum name_request)argument;
    wchar_t path[400];
    switch (kind) {
    case REQUEST_RENAME_ROOT: return with_handle(open_object(scene.root, GENERIC_READ), kind);
    case REQUEST_RENAME_FROM_OUTSIDE:
    case REQUEST_TAKE_BACK_OUTSIDE:
    case REQUEST_LINK_FROM_OUTSIDE:
        return with_handle(open_object(below(scene.outside, L"kept.txt"), GENERIC_READ), kind);
    case REQUEST_RENAME_GUARD: return with_handle(open_object(below(scene.root, L"guard"), GENERIC_READ), kind);
    case REQUEST_RENAME_GUARD_SHORT: return with_short_guard(kind);
    case REQUEST_LINK_PROTECTED:
        return with_handle(open_object(below(scene.root, L"guard\\protected.txt"), GENERIC_READ), kind);
    case REQUEST_ENDED_EVENT: return with_handle(CreateEventW(NULL, TRUE, FALSE, NULL), kind);
    case REQUEST_ENDED_NOTHING:
    case REQUEST_RENAME_FLAGS:
    case REQUEST_RENAME_CLASS:
    case REQUEST_DELETE_ON_CLOSE_FLAG:
    case REQUEST_DELETE_CLASS:
    case REQUEST_LET_GO:
    default: return with_handle(new_file(GENERIC_READ, path, 400), kind);
    }
}

/* A drive letter of the child's own that leads outside, and one that leads to the root with .. behind it. */
unsigned name_drive(uintptr_t argument) {
    wchar_t path[400], target[400];
    swprintf(target, 400, L"\\??\\%ls", argument ? scene.root : scene.outside);
    if (!DefineDosDeviceW(DDD_RAW_TARGET_PATH, L"Q:", target)) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    HANDLE file = new_file(GENERIC_READ, path, 400);
    struct sbx_request request = rename_request(file, NULL, L"\\??\\Q:\\new.txt");
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(file);
    DefineDosDeviceW(DDD_REMOVE_DEFINITION | DDD_RAW_TARGET_PATH | DDD_EXACT_MATCH_ON_REMOVE, L"Q:", target);
    return outcome;
}
