#include "broker/undo/put.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/rights/acl.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Opens the directory that `path` stands in, from the handle of its root and not through a reparse point. */
static NTSTATUS open_parent(struct undo_putting *putting, const wchar_t *path, struct place *place) {
    struct policy_name tops[ROOT_SET_MAX_ROOTS], rest, parent, above, name = {(const uint16_t *)path, wcslen(path)};
    const struct root_set *set = &putting->set;
    for (size_t i = 0; i < set->root_count; i++) {
        tops[i].units = (const uint16_t *)set->roots[i].dos_path;
        tops[i].length = wcslen(set->roots[i].dos_path);
    }
    int root = policy_innermost(name, tops, set->root_count, object_fold, &rest);
    place->directory = NULL;
    if (root < 0 || policy_split(rest, &parent, &place->leaf) != POLICY_ALLOWED) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    NTSTATUS status = object_open_below(set->roots[root].handle, parent, FILE_READ_ATTRIBUTES | FILE_TRAVERSE,
                                        FILE_DIRECTORY_FILE, &place->directory);
    struct object_name *real = malloc(sizeof(*real));
    if (NT_SUCCESS(status) &&
        (!real || !NT_SUCCESS(object_query_name(place->directory, real)) ||
         !policy_under(real->name, set->root_names[root], object_fold, &above) || above.length != parent.length)) {
        NtClose(place->directory);
        place->directory = NULL;
        status = STATUS_REPARSE_POINT_ENCOUNTERED;
    }
    free(real);
    place->root = (size_t)root;
    return status;
}

static NTSTATUS open_at(struct undo_putting *putting, const wchar_t *path, ACCESS_MASK access, HANDLE *object) {
    struct place place;
    NTSTATUS status = open_parent(putting, path, &place);
    *object = NULL;
    if (NT_SUCCESS(status)) {
        status = object_open_below(place.directory, place.leaf, access, 0, object);
        NtClose(place.directory);
    }
    return status;
}

static bool newer(const struct undo_putting *putting, HANDLE object) {
    FILE_BASIC_INFORMATION basic;
    IO_STATUS_BLOCK io;
    LONGLONG end = (LONGLONG)putting->run->ended;
    return !NT_SUCCESS(NtQueryInformationFile(object, &io, &basic, sizeof(basic), FileBasicInformation)) ||
           basic.CreationTime.QuadPart > end || basic.LastWriteTime.QuadPart > end || basic.ChangeTime.QuadPart > end;
}

static HANDLE open_root_itself(struct undo_putting *putting, const wchar_t *path, ACCESS_MASK access) {
    HANDLE object = NULL;
    for (size_t i = 0; i < putting->set.root_count && !object; i++) {
        const struct root *root = &putting->set.roots[i];
        if (!_wcsicmp(root->dos_path, path) && !NT_SUCCESS(object_reopen(root->handle, access, 0, &object))) {
            object = NULL;
        }
    }
    return object;
}

bool undo_is_newer(struct undo_putting *putting, const wchar_t *path) {
    HANDLE object = open_root_itself(putting, path, FILE_READ_ATTRIBUTES);
    if (!object && !NT_SUCCESS(open_at(putting, path, FILE_READ_ATTRIBUTES, &object))) {
        return false;
    }
    bool is = newer(putting, object);
    NtClose(object);
    return is;
}

static NTSTATUS set_basic(HANDLE object, const FILE_BASIC_INFORMATION *basic) {
    FILE_BASIC_INFORMATION copy = *basic;
    IO_STATUS_BLOCK io;
    /* 0 would leave the attributes as they are. The kind bits are ignored by Windows. */
    copy.FileAttributes = copy.FileAttributes ? copy.FileAttributes : FILE_ATTRIBUTE_NORMAL;
    return NtSetInformationFile(object, &io, &copy, sizeof(copy), FileBasicInformation);
}

void undo_put_basic(struct undo_putting *putting, const wchar_t *path, const FILE_BASIC_INFORMATION *basic) {
    const ACCESS_MASK access = FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES;
    HANDLE object = open_root_itself(putting, path, access);
    if (!object && !NT_SUCCESS(open_at(putting, path, access, &object))) {
        return;
    }
    NTSTATUS status = set_basic(object, basic);
    NtClose(object);
    if (!NT_SUCCESS(status)) {
        msg_warn("%ls: the times cannot be set: %ls", path, msg_status_text(status));
    }
}

