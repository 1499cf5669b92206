#include "broker/state/hidden.h"

#include "broker/base/console.h"
#include "broker/base/msg.h"
#include "broker/base/text.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/object/walk.h"
#include "broker/rights/acl.h"
#include "broker/state/state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define FILE_NAME L"hidden.json"
#define LOCK_NAME L"hidden.lock"
#define LOCK_WAIT_MS 20000u
#define FILE_LIMIT ((size_t)64 << 20)
#define VERSION 1
#define PROGRESS_MS 200u
#define PATH_UNITS 32768u

struct hidden {
    HANDLE lock;    /* NULL when the list is only looked at */
    json_t *paths;  /* path: true for one that stays */
    json_t *labels; /* path: the label that was there, as the bytes of its ACL in hex */
};

/* One walk. */
enum purpose { LOOK, PUT, LIFT };
struct walk {
    struct hidden *hidden;
    enum purpose purpose;
    const wchar_t *top;
    const struct claims *live;
    wchar_t *path; /* of the object, PATH_UNITS */
    unsigned long seen, missing, failed;
    bool too_many;
    NTSTATUS first_status;
    wchar_t first_path[MAX_PATH];
    ULONGLONG next_progress;
};

/* The file */

static bool load(struct hidden *hidden, const wchar_t *file) {
    size_t size;
    DWORD error;
    json_error_t where;
    char *bytes = state_read(file, FILE_LIMIT, &size, &error);
    if (!bytes && (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)) {
        hidden->paths = json_object();
        hidden->labels = json_object();
        return hidden->paths && hidden->labels;
    }
    json_t *all = bytes ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &where) : NULL;
    free(bytes);
    hidden->paths = json_incref(json_object_get(all, "paths"));
    hidden->labels = json_incref(json_object_get(all, "labels"));
    bool good = json_integer_value(json_object_get(all, "version")) == VERSION && json_is_object(hidden->paths) &&
                json_is_object(hidden->labels);
    json_decref(all);
    if (!good) {
        msg_error("%ls is damaged: what is hidden is not known. Put back a copy, or remove the file and hide the paths "
                  "again",
                  file);
    }
    return good;
}

