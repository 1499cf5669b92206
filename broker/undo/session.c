/* The undo store of a run: made, written to, ended. */
#include "broker/undo/undo.h"

#include "broker/base/msg.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/state/state.h"
#include "broker/undo/prune.h"
#include "broker/undo/store.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_CHARGE 1024u /* of the quota at least, for a line of the journal */
#define FLUSH_MS 1000u

bool undo_charge(struct undo *undo, ULONGLONG bytes) {
    AcquireSRWLockExclusive(&undo->lock);
    bool ok = bytes <= undo->quota && undo->used <= undo->quota - bytes;
    undo->used += ok ? bytes : 0;
    ReleaseSRWLockExclusive(&undo->lock);
    return ok;
}

void undo_refund(struct undo *undo, ULONGLONG bytes) {
    AcquireSRWLockExclusive(&undo->lock);
    undo->used -= bytes;
    ReleaseSRWLockExclusive(&undo->lock);
}

/* One write for a line: a kill loses at most the line that was not written yet. What is written reaches the disk within
 * FLUSH_MS while the run goes on, and at its end. */
static bool write_line(struct undo *undo, json_t *line, bool charged) {
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    size_t length = text ? strlen(text) : 0;
    char *whole = text ? realloc(text, length + 2) : NULL;
    DWORD written = 0;
    json_decref(line);
    if (!whole) {
        free(text);
        return false;
    }
    whole[length++] = '\n';
    if (charged && !undo_charge(undo, length < RECORD_CHARGE ? RECORD_CHARGE : length)) {
        free(whole);
        return false;
    }
    AcquireSRWLockExclusive(&undo->lock);
    bool ok = (!charged || undo->written + length <= UNDO_JOURNAL_LIMIT / 2) &&
              WriteFile(undo->journal, whole, (DWORD)length, &written, NULL) && written == length;
    undo->written += written;
    if (ok && GetTickCount64() - undo->flushed > FLUSH_MS) {
        ok = FlushFileBuffers(undo->journal);
        undo->flushed = GetTickCount64();
    }
    ReleaseSRWLockExclusive(&undo->lock);
    free(whole);
    return ok;
}

bool undo_append(struct undo *undo, const struct undo_record *record) {
    /* A line that takes something back is always written. */
    return write_line(undo, undo_record_pack(record), record->type != UNDO_CANCELLED);
}

static json_t *header(const struct undo *undo, const struct undo_settings *settings) {
    FILETIME now;
    json_t *roots = json_array(), *stores = json_array();
    GetSystemTimeAsFileTime(&now);
    for (size_t i = 0; i < undo->set->root_count; i++) {
        if (!undo->set->roots[i].temp) {
            json_array_append_new(roots, undo_path_pack(undo->set->roots[i].dos_path));
        }
    }
    for (size_t i = 0; i < undo->store_count; i++) {
        json_array_append_new(stores, undo_path_pack(undo->stores[i].path));
    }
    return json_pack("{s:s,s:i,s:I,s:o,s:o,s:o}", "what", "run", "v", UNDO_VERSION, "time",
                     (json_int_t)(((ULONGLONG)now.dwHighDateTime << 32) | now.dwLowDateTime), "command",
                     undo_path_pack(settings->command), "roots", roots, "stores", stores);
}

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

static bool in_a_root(const struct root_set *set, const wchar_t *path) {
    struct policy_name rest, name = {(const uint16_t *)path, wcslen(path)};
    for (size_t i = 0; i < set->root_count; i++) {
        const wchar_t *top = set->roots[i].dos_path;
        struct policy_name root = {(const uint16_t *)top, wcslen(top)};
        if (policy_under(name, root, object_fold, &rest)) {
            return true;
        }
    }
    return false;
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
        if (!found && !in_a_root(undo->set, base) && state_private_directory(base) && add_store(undo, base)) {
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
        msg_error(L"%ls\\%ls cannot be made for undo: %ls", base, undo->id, msg_win32_text(GetLastError()));
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

static bool open_journal(struct undo *undo, const struct undo_settings *settings) {
    wchar_t path[UNDO_PATH_UNITS];
    (void)swprintf(path, UNDO_PATH_UNITS, L"%ls\\%ls", undo->stores[0].path, UNDO_JOURNAL);
    /* Not shared for writing or deleting: the run is in use until this handle is closed. */
    undo->journal = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ, NULL, CREATE_NEW,
                                FILE_ATTRIBUTE_NORMAL, NULL);
    if (undo->journal == INVALID_HANDLE_VALUE || !write_line(undo, header(undo, settings), false) ||
        !FlushFileBuffers(undo->journal)) {
        msg_error(L"%ls cannot be written: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    return true;
}

bool undo_begin(const struct root_set *set, const struct undo_settings *settings, struct undo **result) {
    struct undo *undo = calloc(1, sizeof(*undo));
    *result = undo;
    if (!undo) {
        msg_error(L"out of memory");
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
    bool ok = undo->id && undo->touched && open_stores(undo) && open_journal(undo, settings);
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
        msg_note(
            L"sbx: undo: %ld files kept, %ld renames and empty directories noted; to put everything back: sbx undo "
            L"restore %ls",
            undo->kept, undo->moved, undo->id);
    }
    if (undo->not_kept) {
        msg_warn(L"%ld deletions or changes could not be kept for undo (quota, no space, or a kind that is not kept)",
                 undo->not_kept);
    }
}

static void end_journal(struct undo *undo) {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    json_int_t time = (json_int_t)(((ULONGLONG)now.dwHighDateTime << 32) | now.dwLowDateTime);
    if (!write_line(undo, json_pack("{s:s,s:I}", "what", "end", "time", time), false) ||
        !FlushFileBuffers(undo->journal)) {
        msg_warn(L"the end of the undo journal cannot be written: %ls", msg_win32_text(GetLastError()));
    }
    AcquireSRWLockExclusive(&undo->lock);
    undo->journal = INVALID_HANDLE_VALUE;
    ReleaseSRWLockExclusive(&undo->lock);
}

void undo_end(struct undo *undo, bool quiet) {
    if (!undo) {
        return;
    }
    bool empty = !undo->kept && !undo->moved;
    HANDLE journal = undo->journal;
    if (journal != INVALID_HANDLE_VALUE) {
        end_journal(undo);
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