/* The entries that the object had of its own, without those of sbx, which the next run puts where it needs them. */
static void put_dacl(HANDLE object, const wchar_t *text, bool directory) {
    PSECURITY_DESCRIPTOR descriptor = NULL;
    ULONG size;
    struct acl_change change;
    struct sd sd;
    HANDLE writer;
    if (!text || !ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &descriptor, &size)) {
        return;
    }
    if (NT_SUCCESS(object_reopen(object, ACL_STAMP_ACCESS, 0, &writer))) {
        if (!NT_SUCCESS(sd_parse(descriptor, size, &sd)) || !NT_SUCCESS(sd_write_dacl(writer, sd.dacl, sd.control)) ||
            !NT_SUCCESS(acl_unstamp(writer, directory, NULL, 0, &change))) {
            msg_warn("an access control list could not be put back whole");
        }
        NtClose(writer);
    }
    LocalFree(descriptor);
}

static enum undo_put failed(const wchar_t *path, NTSTATUS status) {
    if (status == STATUS_OBJECT_PATH_NOT_FOUND || status == STATUS_OBJECT_NAME_NOT_FOUND) {
        msg_warn("%ls is not put back: the directory it was in is not there", path);
    } else {
        msg_warn("%ls is not put back: %ls", path, msg_status_text(status));
    }
    return UNDO_PUT_FAILED;
}

static enum undo_put refused(const wchar_t *path, const wchar_t *why) {
    msg_warn("%ls is not put back: %ls", path, why);
    return UNDO_PUT_FAILED;
}

