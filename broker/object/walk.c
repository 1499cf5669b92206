#include "broker/object/walk.h"

#include "broker/object/object.h"

#include <stdlib.h>
#include <string.h>

#define LIST_BYTES 65536u
#define WALK_PATH_UNITS 32768u

struct level {
    HANDLE directory;
    BYTE *list;
    ULONG offset; /* of the next entry in list, ~0u when a new portion is needed */
    size_t path_units;
    struct walk_entry entry;
    wchar_t *leaf;
};

struct walker {
    bool post_order;
    walk_visit *visit;
    void *context;
    unsigned *skipped;
    wchar_t *path;
};

NTSTATUS walk_open(const struct walk_entry *entry, ACCESS_MASK access, ULONG options, HANDLE *object) {
    UNICODE_STRING name = {entry->leaf_bytes, entry->leaf_bytes, (PWSTR)(uintptr_t)entry->leaf};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&attributes, &name, OBJ_DONT_REPARSE, entry->parent, NULL);
    *object = NULL;
    NTSTATUS status =
        NtOpenFile(object, access | SYNCHRONIZE, &attributes, &io, NT_SHARE_ALL,
                   options | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT);
    return status;
}

/* Reads the next portion of names. */
static NTSTATUS fill(struct level *level, bool restart) {
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtQueryDirectoryFile(level->directory, NULL, NULL, NULL, &io, level->list, LIST_BYTES,
                                           FileIdBothDirectoryInformation, FALSE, NULL, restart);
    level->offset = NT_SUCCESS(status) ? 0 : ~0u;
    return status;
}

static const FILE_ID_BOTH_DIR_INFORMATION *next_name(struct level *level, NTSTATUS *status) {
    *status = STATUS_SUCCESS;
    if (level->offset == ~0u) {
        *status = fill(level, false);
        if (!NT_SUCCESS(*status)) {
            return NULL;
        }
    }
    const FILE_ID_BOTH_DIR_INFORMATION *found = (const FILE_ID_BOTH_DIR_INFORMATION *)(level->list + level->offset);
    level->offset = found->NextEntryOffset ? level->offset + found->NextEntryOffset : ~0u;
    return found;
}

static bool is_dot(const FILE_ID_BOTH_DIR_INFORMATION *found) {
    ULONG units = found->FileNameLength / sizeof(WCHAR);
    return found->FileName[0] == L'.' && (units == 1 || (units == 2 && found->FileName[1] == L'.'));
}

static bool set_entry(struct walker *walker, struct level *level, const FILE_ID_BOTH_DIR_INFORMATION *found,
                      unsigned depth) {
    size_t units = found->FileNameLength / sizeof(WCHAR);
    if (units > 255 || level->path_units + units + 2 > WALK_PATH_UNITS) {
        return false;
    }
    memcpy(level->leaf, found->FileName, found->FileNameLength);
    level->leaf[units] = 0;
    memcpy(walker->path + level->path_units, level->leaf, (units + 1) * sizeof(WCHAR));
    level->entry.parent = level->directory;
    level->entry.leaf = level->leaf;
    level->entry.leaf_bytes = (USHORT)found->FileNameLength;
    level->entry.path = walker->path;
    level->entry.attributes = found->FileAttributes;
    /* EaSize holds the tag of a reparse point. */
    level->entry.reparse_tag = found->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT ? found->EaSize : 0;
    level->entry.changed = found->ChangeTime.QuadPart;
    level->entry.depth = depth;
    level->entry.leaving = false;
    return true;
}

static NTSTATUS walk_directory(struct walker *walker, HANDLE directory, size_t path_units, unsigned depth);

/* Is the directory that was opened still a plain one? Its entry may have been exchanged for a reparse point since it
 * was read. */
