/* The delete request: a disposition, set, repeated, taken back or let go. */
#include "broker/serve/held.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define DISPOSITION_ALLOWED                                                                                            \
    (NT_DISPOSITION_DELETE | NT_DISPOSITION_POSIX_SEMANTICS | NT_DISPOSITION_FORCE_IMAGE_SECTION_CHECK |               \
     NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)

/* Can the program take this deletion back until it closes its handle? With POSIX semantics the name goes with the
 * broker's handle. */
static bool can_be_held(const struct sbx_delete *del) {
    return del->info_class == NtFileDispositionInformation || !(del->flags & NT_DISPOSITION_POSIX_SEMANTICS);
}

/* DeleteFile = FALSE, or the program closes its handle. */
static struct outcome end_held(struct client *client, const struct sbx_delete *del) {
    bool take_back = del->info_class != SBX_DELETE_LET_GO;
    NTSTATUS status = held_let_go(client, del->handle, take_back);
    if (status != STATUS_NOT_FOUND) {
        struct outcome ended = outcome_status(status);
        ended.information = take_back && held_keeps(client, del->handle) ? SBX_DELETE_HELD : 0;
        return ended;
    }
    if (!take_back) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    /* Nobody asked for a deletion by this handle: the same call, for what may be deleted. */
    struct subject subject;
    struct outcome outcome =
        resolve_object(client, del->handle, DELETE | FILE_READ_ATTRIBUTES, PLACE_DESTROY, &subject);
    if (!outcome_failed(outcome)) {
        IO_STATUS_BLOCK io;
        FILE_DISPOSITION_INFORMATION keep = {FALSE};
        outcome.status = NtSetInformationFile(subject.object, &io, &keep, sizeof(keep), NtFileDispositionInformation);
        NtClose(subject.object);
    }
    return outcome;
}

/* The disposition itself, after what it destroys is kept. Takes `object`. */
static struct outcome dispose(struct client *client, const struct sbx_delete *del, HANDLE object) {
    IO_STATUS_BLOCK io;
    struct nt_disposition_information_ex ex = {del->flags};
    FILE_DISPOSITION_INFORMATION plain = {TRUE};
    struct undo_step step = {0};
    NTSTATUS status = undo_before_loss(client->sandbox->undo, object, UNDO_LOSE_NAME, &step);
    if (!NT_SUCCESS(status)) {
        NtClose(object);
        return outcome_status(status);
    }
    status = del->info_class == NtFileDispositionInformationEx
                 ? NtSetInformationFile(object, &io, &ex, sizeof(ex), NtFileDispositionInformationEx)
                 : NtSetInformationFile(object, &io, &plain, sizeof(plain), NtFileDispositionInformation);
    struct outcome outcome = outcome_status(status);
    if (NT_SUCCESS(status) && can_be_held(del) && held_hold(client, del->handle, object, &step)) {
        outcome.information = SBX_DELETE_HELD;
    } else {
        NtClose(object);
        undo_settle(client->sandbox->undo, &step, NT_SUCCESS(status));
    }
    return outcome;
}

/* FILE_DISPOSITION_ON_CLOSE is not among the flags: it changes the file object of the handle, and the broker acts on
 * one of its own. */
static bool is_valid(const struct sbx_delete *del) {
    switch (del->info_class) {
    case SBX_DELETE_LET_GO: return !del->flags;
    case NtFileDispositionInformation: return del->flags <= 1;
    case NtFileDispositionInformationEx: return !(del->flags & ~DISPOSITION_ALLOWED);
    default: return false;
    }
}

struct outcome op_delete(struct client *client, const struct sbx_request *request) {
    const struct sbx_delete *del = &request->u.del;
    bool extended = del->info_class == NtFileDispositionInformationEx;
    if (!is_valid(del)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    /* Without it the other flags say nothing. */
    if (!(del->flags & NT_DISPOSITION_DELETE)) {
        return end_held(client, del);
    }
    ACCESS_MASK access = DELETE | FILE_READ_ATTRIBUTES;
    if (extended && (del->flags & NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)) {
        access |= FILE_WRITE_ATTRIBUTES;
    }
    struct subject subject;
    struct outcome outcome = resolve_object(client, del->handle, access, PLACE_DESTROY, &subject);
    bool pending = outcome.verdict == POLICY_ALLOWED && outcome.status == STATUS_DELETE_PENDING;
    if (outcome_failed(outcome) && !pending) {
        return outcome;
    }
    if (held_has(client, del->handle, subject.object)) {
        /* Asked for again. */
        if (subject.object) {
            NtClose(subject.object);
        }
        struct outcome again = {STATUS_SUCCESS, POLICY_ALLOWED, SBX_DELETE_HELD, 0};
        return again;
    }
    return pending ? outcome : dispose(client, del, subject.object);
}