static NTSTATUS open_kept(const struct undo_putting *putting, const struct undo_record *record, HANDLE *kept) {
    struct undo_leaf leaf;
    const struct undo_store *store = &putting->stores[record->store];
    undo_leaf(record->number, &leaf);
    *kept = NULL;
    return store->directory ? object_open_below(store->directory, leaf.name,
                                                DELETE | FILE_READ_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                                                FILE_NON_DIRECTORY_FILE, kept)
                            : STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS make_directory(const struct place *place, const struct undo_record *record) {
    struct object_create how = {FILE_READ_ATTRIBUTES, FILE_ATTRIBUTE_DIRECTORY, NT_SHARE_ALL, FILE_CREATE,
                                FILE_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT};
    HANDLE made;
    NTSTATUS status = object_create_leaf(place->directory, place->leaf, &how, &made, NULL);
    if (NT_SUCCESS(status)) {
        put_dacl(made, record->dacl, true);
        NtClose(made);
    }
    return status;
}

/* A copy goes into a new file, which inherits what a file in that directory inherits. */
static NTSTATUS put_copy(const struct place *place, const struct undo_record *record, HANDLE kept) {
    struct object_create how = {FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES | DELETE,
                                FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_DELETE, FILE_CREATE,
                                FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT};
    HANDLE made;
    NTSTATUS status = object_create_leaf(place->directory, place->leaf, &how, &made, NULL);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    DWORD error = undo_copy_bytes(kept, made, MAXULONGLONG);
    if (error) {
        status = error == ERROR_DISK_FULL ? STATUS_DISK_FULL : STATUS_UNEXPECTED_IO_ERROR;
        (void)!NT_SUCCESS(object_delete_name(made));
    } else {
        put_dacl(made, record->dacl, false);
        status = set_basic(made, &record->basic);
        (void)!NT_SUCCESS(object_delete_name(kept));
    }
    NtClose(made);
    return status;
}

static NTSTATUS put_file(const struct undo_putting *putting, const struct place *place,
                         const struct undo_record *record) {
    HANDLE kept;
    ULONGLONG id;
    NTSTATUS status = open_kept(putting, record, &kept);
    if (!NT_SUCCESS(status)) {
        return status == STATUS_OBJECT_NAME_NOT_FOUND ? STATUS_NO_SUCH_FILE : status;
    }
    if (record->how == UNDO_COPIED) {
        status = put_copy(place, record, kept);
    } else if (!NT_SUCCESS(object_query_id(kept, &id)) || id != record->id) {
        status = STATUS_NO_SUCH_FILE;
    } else {
        status = object_set_name(kept, place->directory, place->leaf, 0, NtFileRenameInformation);
        status = NT_SUCCESS(status) ? set_basic(kept, &record->basic) : status;
    }
    NtClose(kept);
    return status;
}

/* Takes away what stands in the place of `item`, keeping it. */
static NTSTATUS make_way(struct undo_putting *putting, const struct place *place) {
    HANDLE present;
    struct undo_step step = {0};
    NTSTATUS status = object_open_below(place->directory, place->leaf,
                                        DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, 0, &present);
    if (NT_SUCCESS(status)) {
        status = undo_before_loss(putting->undo, present, UNDO_LOSE_NAME, &step);
        if (NT_SUCCESS(status)) {
            status = object_delete_name(present);
            undo_settle(putting->undo, &step, NT_SUCCESS(status));
        }
        NtClose(present);
    }
    return status;
}

/* Is there an object that is to go elsewhere at `path`? */
static struct undo_item *item_waiting_at(const struct undo_putting *putting, const struct undo_item *item,
                                         const wchar_t *path) {
    for (size_t i = 0; i < putting->plan->count; i++) {
        struct undo_item *other = &putting->plan->items[i];
        if (other != item && other->live && other->wanted && !other->done && !_wcsicmp(other->current, path)) {
            return other;
        }
    }
    return NULL;
}

/* What stands in the place of something that is to be put back. */
struct present {
    struct object_facts facts;
    ULONGLONG id;
    bool newer;
};

static NTSTATUS look_at(const struct undo_putting *putting, const struct place *place, struct present *present) {
    HANDLE object;
    NTSTATUS status = object_open_below(place->directory, place->leaf, FILE_READ_ATTRIBUTES, 0, &object);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    present->newer = newer(putting, object);
    status = object_query_facts(object, &present->facts);
    if (NT_SUCCESS(status)) {
        status = object_query_id(object, &present->id);
    }
    NtClose(object);
    return status;
}

/* Looks at what stands in the place of `item`. UNDO_PUT_DONE: the place is free now, or *there: it is back already. */
static enum undo_put clear_place(struct undo_putting *putting, const struct undo_item *item, const wchar_t *target,
                                 const struct place *place, bool *there) {
    struct present present;
    *there = false;
    NTSTATUS status = look_at(putting, place, &present);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        return UNDO_PUT_DONE;
    }
    if (!NT_SUCCESS(status)) {
        return failed(target, status);
    }
    if (item_waiting_at(putting, item, target)) {
        return UNDO_PUT_WAITS;
    }
    bool same = present.id == item->record->id && (item->live || item->record->how == UNDO_LINKED);
    if (same && item->live) {
        /* By another name than the journal's last one it has not moved: sbx was killed before the rename, or somebody
         * has put it back. By the same name it was renamed by a change of case alone. */
        *there = _wcsicmp(item->current, target) != 0;
        return UNDO_PUT_DONE;
    }
    if (same) {
        /* Kept, but then not lost: sbx was killed in between. Its second name would keep it from being written. */
        undo_discard(&putting->stores[item->record->store], item->record->number);
    }
    if (same || (item->record->kind == UNDO_DIRECTORY && !item->live && present.facts.directory &&
                 !present.facts.reparse_point)) {
        *there = true;
        return UNDO_PUT_DONE;
    }
    if (present.facts.directory) {
        return refused(target, L"a directory is in the way; move it away first");
    }
    if (present.newer && !putting->wish->force) {
        return refused(target, L"what is there now is newer than the run; --force replaces it (and keeps it)");
    }
    status = make_way(putting, place);
    return NT_SUCCESS(status) ? UNDO_PUT_DONE : failed(target, status);
}

static enum undo_put rename_back(struct undo_putting *putting, struct undo_item *item, const struct place *place) {
    HANDLE object;
    ULONGLONG id;
    struct undo_step steps[2] = {{0}, {0}};
    NTSTATUS status = open_at(putting, item->current, DELETE | FILE_READ_ATTRIBUTES, &object);
    if (!NT_SUCCESS(status)) {
        return refused(item->origin, L"it was renamed, and is not where the run left it");
    }
    if (!NT_SUCCESS(object_query_id(object, &id)) || id != item->record->id) {
        NtClose(object);
        return refused(item->origin, L"it was renamed, and something else has its new name now");
    }
    status = undo_before_rename(putting->undo, object, place, false, steps);
    if (NT_SUCCESS(status)) {
        status = object_set_name(object, place->directory, place->leaf, 0, NtFileRenameInformation);
        undo_settle(putting->undo, &steps[1], NT_SUCCESS(status));
    }
    NtClose(object);
    if (!NT_SUCCESS(status)) {
        return failed(item->origin, status);
    }
    wchar_t *from = item->current, *to = _wcsdup(item->origin);
    bool ok = to && (item->record->kind != UNDO_DIRECTORY || undo_plan_moved(putting->plan, from, to));
    item->current = to ? to : from;
    if (to) {
        free(from);
    }
    return ok ? UNDO_PUT_DONE : failed(item->origin, STATUS_NO_MEMORY);
}