static bool save(const struct hidden *hidden) {
    wchar_t file[MAX_PATH + 64];
    if (!state_path(FILE_NAME, file, MAX_PATH + 64)) {
        return false;
    }
    if (!json_object_size(hidden->paths) && !json_object_size(hidden->labels)) {
        DeleteFileW(file);
        return true;
    }
    json_t *all = json_pack("{s:i,s:O,s:O}", "version", VERSION, "paths", hidden->paths, "labels", hidden->labels);
    char *text = json_dumps(all, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    DWORD error = text ? state_write(file, text, strlen(text)) : ERROR_OUTOFMEMORY;
    free(text);
    json_decref(all);
    if (error) {
        msg_error("%ls cannot be written: %ls", file, msg_win32_text(error));
    }
    return !error;
}

static struct hidden *open_list(bool change) {
    wchar_t file[MAX_PATH + 64];
    struct hidden *hidden = calloc(1, sizeof(*hidden));
    if (!hidden || !state_path(FILE_NAME, file, MAX_PATH + 64)) {
        free(hidden);
        return NULL;
    }
    hidden->lock = change ? state_lock(LOCK_NAME, LOCK_WAIT_MS) : NULL;
    if ((change && !hidden->lock) || !load(hidden, file)) {
        hidden_close(hidden);
        return NULL;
    }
    return hidden;
}

struct hidden *hidden_open(void) {
    return open_list(true);
}

struct hidden *hidden_look(void) {
    return open_list(false);
}

void hidden_close(struct hidden *hidden) {
    if (hidden) {
        json_decref(hidden->paths);
        json_decref(hidden->labels);
        if (hidden->lock) {
            CloseHandle(hidden->lock);
        }
        free(hidden);
    }
}

bool hidden_any(void) {
    wchar_t file[MAX_PATH + 64];
    return state_path(FILE_NAME, file, MAX_PATH + 64) && GetFileAttributesW(file) != INVALID_FILE_ATTRIBUTES;
}

/* A key is the path as JSON has it. */
static char *key_of(const wchar_t *path) {
    json_t *text = text_json(path);
    char *key = text ? _strdup(json_string_value(text)) : NULL;
    json_decref(text);
    return key;
}

static bool set(json_t *object, const wchar_t *path, json_t *value) {
    char *key = key_of(path);
    bool ok = key && !json_object_set(object, key, value);
    free(key);
    return ok;
}

static json_t *get(const json_t *object, const wchar_t *path) {
    char *key = key_of(path);
    json_t *value = key ? json_object_get(object, key) : NULL;
    free(key);
    return value;
}

static void drop(json_t *object, const wchar_t *path) {
    char *key = key_of(path);
    if (key) {
        json_object_del(object, key);
    }
    free(key);
}

/* Labels as text */

static json_t *label_text(const ACL *labels) {
    static const char digits[] = "0123456789abcdef";
    size_t size = labels->AclSize;
    char *text = malloc(2 * size + 1);
    for (size_t i = 0; text && i < size; i++) {
        text[2 * i] = digits[((const BYTE *)labels)[i] >> 4];
        text[2 * i + 1] = digits[((const BYTE *)labels)[i] & 15];
    }
    json_t *value = text ? json_stringn(text, 2 * size) : NULL;
    free(text);
    return value;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* A descriptor with the label, which sd_parse checks: the file may have been damaged. Free with sd_free. */
static bool label_of_text(const json_t *value, struct sd *sd) {
    const char *text = json_string_value(value);
    size_t size = json_string_length(value) / 2;
    SECURITY_DESCRIPTOR_RELATIVE head = {
        .Revision = SECURITY_DESCRIPTOR_REVISION, .Control = SE_SELF_RELATIVE | SE_SACL_PRESENT, .Sacl = sizeof(head)};
    BYTE *bytes = text && size >= sizeof(ACL) && size <= 0xFFFF ? malloc(sizeof(head) + size) : NULL;
    *sd = (struct sd){0};
    if (!bytes) {
        return false;
    }
    memcpy(bytes, &head, sizeof(head));
    for (size_t i = 0; i < size; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        bytes[sizeof(head) + i] = (BYTE)((high & 15) << 4 | (low & 15));
        if (high < 0 || low < 0) {
            free(bytes);
            return false;
        }
    }
    return NT_SUCCESS(sd_parse(bytes, (ULONG)(sizeof(head) + size), sd)) && sd->labels;
}

/* The walk */

static bool remember(struct walk *walk, const ACL *labels) {
    struct sd_ace ace = {0};
    if (!sd_next(labels, &ace)) {
        return true;
    }
    json_t *text = label_text(labels);
    bool ok = text && set(walk->hidden->labels, walk->path, text);
    json_decref(text);
    return ok;
}

static NTSTATUS refused(NTSTATUS status, const struct acl_change *change) {
    return NT_SUCCESS(status) && change->label_refused ? STATUS_ACCESS_DENIED : status;
}

static NTSTATUS lift_label(struct walk *walk, HANDLE object) {
    struct acl_change change = {0};
    struct sd before;
    bool had = label_of_text(get(walk->hidden->labels, walk->path), &before);
    NTSTATUS status = refused(label_restore(object, had ? before.labels : NULL, &change), &change);
    sd_free(&before);
    if (NT_SUCCESS(status)) {
        drop(walk->hidden->labels, walk->path);
    }
    return status;
}

static NTSTATUS treat(struct walk *walk, HANDLE object, bool directory) {
    struct sd sd;
    struct acl_change change = {0};
    NTSTATUS status = sd_read(object, &sd);
    bool hiding = NT_SUCCESS(status) && label_is_hiding(&sd);
    if (NT_SUCCESS(status) && walk->purpose == LOOK && !hiding) {
        walk->missing++;
        status = remember(walk, sd.labels) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    } else if (NT_SUCCESS(status) && walk->purpose == PUT && !hiding) {
        status = refused(label_hide(object, directory, &change), &change);
    } else if (NT_SUCCESS(status) && walk->purpose == LIFT && hiding) {
        status = lift_label(walk, object);
    }
    sd_free(&sd);
    return status;
}

static void note_failure(struct walk *walk, NTSTATUS status) {
    if (!walk->failed++) {
        walk->first_status = status;
        _snwprintf(walk->first_path, MAX_PATH - 1, L"%ls", walk->path);
    }
}

static enum walk_next visit(void *context, const struct walk_entry *entry) {
    struct walk *walk = context;
    HANDLE object;
    ULONGLONG now = GetTickCount64();
    if (console_interrupted()) {
        return WALK_STOP;
    }
    if (_snwprintf(walk->path, PATH_UNITS - 1, L"%ls\\%ls", walk->top, entry->path) < 0) {
        note_failure(walk, STATUS_NAME_TOO_LONG);
        return WALK_SKIP;
    }
    if ((entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT) ||
        (walk->purpose == LIFT && claims_of(walk->live, walk->path) == CLAIMED_WHOLE)) {
        return WALK_SKIP;
    }
    walk->too_many = ++walk->seen > HIDDEN_MAX_OBJECTS && walk->purpose == LOOK;
    if (now >= walk->next_progress) {
        walk->next_progress = now + PROGRESS_MS;
        msg_progress("%ls: %lu objects", walk->purpose == LIFT ? L"showing" : L"hiding", walk->seen);
    }
    NTSTATUS status =
        walk_open(entry, walk->purpose == LOOK ? READ_CONTROL : ACL_STAMP_ACCESS, FILE_COMPLETE_IF_OPLOCKED, &object);
    if (NT_SUCCESS(status)) {
        status = treat(walk, object, (entry->attributes & FILE_ATTRIBUTE_DIRECTORY) != 0);
        NtClose(object);
    }
    if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_DELETE_PENDING) {
        note_failure(walk, status);
    }
    return walk->too_many ? WALK_STOP : WALK_ON;
}

/* `object` itself and all below it. */
static NTSTATUS go(struct walk *walk, HANDLE object) {
    struct object_facts facts;
    HANDLE handle;
    unsigned skipped = 0;
    wcscpy(walk->path, walk->top);
    walk->seen = 1;
    NTSTATUS status = object_query_facts(object, &facts);
    if (NT_SUCCESS(status)) {
        status = object_reopen(object, walk->purpose == LOOK ? READ_CONTROL : ACL_STAMP_ACCESS, 0, &handle);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = treat(walk, handle, facts.directory);
    NtClose(handle);
    if (NT_SUCCESS(status) && facts.directory) {
        status = object_reopen(object, FILE_LIST_DIRECTORY | SYNCHRONIZE, FILE_DIRECTORY_FILE, &handle);
        if (NT_SUCCESS(status)) {
            status = walk_tree(handle, false, visit, walk, &skipped);
            NtClose(handle);
        }
        msg_progress_end();
    }
    if (skipped) {
        wcscpy(walk->path, L"a directory that is not listed");
        note_failure(walk, STATUS_ACCESS_DENIED);
    }
    return status;
}

static bool begin(struct walk *walk, struct hidden *hidden, enum purpose purpose, const wchar_t *top) {
    *walk = (struct walk){.hidden = hidden, .purpose = purpose, .top = top};
    walk->path = wcslen(top) < PATH_UNITS ? malloc(PATH_UNITS * sizeof(wchar_t)) : NULL;
    if (!walk->path) {
        msg_error("%ls: out of memory", top);
    }
    return walk->path != NULL;
}

/* Ends a walk. False after a message. */
static bool ended(struct walk *walk, NTSTATUS status, const wchar_t *what) {
    bool interrupted = status == STATUS_CANCELLED && !walk->too_many;
    if (walk->too_many) {
        msg_error("%ls cannot be hidden: more than %u objects; hide a smaller place", walk->top, HIDDEN_MAX_OBJECTS);
    } else if (interrupted) {
        msg_error("%ls: stopped; the same command goes on from there", walk->top);
    } else if (!NT_SUCCESS(status)) {
        msg_error("%ls cannot be %ls: %ls", walk->top, what, msg_status_text(status));
    } else if (walk->failed) {
        msg_error("%ls: %lu objects cannot be %ls, the first is %ls (%ls)", walk->top, walk->failed, what,
                  walk->first_path, msg_status_text(walk->first_status));
    }
    free(walk->path);
    return NT_SUCCESS(status) && !walk->failed && !walk->too_many;
}

/* Looked at first: then the labels that are there are in the file before any is replaced, and what is too large is
 * found before anything is changed. */
bool hidden_put(struct hidden *hidden, const wchar_t *path, HANDLE object, bool lasting) {
    struct walk walk;
    bool known = get(hidden->paths, path) != NULL, stays = lasting || hidden_is_lasting(hidden, path);
    if (!begin(&walk, hidden, LOOK, path)) {
        return false;
    }
    NTSTATUS status = go(&walk, object);
    if (!ended(&walk, status, L"hidden")) {
        return false;
    }
    if (known && stays == hidden_is_lasting(hidden, path) && !walk.missing) {
        return true;
    }
    if (!set(hidden->paths, path, stays ? json_true() : json_false()) || !save(hidden)) {
        return false;
    }
    if (!walk.missing) {
        return true;
    }
    if (!begin(&walk, hidden, PUT, path)) {
        return false;
    }
    status = go(&walk, object);
    return ended(&walk, status, L"hidden");
}

static bool is_gone(DWORD error) { return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND; }

/* The claims, and what else stays hidden. */
static bool what_stays(const struct hidden *hidden, const struct claims *live, struct claims *all) {
    const char *key;
    json_t *value;
    bool ok = true;
    *all = (struct claims){0};
    for (size_t i = 0; i < live->count; i++) {
        ok = ok && claims_add(all, live->paths[i]);
    }
    json_object_foreach(hidden->paths, key, value) {
        wchar_t *path = json_is_true(value) ? msg_utf16(key) : NULL;
        ok = ok && (!path || claims_add(all, path));
        free(path);
    }
    return ok;
}

static bool lift_tree(struct hidden *hidden, const wchar_t *path, const struct claims *stays) {
    struct walk walk;
    DWORD error;
    wchar_t *final;
    HANDLE object = path_open(path, READ_CONTROL, &final, &error);
    if (!object && is_gone(error)) {
        return true;
    }
    bool ok = object && path_equal(final, path);
    if (!object) {
        msg_error("%ls cannot be opened: %ls", path, msg_win32_text(error));
    } else if (!ok) {
        msg_warn("%ls is now a link to %ls; what it was is no longer looked after", path, final);
    } else {
        ok = begin(&walk, hidden, LIFT, path);
        walk.live = stays;
        ok = ok && ended(&walk, go(&walk, object), L"shown again");
    }
    if (object) {
        CloseHandle(object);
        free(final);
    }
    return ok;
}

bool hidden_lift(struct hidden *hidden, const wchar_t *path, const struct claims *live) {
    struct claims stays;
    drop(hidden->paths, path);
    bool ok = what_stays(hidden, live, &stays);
    bool claimed = false;
    for (size_t i = 0; i < live->count; i++) {
        claimed = claimed || path_equal(live->paths[i], path);
    }
    if (ok && claims_of(&stays, path) != CLAIMED_WHOLE) {
        ok = lift_tree(hidden, path, &stays);
    }
    claims_free(&stays);
    if (!ok || claimed) {
        /* Still there: for the next try, or for the run that claims it. */
        (void)!set(hidden->paths, path, json_false());
    }
    return save(hidden) && ok;
}

void hidden_sweep(struct hidden *hidden, const struct claims *live) {
    const char *key;
    json_t *value, *left = json_array();
    size_t i;
    json_object_foreach(hidden->paths, key, value) {
        wchar_t *path = json_is_true(value) ? NULL : msg_utf16(key);
        if (path && claims_of(live, path) != CLAIMED_WHOLE) {
            json_array_append_new(left, text_json(path));
        }
        free(path);
    }
    json_array_foreach(left, i, value) {
        wchar_t *path = msg_utf16(json_string_value(value));
        if (path && hidden_lift(hidden, path, live)) {
            msg_note("sbx: %ls was hidden by a run that was ended; it no longer is", path);
        }
        free(path);
    }
    json_decref(left);
}

bool hidden_is_lasting(const struct hidden *hidden, const wchar_t *path) {
    return json_is_true(get(hidden->paths, path));
}

void hidden_each(const struct hidden *hidden, hidden_visit *visit_path, void *context) {
    const char *key;
    json_t *value;
    json_object_foreach(hidden->paths, key, value) {
        wchar_t *path = msg_utf16(key);
        if (path) {
            visit_path(context, path, json_is_true(value));
        }
        free(path);
    }
}
