#include "broker/undo/read.h"

#include "broker/base/msg.h"
#include "broker/state/state.h"
#include "broker/undo/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_UNITS 16u
#define HEAD_LIMIT (1u << 20)
#define HEAD_CHUNK 4096u

bool undo_is_id(const wchar_t *id) { return wcslen(id) == ID_UNITS && wcsspn(id, L"0123456789abcdef") == ID_UNITS; }

void undo_time_text(ULONGLONG time, wchar_t text[32]) {
    FILETIME utc = {(DWORD)time, (DWORD)(time >> 32)}, local;
    SYSTEMTIME at = {0};
    if (FileTimeToLocalFileTime(&utc, &local)) {
        FileTimeToSystemTime(&local, &at);
    }
    (void)swprintf(text, 32, L"%04u-%02u-%02u %02u:%02u:%02u", at.wYear, at.wMonth, at.wDay, at.wHour, at.wMinute,
                   at.wSecond);
}

static bool read_paths(const json_t *list, wchar_t ***paths, size_t *count) {
    size_t size = json_array_size(list);
    *paths = calloc(size + 1, sizeof(**paths));
    for (size_t i = 0; *paths && i < size; i++) {
        (*paths)[i] = undo_path_unpack(json_array_get(list, i));
        if (!(*paths)[i]) {
            return false;
        }
        *count = i + 1;
    }
    return *paths && json_is_array(list);
}

/* Every store is a directory named like the run: nothing else is ever opened or removed as one. */
static bool stores_are_sound(const struct undo_run *run) {
    for (size_t i = 0; i < run->store_count; i++) {
        const wchar_t *leaf = wcsrchr(run->stores[i], L'\\');
        if (!leaf || wcscmp(leaf + 1, run->id) != 0) {
            return false;
        }
    }
    return run->store_count > 0;
}

static bool read_header(const json_t *line, struct undo_run *run) {
    const char *what = json_string_value(json_object_get(line, "what"));
    const json_t *time = json_object_get(line, "time"), *version = json_object_get(line, "v");
    if (!what || strcmp(what, "run") != 0 || !json_is_integer(time) || json_integer_value(version) != UNDO_VERSION) {
        return false;
    }
    run->begun = (ULONGLONG)json_integer_value(time);
    run->command = undo_path_unpack(json_object_get(line, "command"));
    return run->command && read_paths(json_object_get(line, "roots"), &run->roots, &run->root_count) &&
           read_paths(json_object_get(line, "stores"), &run->stores, &run->store_count) && stores_are_sound(run);
}

static bool read_end(const json_t *line, struct undo_run *run) {
    const char *what = json_string_value(json_object_get(line, "what"));
    const json_t *time = json_object_get(line, "time");
    if (!what || strcmp(what, "end") != 0 || !json_is_integer(time)) {
        return false;
    }
    run->ended = (ULONGLONG)json_integer_value(time);
    run->killed = false;
    return true;
}

static bool add_record(struct undo_run *run, const json_t *line, size_t *room) {
    if (run->record_count == *room) {
        size_t more = *room ? *room * 2 : 256;
        struct undo_record *grown = realloc(run->records, more * sizeof(*grown));
        if (!grown) {
            return false;
        }
        run->records = grown;
        *room = more;
    }
    struct undo_record *record = &run->records[run->record_count];
    if (!undo_record_unpack(line, record) || (record->type == UNDO_GONE && record->store >= run->store_count)) {
        undo_record_free(record);
        return false;
    }
    run->record_count++;
    return true;
}

