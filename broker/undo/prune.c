#include "broker/undo/prune.h"

#include "broker/base/msg.h"
#include "broker/object/path.h"
#include "broker/object/walk.h"
#include "broker/undo/store.h"

#include <stdlib.h>

#define DAY (24ull * 3600 * 10000000)

struct pruning {
    ULONGLONG before; /* FILETIME */
    ULONGLONG total;  /* bytes of all runs */
    ULONGLONG excess; /* bytes to go */
    bool due;         /* one is too old, or all are to go */
    enum undo_prune_what what;
    bool ok;
};

bool undo_remove_store(const wchar_t *path) {
    wchar_t *final;
    DWORD error;
    HANDLE directory = path_open(path, FILE_LIST_DIRECTORY, &final, &error);
    if (!directory) {
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
    }
    bool ok = !_wcsicmp(final, path) && NT_SUCCESS(walk_remove(directory));
    CloseHandle(directory);
    free(final);
    ok = ok && RemoveDirectoryW(path);
    wchar_t *parent = ok ? _wcsdup(path) : NULL;
    wchar_t *end = parent ? wcsrchr(parent, L'\\') : NULL;
    if (end) {
        *end = 0;
        /* Fails while there are other runs. */
        if (wcsstr(parent, L"\\.sbx-undo-")) {
            RemoveDirectoryW(parent);
        }
    }
    free(parent);
    return ok;
}

static bool add_up(void *context, struct undo_run *run) {
    struct pruning *pruning = context;
    pruning->total += undo_run_bytes(run);
    pruning->due = pruning->due || run->begun < pruning->before;
    return true;
}

static bool prune_one(void *context, struct undo_run *run) {
    struct pruning *pruning = context;
    const wchar_t *why = pruning->what == UNDO_PRUNE_ALL ? L"as you asked"
                         : run->begun < pruning->before  ? L"older than 30 days"
                         : pruning->excess               ? L"all runs together hold more than 8 GiB"
                                                         : NULL;
    if (!why || run->in_use) {
        return true;
    }
    wchar_t time[32];
    ULONGLONG bytes = undo_run_bytes(run);
    bool ok = true;
    /* The first one holds the journal, without which the others would not be found. */
    for (size_t i = run->store_count; i-- > 0;) {
        ok = undo_remove_store(run->stores[i]) && ok;
    }
    undo_time_text(run->begun, time);
    if (ok) {
        msg_note("sbx: undo: run %ls of %ls is pruned: %ls", run->id, time, why);
    } else {
        msg_warn("the undo store of run %ls cannot be removed whole", run->id);
    }
    pruning->excess -= bytes < pruning->excess ? bytes : pruning->excess;
    pruning->ok = pruning->ok && ok;
    return true;
}

bool undo_prune(enum undo_prune_what what) {
    struct pruning pruning = {.what = what, .due = what == UNDO_PRUNE_ALL, .ok = true};
    ULONGLONG limit = (ULONGLONG)UNDO_TOTAL_MIB << 20;
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    pruning.before = (((ULONGLONG)now.dwHighDateTime << 32) | now.dwLowDateTime) - UNDO_KEEP_DAYS * DAY;
    /* Each run with --undo comes by here first: what costs more with every run that is kept must be little. */
    undo_each_header(add_up, &pruning);
    pruning.excess = pruning.total > limit ? pruning.total - limit : 0;
    if (pruning.due || pruning.excess) {
        undo_each_run(prune_one, &pruning);
    }
    return pruning.ok;
}
