/* The undo store of a run: made, written to, ended. */
#include "broker/undo/undo.h"

#include "broker/base/msg.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/state/state.h"
#include "broker/undo/keep.h"
#include "broker/undo/prune.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new directory for the run below `base`, which is ours. */
static bool add_store(struct undo *undo, const wchar_t *base) {
    wchar_t path[UNDO_PATH_UNITS];
    struct undo_store *store = &undo->stores[undo->store_count];
    if (swprintf(path, UNDO_PATH_UNITS, L"%ls\\%ls", base, undo->id) < 0 || !CreateDirectoryW(path, NULL)) {
        return false;
    }
    HANDLE directory =
        CreateFileW(path, FILE_LIST_DIRECTORY | FILE_ADD_FILE | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    store->path = directory == INVALID_HANDLE_VALUE ? NULL : _wcsdup(path);
    if (!store->path) {
        return false;
    }
    store->directory = directory;
    undo->store_count++;
    return true;
}

/* Store number of a volume's root directory ("D:\"); 0, where everything is copied, when there can be none. */
static size_t store_on(struct undo *undo, const wchar_t *volume) {
    wchar_t base[UNDO_PATH_UNITS], *sid_text = NULL;
    PSID user = sid_user();
    size_t found = 0;
    if (user && ConvertSidToStringSidW(user, &sid_text) &&
        swprintf(base, UNDO_PATH_UNITS, L"%ls.sbx-undo-%ls", volume, sid_text) > 0) {
        for (size_t i = 1; i < undo->store_count && !found; i++) {
            found = !_wcsnicmp(undo->stores[i].path, base, wcslen(base)) ? i : 0;
        }
        if (!found && !root_set_holds_path(undo->set, base) && state_private_directory(base) && add_store(undo, base)) {
            found = undo->store_count - 1;
        }
    }
    LocalFree(sid_text);
    LocalFree(user);
    return found;
}

static bool open_stores(struct undo *undo) {
    wchar_t base[UNDO_PATH_UNITS], home[UNDO_PATH_UNITS], volume[UNDO_PATH_UNITS];
    if (!undo_base(base, UNDO_PATH_UNITS)) {
        return false;
    }
    if (!add_store(undo, base)) {
        msg_error("%ls\\%ls cannot be made for undo: %ls", base, undo->id, msg_win32_text(GetLastError()));
        return false;
    }
    if (!GetVolumePathNameW(base, home, UNDO_PATH_UNITS)) {
        home[0] = 0;
    }
    for (size_t i = 0; i < undo->set->root_count; i++) {
        const struct root *root = &undo->set->roots[i];
        bool elsewhere =
            !root->temp && GetVolumePathNameW(root->dos_path, volume, UNDO_PATH_UNITS) && _wcsicmp(volume, home) != 0;
        undo->store_of[i] = elsewhere ? store_on(undo, volume) : 0;
    }
    return true;
}

bool undo_begin(const struct root_set *set, const struct undo_settings *settings, struct undo **result) {
    struct undo *undo = calloc(1, sizeof(*undo));
    *result = undo;
    if (!undo) {
        msg_error("out of memory");
        return false;
    }
    InitializeSRWLock(&undo->lock);
    undo->set = set;
    undo->journal = INVALID_HANDLE_VALUE;
    undo->id = _wcsdup(settings->id);
    undo->touched = json_object();
    undo->quota = settings->quota_mib << 20;
    undo->required = settings->required;
    undo->flushed = GetTickCount64();
    if (settings->prune) {
        undo_prune(UNDO_PRUNE_OLD);
    }
    bool ok = undo->id && undo->touched && open_stores(undo) && undo_open_journal(undo, settings);
    if (!ok) {
        undo_end(undo, true);
        *result = NULL;
        return false;
    }
    /* A root changes with the first file that the program makes, of which the broker hears nothing. */
    for (size_t i = 0; i < set->root_count; i++) {
        if (!set->roots[i].temp) {
            undo_touch(undo, set->roots[i].dos_path, wcslen(set->roots[i].dos_path), i);
        }
    }
    return true;
}

static void say_kept(const struct undo *undo) {
    if (undo->kept || undo->moved) {
        msg_note("sbx: undo: %ld files kept, %ld renames and empty directories noted; to put everything back: sbx undo "
                 "restore %ls",
                 undo->kept, undo->moved, undo->id);
    }
    if (undo->not_kept) {
        msg_warn("%ld deletions or changes could not be kept for undo (quota, no space, or a kind that is not kept)",
                 undo->not_kept);
    }
}

void undo_end(struct undo *undo, bool quiet) {
    if (!undo) {
        return;
    }
    bool empty = !undo->kept && !undo->moved;
    HANDLE journal = undo->journal;
    if (journal != INVALID_HANDLE_VALUE) {
        undo_end_journal(undo);
        if (!quiet) {
            say_kept(undo);
        }
        CloseHandle(journal);
    }
    for (size_t i = undo->store_count; i-- > 0;) {
        CloseHandle(undo->stores[i].directory);
        if (empty) {
            undo_remove_store(undo->stores[i].path);
        }
    }
}
