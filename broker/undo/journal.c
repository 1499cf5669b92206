#include "broker/undo/journal.h"

#include "broker/base/msg.h"

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

bool undo_open_journal(struct undo *undo, const struct undo_settings *settings) {
    wchar_t path[UNDO_PATH_UNITS];
    (void)swprintf(path, UNDO_PATH_UNITS, L"%ls\\%ls", undo->stores[0].path, UNDO_JOURNAL);
    /* Not shared for writing or deleting: the run is in use until this handle is closed. */
    undo->journal = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ, NULL, CREATE_NEW,
                                FILE_ATTRIBUTE_NORMAL, NULL);
    if (undo->journal == INVALID_HANDLE_VALUE || !write_line(undo, header(undo, settings), false) ||
        !FlushFileBuffers(undo->journal)) {
        msg_error("%ls cannot be written: %ls", path, msg_win32_text(GetLastError()));
        return false;
    }
    return true;
}

void undo_end_journal(struct undo *undo) {
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    json_int_t time = (json_int_t)(((ULONGLONG)now.dwHighDateTime << 32) | now.dwLowDateTime);
    if (!write_line(undo, json_pack("{s:s,s:I}", "what", "end", "time", time), false) ||
        !FlushFileBuffers(undo->journal)) {
        msg_warn("the end of the undo journal cannot be written: %ls", msg_win32_text(GetLastError()));
    }
    AcquireSRWLockExclusive(&undo->lock);
    undo->journal = INVALID_HANDLE_VALUE;
    ReleaseSRWLockExclusive(&undo->lock);
}
