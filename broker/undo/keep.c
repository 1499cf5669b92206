/* Keeping one object before it is lost: a second name in the store where nobody can still write to it, else a copy. */
#include "broker/undo/keep.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/rights/acl.h"

#include <sddl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TOUCHED_LIMIT ((size_t)128 << 20)
#define COPY_LIMIT (256ull << 20) /* what can be copied within the time of an operation */

/* Has somebody given the object entries of its own? What it inherits it gets again from its directory. */
static bool has_own_entries(const struct sd *sd) {
    for (struct sd_ace ace = {0}; sd_next(sd->dacl, &ace);) {
        if (!(ace.flags & INHERITED_ACE)) {
            return true;
        }
    }
    return (sd->control & SE_DACL_PROTECTED) || !sd->dacl;
}

static wchar_t *dacl_text(HANDLE object) {
    struct sd sd;
    HANDLE reader;
    wchar_t *text = NULL, *copy = NULL;
    if (!NT_SUCCESS(object_reopen(object, READ_CONTROL, 0, &reader))) {
        return NULL;
    }
    if (NT_SUCCESS(sd_read(reader, &sd)) && has_own_entries(&sd) &&
        ConvertSecurityDescriptorToStringSecurityDescriptorW(sd.bytes, SDDL_REVISION_1, DACL_SECURITY_INFORMATION,
                                                             &text, NULL)) {
        copy = _wcsdup(text);
        LocalFree(text);
    }
    sd_free(&sd);
    NtClose(reader);
    return copy;
}

/* What the journal says of the object. */
static bool describe(struct undo *undo, HANDLE object, struct undo_record *record, size_t *root) {
    struct object_name *name = malloc(sizeof(*name));
    struct object_facts facts;
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard = {0};
    bool ok =
        name && NT_SUCCESS(object_query_name(object, name)) && NT_SUCCESS(object_query_facts(object, &facts)) &&
        NT_SUCCESS(object_query_id(object, &record->id)) &&
        NT_SUCCESS(NtQueryInformationFile(object, &io, &record->basic, sizeof(record->basic), FileBasicInformation)) &&
        NT_SUCCESS(NtQueryInformationFile(object, &io, &standard, sizeof(standard), FileStandardInformation));
    record->path = ok ? root_set_dos_path(undo->set, name->name, root) : NULL;
    if (ok) {
        record->kind = !facts.directory ? UNDO_FILE : facts.reparse_point ? UNDO_DIRECTORY_LINK : UNDO_DIRECTORY;
        record->size = facts.directory ? 0 : (ULONGLONG)standard.EndOfFile.QuadPart;
    }
    free(name);
    return record->path != NULL;
}

static bool first_touch(struct undo *undo, const wchar_t *path, size_t units) {
    char *key = undo_path_key(path, units);
    size_t bytes = key ? strlen(key) : 0;
    AcquireSRWLockExclusive(&undo->lock);
    /* What is remembered has an end: a program can make directories without one. */
    bool known = !key || json_object_get(undo->touched, key) || bytes > TOUCHED_LIMIT - undo->touched_bytes;
    if (!known) {
        undo->touched_bytes += bytes;
        json_object_set_new(undo->touched, key, json_true());
    }
    ReleaseSRWLockExclusive(&undo->lock);
    free(key);
    return !known;
}

/* Before the directory `path` is deleted or renamed: a program that makes and removes directories all day neither adds
 * to what is remembered nor uses it up. When the path is touched again, the plan takes the first line. */
static void forget_touch(struct undo *undo, const wchar_t *path) {
    char *key = undo_path_key(path, wcslen(path));
    AcquireSRWLockExclusive(&undo->lock);
    if (key && !json_object_del(undo->touched, key)) {
        undo->touched_bytes -= strlen(key);
    }
    ReleaseSRWLockExclusive(&undo->lock);
    free(key);
}

static NTSTATUS open_directory(const struct root *root, struct policy_name below, HANDLE *directory) {
    if (below.length && below.units[0] == '\\') {
        below.units++;
        below.length--;
    }
    return below.length ? object_open_below(root->handle, below, FILE_READ_ATTRIBUTES, 0, directory)
                        : object_reopen(root->handle, FILE_READ_ATTRIBUTES, 0, directory);
}

