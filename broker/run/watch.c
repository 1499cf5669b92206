#include "broker/run/watch.h"

#include "broker/object/object.h"
#include "broker/sandbox/low_list.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define PAUSE_MS 20u
/* What the system collects between two looks. More than that is not told one by one, and the whole root is looked at.
 * (A network file system takes at most 64 KiB.) */
#define NOTE_BYTES 262144u
#define NOTE_BYTES_NETWORK 65536u

struct watched {
    struct low_list *list;
    size_t root;
    HANDLE directory; /* opened for FILE_LIST_DIRECTORY, asynchronous */
    HANDLE stop;
    uv_thread_t thread;
    DWORD buffer[NOTE_BYTES / sizeof(DWORD)];
};

struct watch {
    struct watched *roots[ROOT_SET_MAX_ROOTS]; /* NULL for TEMP and for a root that cannot be watched */
};

static void note(struct watched *watched, DWORD action, const BYTE *name, DWORD bytes) {
    wchar_t path[32768];
    if (action == FILE_ACTION_REMOVED || action == FILE_ACTION_RENAMED_OLD_NAME || bytes > sizeof(path)) {
        return;
    }
    memcpy(path, name, bytes); /* may not be aligned */
    low_list_add(watched->list, watched->root, (struct policy_name){(const uint16_t *)path, bytes / sizeof(wchar_t)},
                 false);
}

static void read_notes(struct watched *watched, DWORD bytes) {
    const BYTE *at = (const BYTE *)watched->buffer;
    if (!bytes) {
        low_list_add_root(watched->list, watched->root);
        return;
    }
    for (;;) {
        /* Windows puts each entry at a multiple of four bytes; Wine does not. */
        FILE_NOTIFY_INFORMATION change;
        memcpy(&change, at, offsetof(FILE_NOTIFY_INFORMATION, FileName));
        note(watched, change.Action, at + offsetof(FILE_NOTIFY_INFORMATION, FileName), change.FileNameLength);
        if (!change.NextEntryOffset) {
            return;
        }
        at += change.NextEntryOffset;
    }
}

static bool ask_for_notes(struct watched *watched, OVERLAPPED *overlapped) {
    const DWORD what = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE;
    return ReadDirectoryChangesW(watched->directory, watched->buffer, NOTE_BYTES, TRUE, what, NULL, overlapped, NULL) ||
           ReadDirectoryChangesW(watched->directory, watched->buffer, NOTE_BYTES_NETWORK, TRUE, what, NULL, overlapped,
                                 NULL);
}

static void watch_main(void *argument) {
    struct watched *watched = argument;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    HANDLE events[2] = {overlapped.hEvent, watched->stop};
    while (overlapped.hEvent) {
        DWORD bytes;
        if (!ask_for_notes(watched, &overlapped)) {
            low_list_add_root(watched->list, watched->root);
            break;
        }
        bool stop = WaitForMultipleObjects(2, events, FALSE, INFINITE) != WAIT_OBJECT_0;
        if (stop) {
            CancelIoEx(watched->directory, &overlapped);
        }
        if (GetOverlappedResult(watched->directory, &overlapped, &bytes, TRUE)) {
            read_notes(watched, bytes);
        }
        if (stop) {
            break;
        }
        /* The system collects what changes meanwhile. Without the pause this thread would wake for every call of the
         * program. */
        WaitForSingleObject(watched->stop, PAUSE_MS);
    }
    if (overlapped.hEvent) {
        CloseHandle(overlapped.hEvent);
    }
}

static void free_watched(struct watched *watched) {
    if (watched && watched->directory) {
        NtClose(watched->directory);
    }
    if (watched && watched->stop) {
        CloseHandle(watched->stop);
    }
    free(watched);
}

static struct watched *watch_root(const struct sandbox *sandbox, size_t root) {
    struct watched *watched = calloc(1, sizeof(*watched));
    struct object_create how = {FILE_LIST_DIRECTORY, 0, NT_SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE};
    struct policy_name itself = {NULL, 0};
    if (watched) {
        watched->list = sandbox->low_list;
        watched->root = root;
        watched->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    }
    if (watched && watched->stop &&
        NT_SUCCESS(object_create_leaf(sandbox->set->roots[root].handle, itself, &how, &watched->directory, NULL)) &&
        uv_thread_create(&watched->thread, watch_main, watched) == 0) {
        return watched;
    }
    low_list_add_root(sandbox->low_list, root);
    free_watched(watched);
    return NULL;
}

struct watch *watch_start(const struct sandbox *sandbox) {
    struct watch *watch = calloc(1, sizeof(*watch));
    for (size_t i = 0; i < sandbox->set->root_count; i++) {
        if (!watch) {
            low_list_add_root(sandbox->low_list, i);
        } else if (!sandbox->set->roots[i].temp) {
            watch->roots[i] = watch_root(sandbox, i);
        }
    }
    return watch;
}

void watch_stop(struct watch *watch) {
    for (size_t i = 0; watch && i < ROOT_SET_MAX_ROOTS; i++) {
        if (watch->roots[i]) {
            SetEvent(watch->roots[i]->stop);
            uv_thread_join(&watch->roots[i]->thread);
            free_watched(watch->roots[i]);
        }
    }
    free(watch);
}
