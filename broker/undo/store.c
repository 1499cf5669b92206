#include "broker/undo/store.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/state/state.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES 262144u

bool undo_base(wchar_t *path, size_t units) {
    if (!state_path(L"undo", path, units)) {
        return false;
    }
    if (!CreateDirectoryW(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS) {
        msg_error("cannot make the directory %ls: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    return true;
}

void undo_leaf(unsigned long number, struct undo_leaf *leaf) {
    int units = swprintf(leaf->text, 16, L"%lu", number);
    leaf->name.units = (const uint16_t *)leaf->text;
    leaf->name.length = units < 0 ? 0 : (size_t)units;
}

void undo_discard(const struct undo_store *store, unsigned long number) {
    struct undo_leaf leaf;
    HANDLE file;
    undo_leaf(number, &leaf);
    if (NT_SUCCESS(object_open_below(store->directory, leaf.name, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                                     0, &file))) {
        /* What stays behind goes with the run. */
        (void)!NT_SUCCESS(object_delete_name(file));
        NtClose(file);
    }
}

DWORD undo_copy_bytes(HANDLE from, HANDLE to, ULONGLONG most) {
    BYTE *buffer = malloc(COPY_BYTES);
    DWORD error = buffer ? 0 : ERROR_NOT_ENOUGH_MEMORY, got = 0, written;
    while (!error) {
        if (!ReadFile(from, buffer, COPY_BYTES, &got, NULL) ||
            (got && got <= most && !WriteFile(to, buffer, got, &written, NULL))) {
            error = last_error();
        } else if (!got) {
            break;
        } else if (got > most) {
            error = ERROR_FILE_TOO_LARGE;
        }
        most -= got;
    }
    free(buffer);
    return error;
}
