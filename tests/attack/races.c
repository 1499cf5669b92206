/* What is checked is changed before it is used. */
#include "attack.h"

#include "kinds.h"

#include <string.h>

static struct sbx_request swapped(enum swap_kind kind, HANDLE handle) {
    const wchar_t *target = nt_below(scene.root, L"swap\\kept.txt");
    struct sbx_request request;
    switch (kind) {
    case SWAP_OPEN: return open_request(NULL, target, GENERIC_WRITE, 5, 0x20);
    case SWAP_CREATE: return open_request(NULL, nt_below(scene.root, L"swap\\made.txt"), GENERIC_WRITE, 3, 0x20);
    case SWAP_RENAME_INTO: return rename_request(handle, NULL, target);
    case SWAP_STAMP:
        request = stamp_request(NULL);
        request.u.stamp.name = wire_name(target);
        return request;
    default: return delete_request(handle);
    }
}

/* `swap` in the root is by turns a directory and a symbolic link to the outside directory, changed from outside. */
unsigned race_swap(uintptr_t argument) {
    HANDLE pipe = wire_client();
    unsigned result = HELD;
    wchar_t path[400];
    ask_driver("swap on");
    for (int i = 0; i < 150 && result == HELD; i++) {
        HANDLE handle = NULL;
        if ((enum swap_kind)argument == SWAP_RENAME_INTO) {
            handle = new_file(GENERIC_READ, path, 400);
        } else if ((enum swap_kind)argument == SWAP_DELETE) {
            handle = open_object(below(scene.root, L"swap\\kept.txt"), GENERIC_READ);
        }
        struct sbx_request request = swapped((enum swap_kind)argument, handle);
        struct sbx_reply reply = {0};
        unsigned outcome = wire_request(pipe, &request, &reply);
        result = outcome & (REFUSED | FAILED | SERVED) ? HELD : outcome;
        if (outcome == SERVED && reply.handle) {
            CloseHandle((HANDLE)(uintptr_t)reply.handle);
        }
        if (handle) {
            CloseHandle(handle);
        }
    }
    unsigned outside = ask_driver("swap off");
    CloseHandle(pipe);
    return outside ? outside : result;
}

struct renamer {
    volatile LONG stop;
    wchar_t one[400];
    wchar_t two[400];
};

/* A directory of the root goes back and forth between two names, by requests of a second connection. */
static DWORD WINAPI renamer_main(void *argument) {
    struct renamer *renamer = argument;
    HANDLE pipe = wire_client();
    for (int round = 0; !renamer->stop; round++) {
        HANDLE handle = open_object((round % 2 ? renamer->two : renamer->one) + 4, FILE_READ_ATTRIBUTES);
        if (handle != INVALID_HANDLE_VALUE) {
            uint8_t packed[2048];
            struct sbx_request request = rename_request(handle, NULL, round % 2 ? renamer->one : renamer->two);
            size_t size = sbx_request_pack(&request, packed, sizeof(packed));
            if (!wire_send(pipe, packed, size) || wire_receive(pipe, NULL) == CLOSED) {
                break;
            }
            CloseHandle(handle);
        }
    }
    CloseHandle(pipe);
    return 0;
}

/* New names relative to a directory that moves to where a protected name would be, and back. */
unsigned race_rename(uintptr_t argument) {
    struct renamer renamer = {0};
    wchar_t path[400];
    wcscpy(renamer.one, nt_below(scene.root, L"moving"));
    wcscpy(renamer.two, nt_below(scene.root, L"sub\\moving"));
    CreateDirectoryW(renamer.one + 4, NULL);
    CreateDirectoryW(below(scene.root, L"sub"), NULL);
    HANDLE thread = CreateThread(NULL, 0, renamer_main, &renamer, 0, NULL);
    HANDLE pipe = wire_client();
    unsigned result = HELD;
    for (uintptr_t i = 0; i < argument && result == HELD; i++) {
        HANDLE directory = open_object(renamer.one + 4, GENERIC_READ), file = new_file(GENERIC_READ, path, 400);
        struct sbx_request up = rename_request(file, directory == INVALID_HANDLE_VALUE ? NULL : directory, L"in");
        unsigned outcome = wire_request(pipe, &up, NULL);
        result = outcome & (REFUSED | FAILED | SERVED) ? HELD : outcome;
        CloseHandle(file);
        CloseHandle(directory);
    }
    renamer.stop = 1;
    WaitForSingleObject(thread, 15000);
    CloseHandle(pipe);
    return result;
}