static int by_number(const void *one, const void *other) {
    const unsigned long *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

/* Takes out what was taken back. Numbers rise, but not strictly in the order of lines, and a damaged one may be any.
 * False when memory is short: what was taken back would then be put back. */
static bool drop_cancelled(struct undo_run *run) {
    unsigned long *cancelled = calloc(run->record_count + 1, sizeof(*cancelled));
    size_t count = 0, kept = 0;
    if (!cancelled) {
        return false;
    }
    for (size_t i = 0; i < run->record_count; i++) {
        if (run->records[i].type == UNDO_CANCELLED) {
            cancelled[count++] = run->records[i].number;
        }
    }
    qsort(cancelled, count, sizeof(*cancelled), by_number);
    for (size_t i = 0; i < run->record_count; i++) {
        struct undo_record *record = &run->records[i];
        bool drop = record->type == UNDO_CANCELLED ||
                    (record->number && bsearch(&record->number, cancelled, count, sizeof(*cancelled), by_number));
        if (drop) {
            undo_record_free(record);
        } else {
            run->records[kept++] = *record;
        }
    }
    run->record_count = kept;
    free(cancelled);
    return true;
}

static bool read_lines(const char *bytes, size_t size, bool say, struct undo_run *run) {
    size_t room = 0;
    unsigned long number = 0;
    bool headed = false;
    for (const char *line = bytes, *stop = bytes + size, *next; line < stop; line = next) {
        const char *end = memchr(line, '\n', (size_t)(stop - line));
        next = end ? end + 1 : stop;
        json_t *value = end ? json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL) : NULL;
        bool good = number++ ? headed && (read_end(value, run) || add_record(run, value, &room))
                             : (headed = read_header(value, run));
        json_decref(value);
        if (!headed) {
            return false;
        }
        /* A last line without its end was cut off by a kill: what it was to say had not happened yet. */
        if (!good && end) {
            run->damaged++;
            if (say) {
                msg_warn("line %lu of the journal of run %ls is damaged: it is passed over, the path it named stays "
                         "as it is",
                         number, run->id);
            }
        }
    }
    return headed && drop_cancelled(run);
}

