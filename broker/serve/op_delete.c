/* The delete request: a disposition, set, repeated, taken back or let go. */
#include "broker/serve/held.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define DISPOSITION_ALLOWED                                                                                            \
    (NT_DISPOSITION_DELETE | NT_DISPOSITION_POSIX_SEMANTICS | NT_DISPOSITION_FORCE_IMAGE_SECTION_CHECK |               \
     NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE)

/* Can the program take this deletion back until it closes its handle? With POSIX semantics the name goes with the
 * broker's handle. A directory is not held: programs remove thousands of them and take none back. */
static bool can_be_held(HANDLE object, const struct sbx_delete *del) {
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard;
    return (del->info_class == NtFileDispositionInformation || !(del->flags & NT_DISPOSITION_POSIX_SEMANTICS)) &&
           NT_SUCCESS(NtQueryInformationFile(object, &io, &standard, sizeof(standard), FileStandardInformation)) &&
           !standard.Directory;
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
    if (NT_SUCCESS(status) && can_be_held(object, del) && held_hold(client, del->handle, object, &step)) {
        outcome.information = SBX_DELETE_HELD;
    } else {
        NtClose(object);
        undo_settle(client->sandbox->undo, &step, NT_SUCCESS(status));
    }
    return outcome;
}

struct outcome op_delete(struct client *client, const struct sbx_request *request) {
    const struct sbx_delete *del = &request->u.del;
    bool extended = del->info_class == NtFileDispositionInformationEx;
    if (!del->flags &&
        (extended || del->info_class == NtFileDispositionInformation || del->info_class == SBX_DELETE_LET_GO)) {
        return end_held(client, del);
    }
    /* FILE_DISPOSITION_ON_CLOSE changes the file object of the handle; the broker acts on one of its own, which it
     * closes at once. */
    if ((!extended && (del->info_class != NtFileDispositionInformation || del->flags != 1)) ||
        !(del->flags & NT_DISPOSITION_DELETE) || (del->flags & ~DISPOSITION_ALLOWED)) {
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
    return pending ? outcome : dispose(client, del, object);
}