void undo_touch(struct undo *undo, const wchar_t *path, size_t units, size_t root) {
    const struct root *top = &undo->set->roots[root];
    size_t top_units = wcslen(top->dos_path);
    struct undo_record record = {.type = UNDO_TOUCHED, .kind = UNDO_DIRECTORY};
    HANDLE directory;
    IO_STATUS_BLOCK io;
    struct policy_name below = {(const uint16_t *)path + top_units, units - top_units};
    if (units < top_units || !first_touch(undo, path, units) || !NT_SUCCESS(open_directory(top, below, &directory))) {
        return;
    }
    record.path = malloc((units + 1) * sizeof(wchar_t));
    if (record.path &&
        NT_SUCCESS(NtQueryInformationFile(directory, &io, &record.basic, sizeof(record.basic), FileBasicInformation)) &&
        NT_SUCCESS(object_query_id(directory, &record.id))) {
        memcpy(record.path, path, units * sizeof(wchar_t));
        record.path[units] = 0;
        /* Without this line only the directory's own times are not put back. */
        (void)!undo_append(undo, &record);
    }
    NtClose(directory);
    free(record.path);
}

/* Before the directory that `path` stands in is changed. */
static void touch_parent(struct undo *undo, const wchar_t *path, size_t root) {
    const wchar_t *end = wcsrchr(path, L'\\');
    undo_touch(undo, path, end ? (size_t)(end - path) : 0, root);
}

/* A file object of our own without FILE_SHARE_WRITE: it can be had only while nobody has the file open for writing, and
 * while it is there nobody can open it so. */
static NTSTATUS open_guard(HANDLE object, HANDLE *guard) {
    struct object_create how = {FILE_READ_DATA | FILE_WRITE_ATTRIBUTES | ACL_STAMP_ACCESS, 0,
                                FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_OPEN,
                                FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE};
    struct policy_name empty = {NULL, 0};
    return object_create_leaf(object, empty, &how, guard, NULL);
}

static NTSTATUS link_into(const struct undo_store *store, HANDLE object, unsigned long number) {
    struct undo_leaf leaf;
    undo_leaf(number, &leaf);
    return object_set_name(object, store->directory, leaf.name, 0, NtFileLinkInformation);
}

/* Takes our entries and label off, so that no sandboxed program can write to what is kept. From here on the second
 * name, which is outside of all roots, keeps the broker from stamping or opening it for one. */
static bool take_ours_off(HANDLE guard, struct undo_step *step) {
    struct acl_change change;
    if (!NT_SUCCESS(sd_read(guard, &step->before))) {
        return false;
    }
    NTSTATUS status = acl_unstamp(guard, false, NULL, 0, &change);
    step->unstamped = change.changed;
    return NT_SUCCESS(status) && !change.label_refused;
}

static void put_ours_back(const struct undo *undo, const struct undo_step *step) {
    bool low = sd_level(&step->before) < SECURITY_MANDATORY_MEDIUM_RID;
    struct acl_change change;
    struct undo_leaf leaf;
    HANDLE file;
    undo_leaf(step->number, &leaf);
    NTSTATUS status = object_open_below(undo->stores[step->store].directory, leaf.name, ACL_STAMP_ACCESS, 0, &file);
    if (NT_SUCCESS(status)) {
        status = sd_write_dacl(file, step->before.dacl, step->before.control);
        if (NT_SUCCESS(status) && undo->set->roots[step->root].sid) {
            status =
                acl_stamp(file, false, undo->set->roots[step->root].sid, low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &change);
        }
        NtClose(file);
    }
    if (!NT_SUCCESS(status)) {
        msg_warn("a file that could not be deleted has lost sbx's entries; the next write puts them back");
    }
}

static void take_back(const struct undo *undo, struct undo_step *step) {
    if (step->unstamped) {
        put_ours_back(undo, step);
    }
    if (step->linked || step->copied) {
        undo_discard(&undo->stores[step->store], step->number);
    }
    sd_free(&step->before);
    step->unstamped = step->linked = step->copied = false;
}