/* Is the run still going on? Its journal is then held without being shared for writing. */
static void look_at_journal(const wchar_t *path, struct undo_run *run) {
    HANDLE file = CreateFileW(path, GENERIC_WRITE, NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    FILETIME written;
    run->in_use = file == INVALID_HANDLE_VALUE && GetLastError() == ERROR_SHARING_VIOLATION;
    if (file != INVALID_HANDLE_VALUE) {
        if (GetFileTime(file, NULL, NULL, &written)) {
            run->ended = ((ULONGLONG)written.dwHighDateTime << 32) | written.dwLowDateTime;
        }
        CloseHandle(file);
    }
}

/* The first line of a journal, like state_read: the others may be many. */
static char *read_head(const wchar_t *path, size_t *size, DWORD *error) {
    HANDLE file = CreateFileW(path, GENERIC_READ, NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    char *bytes = NULL, *end = NULL, *grown;
    DWORD got = 1;
    *size = 0;
    *error = file == INVALID_HANDLE_VALUE ? last_error() : ERROR_OUTOFMEMORY;
    while (file != INVALID_HANDLE_VALUE && got && !end && *size < HEAD_LIMIT &&
           (grown = realloc(bytes, *size + HEAD_CHUNK))) {
        bytes = grown;
        got = ReadFile(file, bytes + *size, HEAD_CHUNK, &got, NULL) ? got : 0;
        end = memchr(bytes + *size, '\n', got);
        *size = end ? (size_t)(end + 1 - bytes) : *size + got;
    }
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    return bytes;
}

/* `base`: of undo_base. */
static bool read_run(const wchar_t *base, const wchar_t *id, bool say, bool whole, struct undo_run *run) {
    wchar_t path[UNDO_PATH_UNITS + 40];
    size_t size;
    DWORD error;
    memset(run, 0, sizeof(*run));
    run->id = _wcsdup(id);
    run->killed = true;
    (void)swprintf(path, UNDO_PATH_UNITS + 40, L"%ls\\%ls\\" UNDO_JOURNAL, base, id);
    if (whole) {
        look_at_journal(path, run);
    }
    char *bytes = whole ? state_read(path, UNDO_JOURNAL_LIMIT, &size, &error) : read_head(path, &size, &error);
    if (!bytes && !say && error == ERROR_FILE_NOT_FOUND) {
        return false;
    }
    if (!bytes) {
        if (say || error != ERROR_FILE_TOO_LARGE) {
            msg_error("run %ls: %ls: %ls; sbx undo list shows the runs", id, path, msg_win32_text(error));
        }
        /* Nothing can be put back by it; its store can still be pruned. */
        run->broken = error == ERROR_FILE_TOO_LARGE;
        return false;
    }
    bool ok = run->id && read_lines(bytes, size, say, run);
    free(bytes);
    run->broken = !ok;
    if (!ok && say) {
        msg_error("the journal of run %ls cannot be read: its first line is damaged or memory is short (%ls)", id,
                  path);
    }
    return ok;
}

bool undo_run_read(const wchar_t *id, bool say, struct undo_run *run) {
    wchar_t base[UNDO_PATH_UNITS];
    if (!undo_is_id(id) || !undo_base(base, UNDO_PATH_UNITS)) {
        memset(run, 0, sizeof(*run));
        msg_error("no such run: %ls; sbx undo list shows the runs", id);
        return false;
    }
    return read_run(base, id, say, true, run);
}

static void free_paths(wchar_t **paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    free(paths);
}

void undo_run_free(struct undo_run *run) {
    free(run->id);
    free(run->command);
    free_paths(run->roots, run->root_count);
    free_paths(run->stores, run->store_count);
    for (size_t i = 0; i < run->record_count; i++) {
        undo_record_free(&run->records[i]);
    }
    free(run->records);
    memset(run, 0, sizeof(*run));
}

struct listed {
    wchar_t id[ID_UNITS + 1];
    ULONGLONG made;
};

static int by_age(const void *one, const void *other) {
    const struct listed *a = one, *b = other;
    return a->made < b->made ? -1 : a->made > b->made ? 1 : wcscmp(a->id, b->id);
}

static struct listed *list_runs(const wchar_t *base, size_t *count) {
    wchar_t pattern[UNDO_PATH_UNITS + 4];
    WIN32_FIND_DATAW found;
    struct listed *list = NULL;
    *count = 0;
    (void)swprintf(pattern, UNDO_PATH_UNITS + 4, L"%ls\\*", base);
    HANDLE search = FindFirstFileW(pattern, &found);
    for (bool more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        struct listed *grown = undo_is_id(found.cFileName) ? realloc(list, (*count + 1) * sizeof(*list)) : NULL;
        if (grown) {
            list = grown;
            wcscpy(list[*count].id, found.cFileName);
            list[(*count)++].made =
                ((ULONGLONG)found.ftCreationTime.dwHighDateTime << 32) | found.ftCreationTime.dwLowDateTime;
        }
    }
    if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
    }
    if (list) {
        qsort(list, *count, sizeof(*list), by_age);
    }
    return list;
}

/* What is known of a run whose journal has no header. */
static bool use_directory(struct undo_run *run, ULONGLONG made) {
    wchar_t path[UNDO_PATH_UNITS + 40];
    free_paths(run->stores, run->store_count);
    run->store_count = 0;
    run->begun = made;
    run->stores = calloc(1, sizeof(*run->stores));
    if (!run->stores || !undo_base(path, UNDO_PATH_UNITS)) {
        return false;
    }
    wcscat(path, L"\\");
    wcscat(path, run->id);
    run->stores[0] = _wcsdup(path);
    run->store_count = run->stores[0] ? 1 : 0;
    return run->store_count == 1;
}

static bool each(bool whole, bool (*visit)(void *context, struct undo_run *run), void *context) {
    wchar_t base[UNDO_PATH_UNITS];
    size_t count = 0;
    struct listed *list = undo_base(base, UNDO_PATH_UNITS) ? list_runs(base, &count) : NULL;
    bool go_on = true;
    for (size_t i = 0; i < count && go_on; i++) {
        struct undo_run run;
        if (read_run(base, list[i].id, false, whole, &run) || (run.broken && use_directory(&run, list[i].made))) {
            go_on = visit(context, &run);
        }
        undo_run_free(&run);
    }
    free(list);
    return go_on;
}

bool undo_each_run(bool (*visit)(void *context, struct undo_run *run), void *context) {
    return each(true, visit, context);
}

bool undo_each_header(bool (*visit)(void *context, struct undo_run *run), void *context) {
    return each(false, visit, context);
}

ULONGLONG undo_run_bytes(const struct undo_run *run) {
    ULONGLONG bytes = 0;
    for (size_t i = 0; i < run->store_count; i++) {
        wchar_t pattern[UNDO_PATH_UNITS];
        WIN32_FIND_DATAW found;
        if (swprintf(pattern, UNDO_PATH_UNITS, L"%ls\\*", run->stores[i]) < 0) {
            continue;
        }
        HANDLE search = FindFirstFileW(pattern, &found);
        for (bool more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
            bytes += ((ULONGLONG)found.nFileSizeHigh << 32) | found.nFileSizeLow;
        }
        if (search != INVALID_HANDLE_VALUE) {
            FindClose(search);
        }
    }
    return bytes;
}
