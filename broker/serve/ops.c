#include "broker/serve/ops.h"

#include "broker/sandbox/judge.h"
#include "broker/serve/held.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#include <string.h>

#define DISPOSITION_ALLOWED                                                                                            \
    (NT_DISPOSITION_DELETE | NT_DISPOSITION_POSIX_SEMANTICS | NT_DISPOSITION_FORCE_IMAGE_SECTION_CHECK |               \
     NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)
#define RENAME_ALLOWED                                                                                                 \
    (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_SUPPRESS_PIN_STATE_INHERITANCE |              \
     NT_RENAME_IGNORE_READONLY_ATTRIBUTE)
#define LINK_ALLOWED (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_IGNORE_READONLY_ATTRIBUTE)

struct outcome outcome_refused(enum policy_verdict verdict) {
    struct outcome outcome = {STATUS_ACCESS_DENIED, verdict, 0, 0};
    return outcome;
}

struct outcome outcome_status(NTSTATUS status) {
    struct outcome outcome = {status, POLICY_ALLOWED, 0, 0};
    return outcome;
}

bool outcome_failed(struct outcome outcome) { return outcome.verdict != POLICY_ALLOWED || !NT_SUCCESS(outcome.status); }

NTSTATUS fileops_set_name(struct client *client, HANDLE object, HANDLE directory, struct policy_name leaf, ULONG flags,
                          ULONG info_class) {
    struct nt_rename_information *info = (struct nt_rename_information *)client->rename;
    IO_STATUS_BLOCK io;
    if (leaf.length > POLICY_LEAF_MAX) {
        return STATUS_NAME_TOO_LONG;
    }
    memset(info, 0, sizeof(*info));
    info->Flags = flags;
    info->RootDirectory = directory;
    info->FileNameLength = (ULONG)(leaf.length * sizeof(WCHAR));
    memcpy(info->FileName, leaf.units, info->FileNameLength);
    ULONG size = (ULONG)sizeof(*info) + info->FileNameLength;
    return NtSetInformationFile(object, &io, info, size, NT_FILE_CLASS(info_class));
}

/* Can the program take this deletion back until it closes its handle? With POSIX semantics the name goes with the
 * broker's handle. A directory is not held: programs remove thousands of them and take none back. */
static bool can_be_held(HANDLE object, const struct sbx_delete *del) {
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard;
    return (del->info_class == 13 || !(del->flags & NT_DISPOSITION_POSIX_SEMANTICS)) &&
           NT_SUCCESS(NtQueryInformationFile(object, &io, &standard, sizeof(standard), FileStandardInformation)) &&
           !standard.Directory;
}

/* DeleteFile = FALSE, or the program closes its handle. */
static struct outcome end_held(struct client *client, const struct sbx_delete *del) {
    bool take_back = del->info_class != SBX_DELETE_LET_GO;
    NTSTATUS status = held_let_go(client, del->handle, take_back);
    if (status != STATUS_NOT_FOUND) {
        return outcome_status(status);
    }
    if (!take_back) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    /* Nobody asked for a deletion by this handle: the same call, for what may be deleted. */
    HANDLE object;
    size_t root;
    struct outcome outcome = resolve_object(client, del->handle, DELETE | FILE_READ_ATTRIBUTES, PLACE_DESTROY,
                                            &client->subject, &object, &root);
    if (!outcome_failed(outcome)) {
        IO_STATUS_BLOCK io;
        FILE_DISPOSITION_INFORMATION keep = {FALSE};
        outcome.status = NtSetInformationFile(object, &io, &keep, sizeof(keep), NtFileDispositionInformation);
        NtClose(object);
    }
    return outcome;
}

