#include "broker/sandbox/judge.h"

static bool is_protected_id(const struct root_set *set, HANDLE object) {
    ULONGLONG id;
    if (!NT_SUCCESS(object_query_id(object, &id))) {
        return true;
    }
    for (size_t i = 0; i < set->protect_count; i++) {
        if (set->protect[i].file_id == id) {
            return true;
        }
    }
    return false;
}

static bool may_have_alias(struct policy_name path) {
    for (size_t i = 0; i < path.length; i++) {
        if (path.units[i] == '~') {
            return true;
        }
    }
    return false;
}

/* An 8.3 alias in the kernel's name of an object hides a protected path from a comparison of names, so the identities
 * on the way decide. What cannot be opened on the way counts as protected. */
static bool meets_protected(const struct root_set *set, struct policy_name path) {
    struct policy_name rest;
    int root = root_set_find(set, path, &rest);
    if (root < 0 || !may_have_alias(rest) || !set->protect_count) {
        return false;
    }
    for (size_t end = 1; end <= rest.length; end++) {
        if (end < rest.length && rest.units[end] != '\\') {
            continue;
        }
        HANDLE object;
        struct policy_name part = {rest.units, end};
        NTSTATUS status = object_open_below(set->roots[root].handle, part, FILE_READ_ATTRIBUTES, 0, &object);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND && end == rest.length) {
            return false;
        }
        if (!NT_SUCCESS(status)) {
            return true;
        }
        bool hit = is_protected_id(set, object);
        NtClose(object);
        if (hit) {
            return true;
        }
    }
    return false;
}

enum policy_verdict judge_name(const struct root_set *set, enum place_use use, struct policy_name name, bool directory,
                               size_t *root) {
    struct policy_object object = {name, meets_protected(set, name)};
    struct policy_name rest;
    int innermost = root_set_find(set, name, &rest);
    *root = innermost < 0 ? 0 : (size_t)innermost;
    if (innermost >= 0 && policy_is_stream_of_directory(rest, directory)) {
        return POLICY_STREAM;
    }
    return use == PLACE_DESTROY ? policy_may_destroy(&set->rules, &object) : policy_may_write(&set->rules, &object);
}

/* Is the object with `id` on the way from a root down to `top`, or `top` itself? */
static bool is_on_way(const struct root_set *set, size_t root, struct policy_name top, ULONGLONG id) {
    struct policy_name rest;
    if (!policy_under(top, set->root_names[root], object_fold, &rest)) {
        return false;
    }
    for (size_t end = 1; end <= rest.length; end++) {
        if (end < rest.length && rest.units[end] != '\\') {
            continue;
        }
        HANDLE object;
        ULONGLONG found;
        struct policy_name part = {rest.units, end};
        NTSTATUS status = object_open_below(set->roots[root].handle, part, FILE_READ_ATTRIBUTES, 0, &object);
        if (!NT_SUCCESS(status)) {
            /* Somebody else took it away: then nothing is above it any more. */
            return status != STATUS_OBJECT_NAME_NOT_FOUND && status != STATUS_OBJECT_PATH_NOT_FOUND;
        }
        bool hit = !NT_SUCCESS(object_query_id(object, &found)) || found == id;
        NtClose(object);
        if (hit) {
            return true;
        }
    }
    return false;
}

/* A directory that is named by an 8.3 alias hides what lies below it as well: a protected path, another root. */
static enum policy_verdict judge_above(const struct root_set *set, HANDLE directory) {
    ULONGLONG id;
    if (!NT_SUCCESS(object_query_id(directory, &id))) {
        return POLICY_BAD_HANDLE;
    }
    for (size_t root = 0; root < set->root_count; root++) {
        for (size_t i = 0; i < set->protect_count; i++) {
            if (is_on_way(set, root, set->protect_names[i], id)) {
                return POLICY_ABOVE_PROTECTED;
            }
        }
        for (size_t i = 0; i < set->root_count; i++) {
            if (is_on_way(set, root, set->root_names[i], id)) {
                return POLICY_IS_ROOT;
            }
        }
    }
    return POLICY_ALLOWED;
}

/* The same for an object that is open: a protected file has the same identity by whatever name, a hard link's too. */
static enum policy_verdict judge_open(const struct root_set *set, HANDLE object, const struct object_facts *facts,
                                      enum place_use use, struct policy_name name, size_t *root) {
    enum policy_verdict verdict = judge_name(set, use, name, facts->directory, root);
    if (verdict == POLICY_ALLOWED && set->protect_count && is_protected_id(set, object)) {
        verdict = POLICY_PROTECTED;
    }
    if (verdict == POLICY_ALLOWED && facts->directory && use == PLACE_DESTROY && may_have_alias(name)) {
        verdict = judge_above(set, object);
    }
    return verdict;
}

enum policy_verdict judge_object(const struct root_set *set, HANDLE object, enum place_use use,
                                 struct object_name *name, size_t *root, struct object_facts *facts) {
    if (!NT_SUCCESS(object_query_facts(object, facts)) || !NT_SUCCESS(object_query_name(object, name))) {
        return POLICY_BAD_HANDLE;
    }
    return judge_open(set, object, facts, use, name->name, root);
}

/* Opens the parent that a hard link's entry names by id, and judges the name. */
static bool link_in_roots(const struct root_set *set, HANDLE volume_hint, const struct nt_link_entry *entry,
                          struct object_name *scratch) {
    HANDLE parent;
    struct policy_name id = {(const uint16_t *)&entry->ParentFileId, sizeof(entry->ParentFileId) / 2};
    size_t root;
    if (!NT_SUCCESS(object_open_below(volume_hint, id, FILE_READ_ATTRIBUTES, FILE_OPEN_BY_FILE_ID | FILE_DIRECTORY_FILE,
                                      &parent))) {
        return false;
    }
    /* The name that this entry gives the file, so that a name in a protected directory does not count as one inside. */
    struct policy_name leaf = {(const uint16_t *)entry->FileName, entry->FileNameLength};
    bool inside = NT_SUCCESS(object_query_name(parent, scratch)) && NT_SUCCESS(object_append(scratch, leaf)) &&
                  judge_name(set, PLACE_WRITE, scratch->name, false, &root) == POLICY_ALLOWED;
    NtClose(parent);
    return inside;
}

/* Wine does not list the names of a file (FileHardLinkInformation), so there a file with several names is always
 * refused. */
enum policy_verdict judge_links(const struct root_set *set, HANDLE object, const struct object_facts *facts,
                                struct object_name *scratch) {
    BYTE buffer[8192];
    struct nt_links_information *links = (struct nt_links_information *)buffer;
    IO_STATUS_BLOCK io;
    unsigned inside = 0;
    if (facts->directory || facts->links <= 1) {
        return POLICY_ALLOWED;
    }
    if (NtQueryInformationFile(object, &io, buffer, sizeof(buffer), FileHardLinkInformation) == STATUS_SUCCESS) {
        const BYTE *at = (const BYTE *)&links->Entry;
        for (ULONG i = 0; i < links->EntriesReturned; i++) {
            const struct nt_link_entry *entry = (const struct nt_link_entry *)at;
            inside += link_in_roots(set, object, entry, scratch) ? 1 : 0;
            at += entry->NextEntryOffset;
        }
    }
    return policy_may_change_content((unsigned)facts->links, inside);
}