/* Nobody can make the file longer while the guard is there. */
static bool is_charged(HANDLE guard, const struct undo_step *step) {
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard = {0};
    return NT_SUCCESS(NtQueryInformationFile(guard, &io, &standard, sizeof(standard), FileStandardInformation)) &&
           (ULONGLONG)standard.EndOfFile.QuadPart <= step->charged;
}

static bool keep_link(struct undo *undo, HANDLE object, struct undo_step *step) {
    struct object_facts facts;
    HANDLE guard;
    if (!NT_SUCCESS(open_guard(object, &guard))) {
        return false;
    }
    bool ok = NT_SUCCESS(object_query_facts(guard, &facts)) && facts.links == 1 && is_charged(guard, step) &&
              NT_SUCCESS(link_into(&undo->stores[step->store], guard, step->number));
    if (ok) {
        step->linked = true;
        /* A name that was added in between would be one to write through. */
        ok = NT_SUCCESS(object_query_facts(guard, &facts)) && facts.links == 2 && take_ours_off(guard, step);
    }
    /* Closed before the operation: a file that is open cannot be replaced. */
    NtClose(guard);
    if (!ok) {
        take_back(undo, step);
    }
    return ok;
}

static bool keep_copy(struct undo *undo, HANDLE object, struct undo_step *step) {
    struct object_create how = {FILE_WRITE_DATA | DELETE, FILE_ATTRIBUTE_NORMAL, 0, FILE_CREATE,
                                FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE};
    struct undo_leaf leaf;
    HANDLE from, to;
    undo_leaf(step->number, &leaf);
    if (!NT_SUCCESS(object_reopen(object, FILE_READ_DATA, FILE_NON_DIRECTORY_FILE, &from))) {
        return false;
    }
    bool whole = false;
    if (NT_SUCCESS(object_create_leaf(undo->stores[step->store].directory, leaf.name, &how, &to, NULL))) {
        /* The program may make the file longer meanwhile: no more than the quota was charged for. */
        whole = !undo_copy_bytes(from, to, step->charged);
        NtClose(to);
        step->copied = true;
    }
    NtClose(from);
    if (step->copied && !whole) {
        take_back(undo, step);
    }
    return whole;
}

