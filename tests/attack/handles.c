/* Handles that are not files, not in a root, or not what they were when they were sent. */
#include "attack.h"

#include "kinds.h"

#include <string.h>

static unsigned ask_delete(HANDLE handle) {
    struct sbx_request request = delete_request(handle);
    return wire_once(&request, NULL);
}

/* The number itself is the attack: nothing, pseudo handles, nothing open, not a multiple of four. */
unsigned handle_value(uintptr_t argument) { return ask_delete((HANDLE)argument); }

static HANDLE make_kind(enum handle_kind kind) {
    HANDLE handle = NULL;
    switch (kind) {
    case KIND_EVENT: return CreateEventW(NULL, TRUE, FALSE, NULL);
    case KIND_PROCESS:
        DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &handle, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        return handle;
    case KIND_THREAD:
        DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &handle, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        return handle;
    case KIND_TOKEN: return OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &handle) ? handle : NULL;
    case KIND_SECTION: return CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, NULL);
    case KIND_PIPE: return wire_client();
    case KIND_ANONYMOUS_PIPE: {
        HANDLE other;
        return CreatePipe(&handle, &other, NULL, 0) ? handle : NULL;
    }
    case KIND_DEVICE: return CreateFileW(L"NUL", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    case KIND_VOLUME: return CreateFileW(L"\\\\.\\C:", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    case KIND_KEY: {
        HKEY key;
        return RegOpenKeyExW(HKEY_CURRENT_USER, L"Software", 0, KEY_READ, &key) ? NULL : (HANDLE)key;
    }
    }
    return NULL;
}

unsigned handle_kind(uintptr_t argument) {
    HANDLE handle = make_kind((enum handle_kind)argument);
    if (!handle || handle == INVALID_HANDLE_VALUE) {
        detail("no such handle could be made: error %lu", GetLastError());
        return DENIED;
    }
    unsigned outcome = ask_delete(handle);
    if ((enum handle_kind)argument == KIND_KEY) {
        RegCloseKey((HKEY)handle);
    } else {
        CloseHandle(handle);
    }
    return outcome;
}

static const wchar_t *place_path(enum object_place place) {
    static wchar_t above[300];
    switch (place) {
    case PLACE_FILE_OUTSIDE: return below(scene.outside, L"kept.txt");
    case PLACE_DIRECTORY_OUTSIDE: return below(scene.outside, L"dir");
    case PLACE_ROOT: return scene.root;
    case PLACE_ABOVE_ROOT:
        wcscpy(above, scene.root);
        *wcsrchr(above, L'\\') = 0;
        return above;
    case PLACE_PROTECTED: return below(scene.root, L"guard\\protected.txt");
    case PLACE_ABOVE_PROTECTED: return below(scene.root, L"guard");
    case PLACE_TEMP: return _wgetenv(L"TEMP");
    case PLACE_INACTIVE_ROOT: return below(scene.inactive, L"old.txt");
    case PLACE_SECOND_RUN: return below(scene.second, L"theirs.txt");
    case PLACE_SYMLINK_FILE: return below(scene.root, L"symfile");
    case PLACE_SYMLINK_DIRECTORY: return below(scene.root, L"symdir\\kept.txt");
    case PLACE_STATE: return below(scene.state, L"cap_sid.json");
    case PLACE_EVENTS: return scene.events;
    case PLACE_SHIM: return below(scene.app, L"sbxshim.dll");
    case PLACE_OWN_PROGRAM: return scene.self;
    }
    return L"";
}

/* Opened for reading, which the child may, and sent to be deleted in both ways. */
unsigned handle_place(uintptr_t argument) {
    HANDLE handle = open_object(place_path((enum object_place)argument), GENERIC_READ);
    if (handle == INVALID_HANDLE_VALUE) {
        handle = open_object(place_path((enum object_place)argument), FILE_READ_ATTRIBUTES);
    }
    if (handle == INVALID_HANDLE_VALUE) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    struct sbx_request posix = delete_request(handle);
    posix.u.del.flags = 0x13;
    posix.u.del.info_class = 64;
    unsigned outcome = wire_once(&posix, NULL);
    if (outcome == REFUSED || outcome == FAILED) {
        outcome = ask_delete(handle);
    }
    CloseHandle(handle);
    return outcome;
}