struct outcome op_delete(struct client *client, const struct sbx_request *request) {
    const struct sbx_delete *del = &request->u.del;
    bool extended = del->info_class == 64;
    if (!del->flags && (extended || del->info_class == 13 || del->info_class == SBX_DELETE_LET_GO)) {
        return end_held(client, del);
    }
    /* FILE_DISPOSITION_ON_CLOSE changes the file object of the handle; the broker acts on one of its own, which it
     * closes at once. */
    if ((!extended && (del->info_class != 13 || del->flags != 1)) || !(del->flags & NT_DISPOSITION_DELETE) ||
        (del->flags & ~DISPOSITION_ALLOWED)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    ACCESS_MASK access = DELETE | FILE_READ_ATTRIBUTES;
    if (extended && (del->flags & NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)) {
        access |= FILE_WRITE_ATTRIBUTES;
    }
    HANDLE object;
    size_t root;
    struct outcome outcome =
        resolve_object(client, del->handle, access, PLACE_DESTROY, &client->subject, &object, &root);
    bool pending = outcome.verdict == POLICY_ALLOWED && outcome.status == STATUS_DELETE_PENDING;
    if (outcome_failed(outcome) && !pending) {
        return outcome;
    }
    if (held_has(client, del->handle, object)) {
        /* Asked for again. */
        if (object) {
            NtClose(object);
        }
        struct outcome again = {STATUS_SUCCESS, POLICY_ALLOWED, SBX_DELETE_HELD, 0};
        return again;
    }
    if (pending) {
        return outcome;
    }
    IO_STATUS_BLOCK io;
    struct nt_disposition_information_ex ex = {del->flags};
    FILE_DISPOSITION_INFORMATION plain = {TRUE};
    struct undo_step step = {0};
    NTSTATUS status = undo_before_loss(client->sandbox->undo, object, UNDO_LOSE_NAME, &step);
    if (!NT_SUCCESS(status)) {
        NtClose(object);
        return outcome_status(status);
    }
    status = extended ? NtSetInformationFile(object, &io, &ex, sizeof(ex), NtFileDispositionInformationEx)
                      : NtSetInformationFile(object, &io, &plain, sizeof(plain), NtFileDispositionInformation);
    outcome = outcome_status(status);
    if (NT_SUCCESS(status) && can_be_held(object, del) && held_hold(client, del->handle, object, &step)) {
        outcome.information = SBX_DELETE_HELD;
    } else {
        NtClose(object);
        undo_settle(client->sandbox->undo, &step, NT_SUCCESS(status));
    }
    return outcome;
}

struct outcome op_rename(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *rename = &request->u.rename;
    bool extended = rename->info_class == 65;
    if ((!extended && (rename->info_class != 10 || rename->flags > 1)) || (rename->flags & ~RENAME_ALLOWED)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    ACCESS_MASK access = DELETE | FILE_READ_ATTRIBUTES;
    HANDLE object;
    size_t root;
    struct place place;
    struct outcome outcome =
        resolve_object(client, rename->handle, access, PLACE_DESTROY, &client->subject, &object, &root);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    outcome = resolve_name(client, rename->directory, &rename->name, PLACE_DESTROY, &client->subject, &client->target,
                           &place);
    if (outcome_failed(outcome)) {
        NtClose(object);
        return outcome;
    }
    struct undo *undo = client->sandbox->undo;
    struct undo_step steps[2] = {{0}, {0}};
    bool replace = (rename->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    NTSTATUS status = undo_before_rename(undo, object, &place, replace, steps);
    if (NT_SUCCESS(status)) {
        status = fileops_set_name(client, object, place.directory, place.leaf, rename->flags, rename->info_class);
        undo_settle(undo, &steps[0], NT_SUCCESS(status));
        undo_settle(undo, &steps[1], NT_SUCCESS(status));
    }
    NtClose(place.directory);
    NtClose(object);
    return outcome_status(status);
}

struct outcome op_link(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *link = &request->u.rename;
    bool extended = link->info_class == 72;
    if ((!extended && (link->info_class != 11 || link->flags > 1)) || (link->flags & ~LINK_ALLOWED)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    HANDLE object;
    size_t root;
    struct object_facts facts;
    struct place place;
    struct outcome outcome = resolve_object(client, link->handle, FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES,
                                            PLACE_WRITE, &client->subject, &object, &root);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    enum policy_verdict verdict = NT_SUCCESS(object_query_facts(object, &facts))
                                      ? judge_links(client->sandbox->set, object, &facts, &client->scratch)
                                      : POLICY_BAD_HANDLE;
    bool replace = (link->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    outcome = verdict != POLICY_ALLOWED
                  ? outcome_refused(verdict)
                  : resolve_name(client, link->directory, &link->name, replace ? PLACE_DESTROY : PLACE_WRITE,
                                 &client->subject, &client->target, &place);
    if (!outcome_failed(outcome)) {
        struct undo_step step = {0};
        outcome.status = replace ? undo_before_replace(client->sandbox->undo, object, &place, &step) : STATUS_SUCCESS;
        if (NT_SUCCESS(outcome.status)) {
            outcome.status =
                fileops_set_name(client, object, place.directory, place.leaf, link->flags, link->info_class);
            undo_settle(client->sandbox->undo, &step, NT_SUCCESS(outcome.status));
        }
        NtClose(place.directory);
    }
    NtClose(object);
    return outcome;
}
