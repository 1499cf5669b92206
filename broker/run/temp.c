/* The end of a private TEMP: of this run, and of runs that were killed before they could remove theirs. */
#include "broker/run/temp.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/walk.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <wchar.h>

/* A run makes its TEMP and opens it at once; what is not held after this time belongs to no run. */
#define ABANDONED_AFTER_MS 60000u
#define REMOVE_TRIES 20u
#define REMOVE_PAUSE_MS 100u
/* What others left is not to hold up a run for long. */
#define SWEEP_AT_MOST 4u

/* What programs that just ended had open goes with their last handle, and a scanner looks at new files for a moment. */
static NTSTATUS remove_content(HANDLE temp) {
    NTSTATUS status = walk_remove(temp);
    for (unsigned tries = 0; !NT_SUCCESS(status) && tries < REMOVE_TRIES; tries++) {
        Sleep(REMOVE_PAUSE_MS);
        status = walk_remove(temp);
    }
    return status;
}

void run_remove_temp(struct root_set *set) {
    for (size_t i = 0; i < set->root_count; i++) {
        struct root *root = &set->roots[i];
        if (!root->temp) {
            continue;
        }
        NTSTATUS status = remove_content(root->handle);
        CloseHandle(root->handle);
        root->handle = NULL;
        if (!NT_SUCCESS(status) || !RemoveDirectoryW(root->dos_path)) {
            msg_warn("%ls could not be removed whole: %ls", root->dos_path,
                     NT_SUCCESS(status) ? msg_win32_text(GetLastError()) : msg_status_text(status));
        }
    }
}

static bool is_old(const WIN32_FIND_DATAW *entry) {
    FILETIME now;
    ULARGE_INTEGER written = {{entry->ftLastWriteTime.dwLowDateTime, entry->ftLastWriteTime.dwHighDateTime}}, current;
    GetSystemTimeAsFileTime(&now);
    current.LowPart = now.dwLowDateTime;
    current.HighPart = now.dwHighDateTime;
    return current.QuadPart > written.QuadPart && (current.QuadPart - written.QuadPart) / 10000u > ABANDONED_AFTER_MS;
}

/* The TEMP of a run that goes on is held without FILE_SHARE_DELETE, so it cannot be opened for DELETE. */
static bool remove_abandoned(const wchar_t *path) {
    HANDLE handle =
        CreateFileW(path, DELETE | FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                    NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    struct object_facts facts;
    if (handle == INVALID_HANDLE_VALUE) {
        return false;
    }
    bool removed = NT_SUCCESS(object_query_facts(handle, &facts)) && facts.directory && !facts.reparse_point &&
                   NT_SUCCESS(walk_remove(handle));
    CloseHandle(handle);
    return removed && RemoveDirectoryW(path);
}

/* A list that was being written when its run was killed: state_write puts a new one beside it. */
static bool remove_unfinished(const wchar_t *path) { return DeleteFileW(path); }

static void sweep(const wchar_t *directory, const wchar_t *pattern, bool directories,
                  bool (*remove_one)(const wchar_t *path)) {
    wchar_t path[MAX_PATH + 300];
    WIN32_FIND_DATAW entry;
    (void)swprintf(path, MAX_PATH + 300, L"%ls\\%ls", directory, pattern);
    HANDLE find = FindFirstFileW(path, &entry);
    if (find == INVALID_HANDLE_VALUE) {
        return;
    }
    unsigned removed = 0;
    do {
        bool directory_entry = (entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
        if (directory_entry == directories && entry.cFileName[0] != L'.' && is_old(&entry)) {
            (void)swprintf(path, MAX_PATH + 300, L"%ls\\%ls", directory, entry.cFileName);
            removed += remove_one(path);
        }
    } while (removed < SWEEP_AT_MOST && FindNextFileW(find, &entry));
    FindClose(find);
}

void run_sweep_temp(void) {
    wchar_t state[MAX_PATH], temp[MAX_PATH + 8];
    if (!state_directory(state, MAX_PATH)) {
        return;
    }
    (void)swprintf(temp, MAX_PATH + 8, L"%ls\\temp", state);
    sweep(temp, L"*", true, remove_abandoned);
    sweep(state, L"*.new", false, remove_unfinished);
}