static bool may_enter(HANDLE directory) {
    IO_STATUS_BLOCK io;
    struct nt_attribute_tag_information tag;
    return NT_SUCCESS(NtQueryInformationFile(directory, &io, &tag, sizeof(tag), FileAttributeTagInformation)) &&
           !(tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && (tag.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* NT opens on Wine follow a Unix symbolic link, which stands in for a reparse point there; on Windows the kernel's name
 * of a directory opened by leaf with FILE_OPEN_REPARSE_POINT is always its parent's name and the leaf. */
static bool stays_below(HANDLE parent, HANDLE child) {
    static const size_t bytes = 66000;
    BYTE *names = malloc(2 * bytes);
    UNICODE_STRING *above = (UNICODE_STRING *)names, *below = names ? (UNICODE_STRING *)(names + bytes) : NULL;
    ULONG size;
    bool inside = names && NT_SUCCESS(NtQueryObject(parent, ObjectNameInformation, above, (ULONG)bytes, &size)) &&
                  NT_SUCCESS(NtQueryObject(child, ObjectNameInformation, below, (ULONG)bytes, &size)) &&
                  below->Length > above->Length && !memcmp(below->Buffer, above->Buffer, above->Length);
    free(names);
    return inside;
}

static NTSTATUS enter(struct walker *walker, struct level *level, unsigned depth) {
    HANDLE child;
    size_t length = level->path_units + level->entry.leaf_bytes / sizeof(WCHAR);
    bool ok =
        depth < WALK_DEPTH_MAX && length + 2 < WALK_PATH_UNITS &&
        NT_SUCCESS(walk_open(&level->entry, FILE_LIST_DIRECTORY | FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE, &child));
    if (ok && (!may_enter(child) || !stays_below(level->directory, child))) {
        NtClose(child);
        ok = false;
    }
    NTSTATUS status = STATUS_SUCCESS;
    if (ok) {
        walker->path[length] = L'\\';
        walker->path[length + 1] = 0;
        status = walk_directory(walker, child, length + 1, depth + 1);
        walker->path[length] = 0;
        NtClose(child);
    }
    if ((!ok || (!NT_SUCCESS(status) && status != STATUS_CANCELLED)) && walker->skipped) {
        (*walker->skipped)++;
    }
    return status == STATUS_CANCELLED ? status : STATUS_SUCCESS;
}

static NTSTATUS visit_one(struct walker *walker, struct level *level, unsigned depth) {
    enum walk_next next = walker->visit(walker->context, &level->entry);
    bool inside = (level->entry.attributes & FILE_ATTRIBUTE_DIRECTORY) &&
                  !(level->entry.attributes & FILE_ATTRIBUTE_REPARSE_POINT);
    if (next == WALK_STOP) {
        return STATUS_CANCELLED;
    }
    if (next == WALK_SKIP || !inside) {
        return STATUS_SUCCESS;
    }
    NTSTATUS status = enter(walker, level, depth);
    if (status == STATUS_SUCCESS && walker->post_order) {
        level->entry.leaving = true;
        status = walker->visit(walker->context, &level->entry) == WALK_STOP ? STATUS_CANCELLED : STATUS_SUCCESS;
    }
    return status;
}

static NTSTATUS walk_directory(struct walker *walker, HANDLE directory, size_t path_units, unsigned depth) {
    struct level level = {.directory = directory,
                          .list = malloc(LIST_BYTES),
                          .leaf = malloc(256 * sizeof(wchar_t)),
                          .path_units = path_units};
    NTSTATUS status = level.list && level.leaf ? fill(&level, true) : STATUS_NO_MEMORY;
    while (NT_SUCCESS(status)) {
        const FILE_ID_BOTH_DIR_INFORMATION *found = next_name(&level, &status);
        if (!found) {
            break;
        }
        if (is_dot(found)) {
            continue;
        }
        if (!set_entry(walker, &level, found, depth)) {
            if (walker->skipped) {
                (*walker->skipped)++;
            }
            continue;
        }
        status = visit_one(walker, &level, depth);
    }
    free(level.list);
    free(level.leaf);
    return status == STATUS_NO_MORE_FILES ? STATUS_SUCCESS : status;
}

NTSTATUS walk_tree(HANDLE top, bool post_order, walk_visit *visit, void *context, unsigned *skipped) {
    struct walker walker = {post_order, visit, context, skipped, malloc(WALK_PATH_UNITS * sizeof(wchar_t))};
    if (skipped) {
        *skipped = 0;
    }
    if (!walker.path) {
        return STATUS_NO_MEMORY;
    }
    walker.path[0] = 0;
    NTSTATUS status = walk_directory(&walker, top, 0, 1);
    free(walker.path);
    return status;
}

static NTSTATUS remove_one(const struct walk_entry *entry) {
    HANDLE object;
    NTSTATUS status = walk_open(entry, DELETE | FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES, 0, &object);
    if (NT_SUCCESS(status)) {
        status = object_delete_name(object);
        NtClose(object);
    }
    return status;
}

static enum walk_next remove_visit(void *context, const struct walk_entry *entry) {
    NTSTATUS *first = context;
    bool plain_directory =
        (entry->attributes & FILE_ATTRIBUTE_DIRECTORY) && !(entry->attributes & FILE_ATTRIBUTE_REPARSE_POINT);
    if (plain_directory && !entry->leaving) {
        return WALK_ON;
    }
    NTSTATUS status = remove_one(entry);
    if (!NT_SUCCESS(status) && NT_SUCCESS(*first)) {
        *first = status;
    }
    return WALK_ON;
}

NTSTATUS walk_remove(HANDLE top) {
    NTSTATUS first = STATUS_SUCCESS;
    NTSTATUS status = walk_tree(top, true, remove_visit, &first, NULL);
    return NT_SUCCESS(status) ? first : status;
}