struct pending {
    HANDLE handle;
    enum pending_kind kind;
    volatile LONG started;
};

static DWORD WINAPI pending_main(void *argument) {
    struct pending *pending = argument;
    static BYTE buffer[4096];
    DWORD done;
    InterlockedExchange(&pending->started, 1);
    if (pending->kind == PENDING_NOTIFY) {
        ReadDirectoryChangesW(pending->handle, buffer, sizeof(buffer), TRUE, FILE_NOTIFY_CHANGE_SECURITY, &done, NULL,
                              NULL);
    } else {
        ReadFile(pending->handle, buffer, 1, &done, NULL);
    }
    return 0;
}

/* A synchronous handle with a call pending on it: any query on it waits until that call ends, which is never. */
unsigned handle_pending(uintptr_t argument) {
    struct pending pending = {.kind = (enum pending_kind)argument};
    HANDLE writer = NULL;
    if (pending.kind == PENDING_NOTIFY) {
        CreateDirectoryW(below(scene.root, L"watched"), NULL);
        pending.handle = open_object(below(scene.root, L"watched"), FILE_LIST_DIRECTORY | SYNCHRONIZE);
    } else if (!CreatePipe(&pending.handle, &writer, NULL, 0)) {
        return FAILED;
    }
    HANDLE thread = CreateThread(NULL, 0, pending_main, &pending, 0, NULL);
    while (!pending.started) {
        Sleep(1);
    }
    Sleep(50);
    ULONGLONG began = GetTickCount64();
    unsigned outcome = ask_delete(pending.handle);
    ULONGLONG took = GetTickCount64() - began;
    detail("%lu ms", (unsigned long)took);
    TerminateThread(thread, 0);
    CloseHandle(thread);
    CloseHandle(writer);
    /* Not closed: on Windows the close could wait for the pending call. */
    return took > 15000 ? HUNG : outcome;
}

struct reuse {
    volatile LONG stop;
    volatile HANDLE handle;
};

/* Opens and closes in turn a file inside and one outside, which get the same handle value again and again. */
static DWORD WINAPI reuse_main(void *argument) {
    struct reuse *reuse = argument;
    wchar_t inside[400];
    wchar_t outside[400];
    wcscpy(outside, below(scene.outside, L"kept.txt"));
    for (int round = 0; !reuse->stop; round++) {
        HANDLE handle = round % 2 ? open_object(outside, GENERIC_READ) : new_file(GENERIC_READ, inside, 400);
        reuse->handle = handle;
        for (int i = 0; i < 200; i++) {
            YieldProcessor();
        }
        reuse->handle = NULL;
        CloseHandle(handle);
    }
    return 0;
}

unsigned handle_reused(uintptr_t argument) {
    struct reuse reuse = {0};
    HANDLE pipe = wire_client();
    HANDLE thread = CreateThread(NULL, 0, reuse_main, &reuse, 0, NULL);
    unsigned result = HELD;
    for (uintptr_t i = 0; i < argument && result == HELD; i++) {
        HANDLE handle = reuse.handle;
        struct sbx_request request = delete_request(handle ? handle : (HANDLE)0x100);
        unsigned outcome = wire_request(pipe, &request, NULL);
        result = outcome & (REFUSED | FAILED | SERVED) ? HELD : outcome;
    }
    reuse.stop = 1;
    WaitForSingleObject(thread, 10000);
    CloseHandle(thread);
    CloseHandle(pipe);
    return GetFileAttributesW(below(scene.outside, L"kept.txt")) == INVALID_FILE_ATTRIBUTES ? OPEN : result;
}