static enum undo_put put_lost(struct undo_putting *putting, struct undo_item *item, const wchar_t *target,
                              const struct place *place) {
    const struct undo_record *record = item->record;
    NTSTATUS status = record->kind == UNDO_DIRECTORY ? make_directory(place, record) : put_file(putting, place, record);
    if (status == STATUS_NO_SUCH_FILE) {
        return refused(target, L"it is not in the store any more (put back before, or pruned)");
    }
    if (!NT_SUCCESS(status)) {
        return failed(target, status);
    }
    wchar_t *current = _wcsdup(target);
    if (current) {
        free(item->current);
        item->current = current;
    }
    return UNDO_PUT_DONE;
}

static bool in_store(const struct undo_putting *putting, const struct undo_record *record) {
    HANDLE kept;
    bool ok = record->kind == UNDO_DIRECTORY || NT_SUCCESS(open_kept(putting, record, &kept));
    if (ok && record->kind != UNDO_DIRECTORY) {
        NtClose(kept);
    }
    return ok;
}

enum undo_put undo_put(struct undo_putting *putting, struct undo_item *item) {
    struct place place;
    bool there;
    const wchar_t *target = item->origin;
    if (!item->live && item->record->how == UNDO_NOT_KEPT) {
        return refused(target, L"it could not be kept when it was lost");
    }
    NTSTATUS status = open_parent(putting, target, &place);
    if (!NT_SUCCESS(status) && !item->live && wcscmp(target, item->current) != 0) {
        /* The directory that it was in has another name now and was not asked for. */
        target = item->current;
        status = open_parent(putting, target, &place);
    }
    if (!NT_SUCCESS(status)) {
        return failed(target, status);
    }
    enum undo_put put;
    if (!item->live && !in_store(putting, item->record)) {
        put = refused(target, L"it is not in the store any more (put back before, or pruned)");
    } else {
        put = clear_place(putting, item, target, &place, &there);
        if (put == UNDO_PUT_DONE && !there) {
            put = item->live ? rename_back(putting, item, &place) : put_lost(putting, item, target, &place);
        }
    }
    NtClose(place.directory);
    return put;
}

bool undo_step_aside(struct undo_putting *putting, const struct undo_item *item) {
    struct undo_item *other = item_waiting_at(putting, item, item->origin);
    const wchar_t *end = other ? wcsrchr(other->current, L'\\') : NULL;
    size_t units = end ? (size_t)(end - other->current) : 0;
    wchar_t *path = end ? malloc((units + 40) * sizeof(*path)) : NULL;
    struct undo_step steps[2] = {{0}, {0}};
    struct place place;
    HANDLE object;
    if (!path) {
        return false;
    }
    (void)swprintf(path, units + 40, L"%.*ls\\sbx-undo-%lu.tmp", (int)units, other->current, ++putting->aside);
    NTSTATUS status = open_parent(putting, path, &place);
    if (NT_SUCCESS(status)) {
        status = open_at(putting, other->current, DELETE | FILE_READ_ATTRIBUTES, &object);
        if (NT_SUCCESS(status)) {
            status = undo_before_rename(putting->undo, object, &place, false, steps);
            status = NT_SUCCESS(status)
                         ? object_set_name(object, place.directory, place.leaf, 0, NtFileRenameInformation)
                         : status;
            undo_settle(putting->undo, &steps[1], NT_SUCCESS(status));
            NtClose(object);
        }
        NtClose(place.directory);
    }
    bool ok = NT_SUCCESS(status) &&
              (other->record->kind != UNDO_DIRECTORY || undo_plan_moved(putting->plan, other->current, path));
    if (ok) {
        free(other->current);
        other->current = path;
    } else {
        free(path);
    }
    return ok;
}
