#include "broker/serve/resolve.h"

#include "broker/policy/route.h"
#include "broker/sandbox/judge.h"
#include "broker/serve/held.h"

#include <string.h>

/* The file object behind `taken` itself, where its share mode forbids a second open: by the program's handle when that
 * has `access`, or by the one that was kept when the broker opened it. The share modes of others were compared when it
 * was opened; NTFS does not look at them again. */
static HANDLE own_object(HANDLE taken, ACCESS_MASK access) {
    return object_has_access(taken, access) ? object_duplicate(taken) : held_borrow(taken);
}

struct outcome resolve_object(struct client *client, uint64_t handle, ACCESS_MASK access, enum place_use use,
                              struct subject *subject) {
    HANDLE taken, plain, object;
    *subject = (struct subject){0};
    client->subject.name.length = 0;
    if (!NT_SUCCESS(object_take(client->process, handle, &taken))) {
        return outcome_refused(POLICY_BAD_HANDLE);
    }
    /* Opened once more, so that nothing here waits for what the program has pending on its own file object. */
    NTSTATUS status = object_reopen(taken, access, 0, &object);
    NTSTATUS plain_status = status;
    plain = object;
    if (!NT_SUCCESS(status)) {
        /* Judged by a file object that asks for attributes alone: no share mode forbids that, and where the object
         * denies `access` to the user its name is still known for the refusal. */
        plain_status = object_reopen(taken, FILE_READ_ATTRIBUTES, 0, &plain);
        object = status == STATUS_SHARING_VIOLATION ? own_object(taken, access) : NULL;
        status = object ? STATUS_SUCCESS : status;
    }
    NtClose(taken);
    enum policy_verdict verdict = POLICY_BAD_HANDLE;
    if (NT_SUCCESS(plain_status)) {
        verdict = judge_object(client->sandbox->set, plain, use, &client->subject, &subject->root, &subject->facts);
        /* An open by handle gives the same object on Windows. Wine opens a file once more by the path it had. */
        if (verdict == POLICY_ALLOWED && object && object != plain && !object_same(plain, object)) {
            verdict = POLICY_REPARSE;
        }
        if (plain != object) {
            NtClose(plain);
        }
    }
    if (object && verdict != POLICY_ALLOWED) {
        NtClose(object);
        object = NULL;
    }
    subject->object = object;
    bool known =
        NT_SUCCESS(plain_status) || plain_status == STATUS_ACCESS_DENIED || plain_status == STATUS_OBJECT_TYPE_MISMATCH;
    if (known && verdict != POLICY_ALLOWED) {
        return outcome_refused(verdict);
    }
    return outcome_status(known ? status : plain_status);
}

static const ACCESS_MASK directory_access = FILE_READ_ATTRIBUTES | FILE_TRAVERSE;

static struct policy_name text_name(const wchar_t *text) {
    struct policy_name name = {(const uint16_t *)text, wcslen(text)};
    return name;
}

static struct outcome open_from_root(struct client *client, const struct route *route, HANDLE *directory) {
    HANDLE top = client->sandbox->set->roots[route->root].handle;
    return outcome_status(object_open_below(top, route->parent, directory_access, FILE_DIRECTORY_FILE, directory));
}

static struct outcome open_from_handle(struct client *client, uint64_t value, const struct route *route,
                                       HANDLE *directory) {
    HANDLE taken, base;
    if (!NT_SUCCESS(object_take(client->process, value, &taken))) {
        return outcome_refused(POLICY_BAD_HANDLE);
    }
    NTSTATUS status = object_reopen(taken, directory_access, FILE_DIRECTORY_FILE, &base);
    NtClose(taken);
    if (!NT_SUCCESS(status)) {
        return outcome_status(status);
    }
    if (!route->parent.length) {
        *directory = base;
        return outcome_status(STATUS_SUCCESS);
    }
    size_t root;
    struct object_facts facts;
    enum policy_verdict verdict =
        judge_object(client->sandbox->set, base, PLACE_WRITE, &client->scratch, &root, &facts);
    if (verdict == POLICY_ALLOWED) {
        status = object_open_below(base, route->parent, directory_access, FILE_DIRECTORY_FILE, directory);
    }
    NtClose(base);
    return verdict == POLICY_ALLOWED ? outcome_status(status) : outcome_refused(verdict);
}

static enum policy_verdict find_route(const struct sandbox *sandbox, bool has_handle, struct policy_name path,
                                      const struct object_name *beside, struct route *route) {
    struct policy_name spelled[2 * ROOT_SET_MAX_ROOTS];
    for (size_t i = 0; i < sandbox->set->root_count; i++) {
        const struct root *known = &sandbox->set->roots[i];
        spelled[2 * i] = text_name(known->nt_path);
        spelled[2 * i + 1] = text_name(known->alias ? known->alias : known->nt_path);
    }
    struct route_roots roots = {spelled, sandbox->set->root_names, sandbox->set->root_count, object_fold};
    return route_find(&roots, has_handle, path, beside ? &beside->name : NULL, route);
}

/* OBJ_DONT_REPARSE refuses the reparse points on the way to the directory, not one that is the directory: a new name in
 * that would land where it leads. */
static NTSTATUS query_place(HANDLE directory, struct object_name *name) {
    IO_STATUS_BLOCK io;
    struct nt_attribute_tag_information tag;
    NTSTATUS status = NtQueryInformationFile(directory, &io, &tag, sizeof(tag), FileAttributeTagInformation);
    if (NT_SUCCESS(status) && (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
        return STATUS_REPARSE_POINT_ENCOUNTERED;
    }
    return NT_SUCCESS(status) ? object_query_name(directory, name) : status;
}

struct outcome resolve_name(struct client *client, uint64_t directory, const struct sbx_name *wire, enum place_use use,
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
        return outcome_refused(verdict);
    }
    struct outcome outcome = route.from_handle ? open_from_handle(client, directory, &route, &place->directory)
                                               : open_from_root(client, &route, &place->directory);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    NTSTATUS status = query_place(place->directory, name);
    if (NT_SUCCESS(status)) {
        status = object_append(name, place->leaf);
    }
    verdict =
        NT_SUCCESS(status) ? judge_name(client->sandbox->set, use, name->name, false, &place->root) : POLICY_BAD_HANDLE;
    if (verdict != POLICY_ALLOWED) {
        NtClose(place->directory);
        place->directory = NULL;
        return outcome_refused(verdict);
    }
    place->leaf.units = name->name.units + name->name.length - place->leaf.length;
    return outcome_status(STATUS_SUCCESS);
}

struct outcome resolve_new_name(struct client *client, const struct sbx_rename *rename, enum place_use use,
                                struct place *place) {
    struct outcome outcome =
        resolve_name(client, rename->directory, &rename->name, use, &client->subject, &client->target, place);
    bool invalid = outcome.verdict == POLICY_BAD_NAME || outcome.verdict == POLICY_STREAM;
    return invalid ? outcome_status(STATUS_OBJECT_NAME_INVALID) : outcome;
}
