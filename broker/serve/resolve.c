#include "broker/serve/resolve.h"

#include "broker/policy/route.h"

#include <string.h>

static const struct outcome allowed = {STATUS_SUCCESS, POLICY_ALLOWED, 0, 0};

static struct outcome failed(NTSTATUS status) {
    struct outcome outcome = {status, POLICY_ALLOWED, 0, 0};
    if (status == STATUS_REPARSE_POINT_ENCOUNTERED) {
        outcome.verdict = POLICY_REPARSE;
    }
    return outcome;
}

static struct outcome refused(enum policy_verdict verdict) {
    struct outcome outcome = {STATUS_ACCESS_DENIED, verdict, 0, 0};
    return outcome;
}

static bool is_protected_id(const struct sandbox *sandbox, HANDLE object) {
    ULONGLONG id;
    if (!NT_SUCCESS(object_query_id(object, &id))) {
        return true;
    }
    for (size_t i = 0; i < sandbox->protect_count; i++) {
        if (sandbox->protect[i].file_id == id) {
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
static bool meets_protected(const struct sandbox *sandbox, struct policy_name path) {
    struct policy_name rest;
    int root = policy_innermost(path, sandbox->root_names, sandbox->root_count, object_fold, &rest);
    if (root < 0 || !may_have_alias(rest) || !sandbox->protect_count) {
        return false;
    }
    for (size_t end = 1; end <= rest.length; end++) {
        if (end < rest.length && rest.units[end] != '\\') {
            continue;
        }
        HANDLE object;
        struct policy_name part = {rest.units, end};
        NTSTATUS status = object_open_below(sandbox->roots[root].handle, part, FILE_READ_ATTRIBUTES, 0, &object);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND && end == rest.length) {
            return false;
        }
        if (!NT_SUCCESS(status)) {
            return true;
        }
        bool hit = is_protected_id(sandbox, object);
        NtClose(object);
        if (hit) {
            return true;
        }
    }
    return false;
}

static enum policy_verdict judge_name(struct sandbox *sandbox, enum place_use use, struct policy_name name,
                                      bool directory, size_t *root) {
    struct policy_object object = {name, meets_protected(sandbox, name)};
    struct policy_name rest;
    int innermost = policy_innermost(name, sandbox->root_names, sandbox->root_count, object_fold, &rest);
    *root = innermost < 0 ? 0 : (size_t)innermost;
    if (innermost >= 0 && policy_is_stream_of_directory(rest, directory)) {
        return POLICY_STREAM;
    }
    return use == PLACE_DESTROY ? policy_may_destroy(&sandbox->rules, &object)
                                : policy_may_write(&sandbox->rules, &object);
}

/* Is the object with `id` on the way from a root down to `top`, or `top` itself? */
static bool is_on_way(const struct sandbox *sandbox, size_t root, struct policy_name top, ULONGLONG id) {
    struct policy_name rest;
    if (!policy_under(top, sandbox->root_names[root], object_fold, &rest)) {
        return false;
    }
    for (size_t end = 1; end <= rest.length; end++) {
        if (end < rest.length && rest.units[end] != '\\') {
            continue;
        }
        HANDLE object;
        ULONGLONG found;
        struct policy_name part = {rest.units, end};
        NTSTATUS status = object_open_below(sandbox->roots[root].handle, part, FILE_READ_ATTRIBUTES, 0, &object);
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
static enum policy_verdict judge_above(const struct sandbox *sandbox, HANDLE directory) {
    ULONGLONG id;
    if (!NT_SUCCESS(object_query_id(directory, &id))) {
        return POLICY_BAD_HANDLE;
    }
    for (size_t root = 0; root < sandbox->root_count; root++) {
        for (size_t i = 0; i < sandbox->protect_count; i++) {
            if (is_on_way(sandbox, root, sandbox->protect_names[i], id)) {
                return POLICY_ABOVE_PROTECTED;
            }
        }
        for (size_t i = 0; i < sandbox->root_count; i++) {
            if (is_on_way(sandbox, root, sandbox->root_names[i], id)) {
                return POLICY_IS_ROOT;
            }
        }
    }
    return POLICY_ALLOWED;
}

/* The same for an object that is open: a protected file has the same identity by whatever name, a hard link's too. */
static enum policy_verdict judge_object(struct sandbox *sandbox, HANDLE object, const struct object_facts *facts,
                                        enum place_use use, struct policy_name name, size_t *root) {
    enum policy_verdict verdict = judge_name(sandbox, use, name, facts->directory, root);
    if (verdict == POLICY_ALLOWED && sandbox->protect_count && is_protected_id(sandbox, object)) {
        verdict = POLICY_PROTECTED;
    }
    if (verdict == POLICY_ALLOWED && facts->directory && use == PLACE_DESTROY && may_have_alias(name)) {
        verdict = judge_above(sandbox, object);
    }
    return verdict;
}

enum policy_verdict place_judge(struct sandbox *sandbox, HANDLE object, enum place_use use, struct object_name *name,
                                size_t *root) {
    struct object_facts facts;
    if (!NT_SUCCESS(object_query_facts(object, &facts)) || !NT_SUCCESS(object_query_name(object, name))) {
        return POLICY_BAD_HANDLE;
    }
    return judge_object(sandbox, object, &facts, use, name->name, root);
}

struct outcome place_object(struct client *client, uint64_t handle, ACCESS_MASK access, enum place_use use,
                            struct object_name *name, HANDLE *object, size_t *root) {
    HANDLE taken;
    *object = NULL;
    name->name.length = 0;
    if (!NT_SUCCESS(object_take(client->process, handle, &taken))) {
        return refused(POLICY_BAD_HANDLE);
    }
    NTSTATUS status = object_reopen(taken, access, 0, object);
    /* The object may deny `access` to the user as well: its name still has to be known, so that the refusal names it.
     */
    HANDLE plain = *object;
    NTSTATUS plain_status = status;
    if (!NT_SUCCESS(status)) {
        plain_status = object_reopen(taken, FILE_READ_ATTRIBUTES, 0, &plain);
    }
    NtClose(taken);
    if (!NT_SUCCESS(plain_status)) {
        return status == STATUS_ACCESS_DENIED || status == STATUS_OBJECT_TYPE_MISMATCH ? refused(POLICY_BAD_HANDLE)
                                                                                       : failed(status);
    }
    enum policy_verdict verdict = place_judge(client->sandbox, plain, use, name, root);
    if (!NT_SUCCESS(status) || verdict != POLICY_ALLOWED) {
        NtClose(plain);
        *object = NULL;
    }
    if (verdict != POLICY_ALLOWED) {
        return refused(verdict);
    }
    return NT_SUCCESS(status) ? allowed : failed(status);
}

static const ACCESS_MASK directory_access = FILE_READ_ATTRIBUTES | FILE_TRAVERSE;

static struct policy_name text_name(const wchar_t *text) {
    struct policy_name name = {(const uint16_t *)text, wcslen(text)};
    return name;
}

static struct outcome open_from_root(struct client *client, const struct route *route, HANDLE *directory) {
    HANDLE top = client->sandbox->roots[route->root].handle;
    return failed(object_open_below(top, route->parent, directory_access, FILE_DIRECTORY_FILE, directory));
}

static struct outcome open_from_handle(struct client *client, uint64_t value, const struct route *route,
                                       HANDLE *directory) {
    HANDLE taken, base;
    if (!NT_SUCCESS(object_take(client->process, value, &taken))) {
        return refused(POLICY_BAD_HANDLE);
    }
    NTSTATUS status = object_reopen(taken, directory_access, FILE_DIRECTORY_FILE, &base);
    NtClose(taken);
    if (!NT_SUCCESS(status)) {
        return failed(status);
    }
    if (!route->parent.length) {
        *directory = base;
        return allowed;
    }
    size_t root;
    enum policy_verdict verdict = place_judge(client->sandbox, base, PLACE_WRITE, &client->scratch, &root);
    if (verdict == POLICY_ALLOWED) {
        status = object_open_below(base, route->parent, directory_access, FILE_DIRECTORY_FILE, directory);
    }
    NtClose(base);
    return verdict == POLICY_ALLOWED ? failed(status) : refused(verdict);
}

static enum policy_verdict find_route(const struct sandbox *sandbox, bool has_handle, struct policy_name path,
                                      const struct object_name *beside, struct route *route) {
    struct policy_name spelled[2 * SANDBOX_MAX_ROOTS];
    for (size_t i = 0; i < sandbox->root_count; i++) {
        const struct sandbox_root *known = &sandbox->roots[i];
        spelled[2 * i] = text_name(known->nt_path);
        spelled[2 * i + 1] = text_name(known->alias ? known->alias : known->nt_path);
    }
    struct route_roots roots = {spelled, sandbox->root_names, sandbox->root_count, object_fold};
    return route_find(&roots, has_handle, path, beside ? &beside->name : NULL, route);
}

struct outcome place_resolve(struct client *client, uint64_t directory, const struct sbx_name *wire, enum place_use use,
                             const struct object_name *beside, struct object_name *name, struct place *place) {
    /* The frame is the receiver's buffer and a name in it can stand at an odd address. */
    struct policy_name path = {(const uint16_t *)client->wide, wire->size / 2};
    struct route route;
    memcpy(client->wide, wire->bytes, wire->size);
    enum policy_verdict verdict = find_route(client->sandbox, directory != 0, path, beside, &route);
    place->directory = NULL;
    place->leaf = route.leaf;
    name->name.length = 0;
    if (verdict != POLICY_ALLOWED) {
        return refused(verdict);
    }
    struct outcome outcome = route.from_handle ? open_from_handle(client, directory, &route, &place->directory)
                                               : open_from_root(client, &route, &place->directory);
    if (outcome.verdict != POLICY_ALLOWED || !NT_SUCCESS(outcome.status)) {
        return outcome;
    }
    NTSTATUS status = object_query_name(place->directory, name);
    if (NT_SUCCESS(status)) {
        status = object_append(name, place->leaf);
    }
    verdict =
        NT_SUCCESS(status) ? judge_name(client->sandbox, use, name->name, false, &place->root) : POLICY_BAD_HANDLE;
    if (verdict != POLICY_ALLOWED) {
        NtClose(place->directory);
        place->directory = NULL;
        return refused(verdict);
    }
    place->leaf.units = name->name.units + name->name.length - place->leaf.length;
    return allowed;
}

/* Opens the parent that a hard link's entry names by id, and judges the name. */
static bool link_in_roots(struct sandbox *sandbox, HANDLE volume_hint, const struct nt_link_entry *entry,
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
                  judge_name(sandbox, PLACE_WRITE, scratch->name, false, &root) == POLICY_ALLOWED;
    NtClose(parent);
    return inside;
}

/* Wine does not list the names of a file (FileHardLinkInformation), so there a file with several names is always
 * refused. */
enum policy_verdict place_links(struct sandbox *sandbox, HANDLE object, const struct object_facts *facts,
                                struct object_name *scratch) {
    BYTE buffer[8192];
    struct nt_links_information *links = (struct nt_links_information *)buffer;
    IO_STATUS_BLOCK io;
    unsigned inside = 0;
    if (facts->directory || facts->links <= 1) {
        return POLICY_ALLOWED;
    }
    if (NtQueryInformationFile(object, &io, buffer, sizeof(buffer), NT_FILE_CLASS(46)) == STATUS_SUCCESS) {
        const BYTE *at = (const BYTE *)&links->Entry;
        for (ULONG i = 0; i < links->EntriesReturned; i++) {
            const struct nt_link_entry *entry = (const struct nt_link_entry *)at;
            inside += link_in_roots(sandbox, object, entry, scratch) ? 1 : 0;
            at += entry->NextEntryOffset;
        }
    }
    return policy_may_change_content((unsigned)facts->links, inside);
}
