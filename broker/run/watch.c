#include "broker/run/watch.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/rights/acl.h"
#include "broker/state/executable.h"
#include "broker/state/root_tree.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define PAUSE_MS 20u
#define NOTE_BYTES 65536u
#define MAX_NOTED 4096u
#define MAX_NOTED_UNITS ((size_t)4 << 20) /* of all paths together: one path may have 32,767 */

struct watched {
    HANDLE directory; /* opened for FILE_LIST_DIRECTORY, asynchronous */
    HANDLE stop;
    uv_thread_t thread;
    bool running;
    bool overflow; /* the kernel dropped notes, or there were too many */
    wchar_t **noted;
    size_t count, units;
    DWORD buffer[NOTE_BYTES / sizeof(DWORD)];
};

struct watch {
    struct watched *roots[ROOT_SET_MAX_ROOTS]; /* NULL for TEMP and for a root that cannot be watched */
};

static void note(struct watched *watched, DWORD action, const BYTE *name, DWORD bytes) {
    size_t units = bytes / sizeof(wchar_t);
    wchar_t *path = malloc((units + 1) * sizeof(wchar_t));
    if (!path || watched->count == MAX_NOTED || watched->units + units > MAX_NOTED_UNITS) {
        watched->overflow = true;
        free(path);
        return;
    }
    memcpy(path, name, units * sizeof(wchar_t));
    path[units] = 0;
    bool known = false;
    for (size_t i = watched->count; i > 0 && watched->count - i < 8 && !known; i--) {
        known = !wcscmp(watched->noted[i - 1], path);
    }
    if (known || !executable_name(path) || action == FILE_ACTION_REMOVED || action == FILE_ACTION_RENAMED_OLD_NAME) {
        free(path);
        return;
    }
    watched->noted[watched->count++] = path;
    watched->units += units;
}

static void read_notes(struct watched *watched, DWORD bytes) {
    const BYTE *at = (const BYTE *)watched->buffer;
    if (!bytes) {
        watched->overflow = true;
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

static void watch_main(void *argument) {
    struct watched *watched = argument;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    HANDLE events[2] = {overlapped.hEvent, watched->stop};
    while (overlapped.hEvent) {
        DWORD bytes;
        if (!ReadDirectoryChangesW(watched->directory, watched->buffer, NOTE_BYTES, TRUE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_SIZE, NULL, &overlapped, NULL)) {
            watched->overflow = true;
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

static struct watched *watch_root(const struct root *root) {
    struct watched *watched = calloc(1, sizeof(*watched));
    struct object_create how = {FILE_LIST_DIRECTORY, 0, NT_SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE};
    struct policy_name itself = {NULL, 0};
    if (!watched) {
        return NULL;
    }
    watched->noted = calloc(MAX_NOTED, sizeof(*watched->noted));
    watched->stop = CreateEventW(NULL, TRUE, FALSE, NULL);
    watched->running = watched->noted && watched->stop &&
                       NT_SUCCESS(object_create_leaf(root->handle, itself, &how, &watched->directory, NULL)) &&
                       uv_thread_create(&watched->thread, watch_main, watched) == 0;
    watched->overflow = !watched->running;
    return watched;
}

struct watch *watch_start(const struct sandbox *sandbox) {
    struct watch *watch = calloc(1, sizeof(*watch));
    for (size_t i = 0; watch && i < sandbox->set->root_count; i++) {
        watch->roots[i] = sandbox->set->roots[i].temp ? NULL : watch_root(&sandbox->set->roots[i]);
    }
    return watch;
}

/* A noted path was written by the program, so it is a name like any other: opened below the root, and judged by the
 * kernel's name. */
static void relabel(const struct sandbox *sandbox, const struct root *root, const wchar_t *path,
                    struct object_name *name) {
    struct policy_name relative = {(const uint16_t *)path, wcslen(path)}, directory, leaf, rest;
    struct object_facts facts;
    struct acl_change change = {0};
    HANDLE file;
    if (policy_split(relative, &directory, &leaf) != POLICY_ALLOWED ||
        !NT_SUCCESS(object_open_below(root->handle, relative, ACL_STAMP_ACCESS, FILE_NON_DIRECTORY_FILE, &file))) {
        return;
    }
    if (NT_SUCCESS(object_query_facts(file, &facts)) && !facts.reparse_point && facts.links == 1 &&
        NT_SUCCESS(object_query_name(file, name)) && root_set_find(sandbox->set, name->name, &rest) >= 0 &&
        (!NT_SUCCESS(acl_relabel_medium(file, &change)) || change.label_refused)) {
        msg_warn("%ls\\%ls stays at Low integrity; sbx roots relabel tries again", root->dos_path, path);
    }
    NtClose(file);
}

static void relabel_root(const struct sandbox *sandbox, size_t index, struct watched *watched,
                         struct object_name *name) {
    const struct root *root = &sandbox->set->roots[index];
    if (watched->overflow) {
        struct tree_count count = {0};
        if (!NT_SUCCESS(tree_relabel(root->dos_path, &count))) {
            msg_warn("%ls: executables made in the run may be left at Low integrity; run sbx roots relabel",
                     root->dos_path);
        }
        return;
    }
    for (size_t i = 0; i < watched->count; i++) {
        relabel(sandbox, root, watched->noted[i], name);
    }
}

static void free_watched(struct watched *watched) {
    for (size_t i = 0; i < watched->count; i++) {
        free(watched->noted[i]);
    }
    free(watched->noted);
    if (watched->directory) {
        NtClose(watched->directory);
    }
    if (watched->stop) {
        CloseHandle(watched->stop);
    }
    free(watched);
}

void watch_finish(struct watch *watch, const struct sandbox *sandbox) {
    struct object_name *name = malloc(sizeof(*name));
    for (size_t i = 0; watch && i < ROOT_SET_MAX_ROOTS; i++) {
        struct watched *watched = watch->roots[i];
        if (!watched) {
            continue;
        }
        if (watched->running) {
            SetEvent(watched->stop);
            uv_thread_join(&watched->thread);
        }
        if (name) {
            relabel_root(sandbox, i, watched, name);
        }
        free_watched(watched);
    }
    free(name);
    free(watch);
}
