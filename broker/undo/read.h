/* Reading undo journals back, and the list of runs that have one. */
#ifndef SBX_BROKER_UNDO_READ_H
#define SBX_BROKER_UNDO_READ_H

#include "broker/undo/record.h"

#include <wchar.h>

struct undo_run {
    wchar_t *id;
    wchar_t *command;
    ULONGLONG begun, ended; /* FILETIME; `ended` is the journal's last write where the run was killed */
    bool killed;            /* no end line */
    bool in_use;            /* the run goes on */
    bool broken;            /* the header is damaged: only id, begun and one store are known */
    wchar_t **roots;
    size_t root_count;
    wchar_t **stores;
    size_t store_count;
    struct undo_record *records; /* in order, without the cancelled ones */
    size_t record_count;
    unsigned long damaged; /* lines that are no records */
};

/* Is `id` written like one of a run? */
bool undo_is_id(const wchar_t *id);

/* Reads the run `id`. Damaged lines are counted, and with `say` named on stderr. Returns false after a message. Free
 * with undo_run_free, also after a failure. */
bool undo_run_read(const wchar_t *id, bool say, struct undo_run *run) __attribute__((warn_unused_result));
void undo_run_free(struct undo_run *run);

/* Calls `visit` for each run in the store, oldest first, until it returns false. Runs that are only being made
 * have no journal yet and are passed over. */
bool undo_each_run(bool (*visit)(void *context, struct undo_run *run), void *context);

/* The same without reading the journals behind their first lines: id, command, begun, roots and stores alone. */
bool undo_each_header(bool (*visit)(void *context, struct undo_run *run), void *context);

/* Bytes that the run's kept files have. */
ULONGLONG undo_run_bytes(const struct undo_run *run);

/* A FILETIME in local time, "2026-11-24 03:10:00". */
void undo_time_text(ULONGLONG time, wchar_t text[32]);

#endif