static enum undo_how keep(struct undo *undo, HANDLE object, enum undo_loss loss, const struct undo_record *record,
                          struct undo_step *step) {
    if (record->kind == UNDO_DIRECTORY) {
        return UNDO_EMPTY;
    }
    /* A small file costs a cluster and an entry too. */
    ULONGLONG bytes = record->size < 4096 ? 4096 : record->size;
    if (record->kind == UNDO_DIRECTORY_LINK || !undo_charge(undo, bytes)) {
        return UNDO_NOT_KEPT;
    }
    step->charged = bytes;
    if (loss == UNDO_LOSE_NAME && keep_link(undo, object, step)) {
        return UNDO_LINKED;
    }
    bool plain = !(record->basic.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && record->size <= COPY_LIMIT;
    return plain && keep_copy(undo, object, step) ? UNDO_COPIED : UNDO_NOT_KEPT;
}

static NTSTATUS lost(struct undo *undo) {
    InterlockedIncrement(&undo->not_kept);
    return undo->required ? STATUS_DISK_FULL : STATUS_SUCCESS;
}

static void give_up(struct undo *undo, struct undo_step *step) {
    InterlockedDecrement(step->linked || step->copied ? &undo->kept : &undo->moved);
    take_back(undo, step);
    undo_refund(undo, step->charged);
    step->number = 0;
}

NTSTATUS undo_before_loss(struct undo *undo, HANDLE object, enum undo_loss loss, struct undo_step *step) {
    struct undo_record record = {.type = UNDO_GONE};
    if (!undo) {
        return STATUS_SUCCESS;
    }
    if (!describe(undo, object, &record, &step->root)) {
        return lost(undo);
    }
    NTSTATUS status = STATUS_SUCCESS;
    if (!undo->set->roots[step->root].temp) {
        touch_parent(undo, record.path, step->root);
        if (record.kind == UNDO_DIRECTORY) {
            forget_touch(undo, record.path);
        }
        step->store = undo->store_of[step->root];
        step->number = record.number = (unsigned long)InterlockedIncrement(&undo->next);
        record.store = (unsigned)step->store;
        record.how = keep(undo, object, loss, &record, step);
        record.dacl = record.how == UNDO_COPIED || record.how == UNDO_EMPTY ? dacl_text(object) : NULL;
        bool written = undo_append(undo, &record);
        InterlockedIncrement(step->linked || step->copied ? &undo->kept : &undo->moved);
        if (!written || record.how == UNDO_NOT_KEPT) {
            status = lost(undo);
        }
        if (!written) {
            give_up(undo, step);
        } else if (!NT_SUCCESS(status)) {
            undo_settle(undo, step, false);
        } else {
            step->missed = record.how == UNDO_NOT_KEPT;
        }
    }
    undo_record_free(&record);
    return status;
}

static wchar_t *new_path(const struct undo *undo, const struct place *place, size_t *root) {
    struct object_name *name = malloc(sizeof(*name));
    wchar_t *path = NULL;
    if (name && NT_SUCCESS(object_query_name(place->directory, name)) && NT_SUCCESS(object_append(name, place->leaf))) {
        path = root_set_dos_path(undo->set, name->name, root);
    }
    free(name);
    return path;
}

static NTSTATUS before_move(struct undo *undo, HANDLE object, const struct place *place, struct undo_step *step) {
    struct undo_record record = {.type = UNDO_MOVED};
    size_t root;
    if (!describe(undo, object, &record, &step->root) || !(record.to = new_path(undo, place, &root))) {
        undo_record_free(&record);
        return lost(undo);
    }
    const struct root *roots = undo->set->roots;
    NTSTATUS status = STATUS_SUCCESS;
    if (!roots[step->root].temp && roots[root].temp) {
        status = STATUS_NOT_SAME_DEVICE;
    } else if (!roots[step->root].temp) {
        touch_parent(undo, record.path, step->root);
        touch_parent(undo, record.to, root);
        if (record.kind == UNDO_DIRECTORY) {
            forget_touch(undo, record.path);
        }
        step->number = record.number = (unsigned long)InterlockedIncrement(&undo->next);
        InterlockedIncrement(&undo->moved);
        if (!undo_append(undo, &record)) {
            InterlockedDecrement(&undo->moved);
            step->number = 0;
            status = lost(undo);
        }
    }
    undo_record_free(&record);
    return status;
}

NTSTATUS undo_before_replace(struct undo *undo, HANDLE object, const struct place *place, struct undo_step *step) {
    HANDLE present;
    if (!undo) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = object_open_below(place->directory, place->leaf, FILE_READ_ATTRIBUTES, 0, &present);
    if (!NT_SUCCESS(status)) {
        /* Only where surely nothing has the name there is nothing to lose. */
        return status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_SUCCESS : lost(undo);
    }
    status = STATUS_SUCCESS;
    /* A change of case alone replaces nothing. */
    if (!object_same(object, present)) {
        status = undo_before_loss(undo, present, UNDO_LOSE_NAME, step);
    }
    NtClose(present);
    return status;
}

NTSTATUS undo_before_rename(struct undo *undo, HANDLE object, const struct place *place, bool replace,
                            struct undo_step steps[2]) {
    if (!undo) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = replace ? undo_before_replace(undo, object, place, &steps[0]) : STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        status = before_move(undo, object, place, &steps[1]);
        if (!NT_SUCCESS(status)) {
            undo_settle(undo, &steps[0], false);
        }
    }
    return status;
}

void undo_settle(struct undo *undo, struct undo_step *step, bool done) {
    if (!undo || !step->number) {
        return;
    }
    if (done) {
        sd_free(&step->before);
    } else {
        struct undo_record record = {.type = UNDO_CANCELLED, .number = step->number};
        if (step->missed) {
            InterlockedDecrement(&undo->not_kept);
        }
        give_up(undo, step);
        /* Without this line the restore finds the object in its place and leaves it. */
        (void)!undo_append(undo, &record);
    }
    step->number = 0;
}
