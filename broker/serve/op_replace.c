/* The replace request: ReplaceFileW rebuilt from renames by handle, since the broker calls nothing that takes a path.
 */
#include "broker/sandbox/judge.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#include <stdlib.h>

#define REPLACE_FLAGS (REPLACEFILE_WRITE_THROUGH | REPLACEFILE_IGNORE_MERGE_ERRORS | REPLACEFILE_IGNORE_ACL_ERRORS)
#define SECURITY_BYTES 65536u

struct replacing {
    struct place replaced_place;
    struct place backup_place; /* directory is NULL without a backup name */
    HANDLE replaced;
    HANDLE replacement;
};

static struct outcome open_named(struct client *client, const struct sbx_name *wire, ACCESS_MASK access,
                                 struct object_name *name, struct place *place, HANDLE *object) {
    size_t root;
    *object = NULL;
    struct outcome outcome = resolve_name(client, 0, wire, PLACE_DESTROY, NULL, name, place);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    outcome = outcome_status(object_open_below(place->directory, place->leaf, access, FILE_NON_DIRECTORY_FILE, object));
    if (!outcome_failed(outcome)) {
        /* Judged once more by the object's own name: the leaf may be an alias. */
        enum policy_verdict verdict =
            judge_object(client->sandbox->set, *object, PLACE_DESTROY, &client->scratch, &root);
        if (verdict != POLICY_ALLOWED) {
            NtClose(*object);
            *object = NULL;
            outcome = outcome_refused(verdict);
        }
    }
    if (outcome_failed(outcome)) {
        NtClose(place->directory);
        place->directory = NULL;
    }
    return outcome;
}

/* The file keeps the creation time, the attributes and the DACL of the one whose name it takes. */
static NTSTATUS merge(const struct replacing *files, ULONG flags) {
    IO_STATUS_BLOCK io;
    FILE_BASIC_INFORMATION old, now = {0};
    ULONG needed;
    NTSTATUS status = NtQueryInformationFile(files->replaced, &io, &old, sizeof(old), FileBasicInformation);
    if (NT_SUCCESS(status)) {
        now.CreationTime = old.CreationTime;
        now.FileAttributes = old.FileAttributes;
        status = NtSetInformationFile(files->replacement, &io, &now, sizeof(now), FileBasicInformation);
    }
    if (!NT_SUCCESS(status) && !(flags & REPLACEFILE_IGNORE_MERGE_ERRORS)) {
        return status;
    }
    void *descriptor = malloc(SECURITY_BYTES);
    status = descriptor ? NtQuerySecurityObject(files->replaced, DACL_SECURITY_INFORMATION, descriptor, SECURITY_BYTES,
                                                &needed)
                        : STATUS_NO_MEMORY;
    if (NT_SUCCESS(status)) {
        status = NtSetSecurityObject(files->replacement, DACL_SECURITY_INFORMATION, descriptor);
    }
    free(descriptor);
    return flags & (REPLACEFILE_IGNORE_ACL_ERRORS | REPLACEFILE_IGNORE_MERGE_ERRORS) ? STATUS_SUCCESS : status;
}

/* A rename that replaces what has the name, kept for undo. */
static NTSTATUS move_one(struct client *client, HANDLE object, const struct place *to, ULONG flags) {
    struct undo *undo = client->sandbox->undo;
    struct undo_step steps[2] = {{0}, {0}};
    NTSTATUS status = undo_before_rename(undo, object, to, flags != 0, steps);
    if (NT_SUCCESS(status)) {
        status = object_set_name(object, to->directory, to->leaf, flags, NtFileRenameInformation);
        undo_settle(undo, &steps[0], NT_SUCCESS(status));
        undo_settle(undo, &steps[1], NT_SUCCESS(status));
    }
    return status;
}

static NTSTATUS move_files(struct client *client, struct replacing *files) {
    const struct place *to = &files->replaced_place, *backup = &files->backup_place;
    if (!backup->directory) {
        /* A file that is open cannot be replaced. */
        NtClose(files->replaced);
        files->replaced = NULL;
        return move_one(client, files->replacement, to, NT_RENAME_REPLACE_IF_EXISTS);
    }
    NTSTATUS status = move_one(client, files->replaced, backup, NT_RENAME_REPLACE_IF_EXISTS);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = move_one(client, files->replacement, to, 0);
    if (!NT_SUCCESS(status)) {
        /* Neither half done: the old file goes back to its name. */
        NTSTATUS back = move_one(client, files->replaced, to, 0);
        return NT_SUCCESS(back) ? status : back;
    }
    return status;
}

static struct outcome replace_opened(struct client *client, const struct sbx_replace *replace,
                                     struct replacing *files) {
    struct object_facts facts;
    enum policy_verdict verdict = POLICY_BAD_HANDLE;
    if (NT_SUCCESS(object_query_facts(files->replacement, &facts))) {
        verdict = judge_links(client->sandbox->set, files->replacement, &facts, &client->scratch);
    }
    if (verdict != POLICY_ALLOWED) {
        return outcome_refused(verdict);
    }
    if (replace->backup.size) {
        struct outcome outcome =
            resolve_name(client, 0, &replace->backup, PLACE_DESTROY, NULL, &client->scratch, &files->backup_place);
        if (outcome_failed(outcome)) {
            return outcome;
        }
    }
    NTSTATUS status = merge(files, replace->flags);
    return outcome_status(NT_SUCCESS(status) ? move_files(client, files) : status);
}

static void close_all(const struct replacing *files, const struct place *replacement_place) {
    HANDLE handles[] = {files->replaced, files->replacement, files->replaced_place.directory,
                        files->backup_place.directory, replacement_place->directory};
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        if (handles[i]) {
            NtClose(handles[i]);
        }
    }
}

struct outcome op_replace(struct client *client, const struct sbx_request *request) {
    const struct sbx_replace *replace = &request->u.replace;
    struct replacing files = {0};
    struct place replacement_place = {0};
    ACCESS_MASK access = DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | READ_CONTROL;
    if (replace->flags & ~REPLACE_FLAGS) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    struct outcome outcome =
        open_named(client, &replace->replaced, access, &client->subject, &files.replaced_place, &files.replaced);
    if (!outcome_failed(outcome)) {
        outcome = open_named(client, &replace->replacement, access | WRITE_DAC, &client->target, &replacement_place,
                             &files.replacement);
    }
    if (!outcome_failed(outcome)) {
        outcome = replace_opened(client, replace, &files);
    }
    close_all(&files, &replacement_place);
    return outcome;
}
