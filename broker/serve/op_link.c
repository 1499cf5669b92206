/* The link request: a further name of a file. */
#include "broker/sandbox/judge.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define LINK_PASSED (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_IGNORE_READONLY_ATTRIBUTE)
#define LINK_ALLOWED (LINK_PASSED | NT_RENAME_STORAGE_HINTS)

/* With both ends judged. */
static NTSTATUS link_to(struct client *client, const struct sbx_rename *link, const struct subject *subject,
                        const struct place *place) {
    struct undo *undo = client->sandbox->undo;
    struct undo_step step = {0};
    NTSTATUS status =
        root_set_may_move(client->sandbox->set, subject->root, place->root) ? STATUS_SUCCESS : STATUS_NOT_SAME_DEVICE;
    if (NT_SUCCESS(status) && (link->flags & NT_RENAME_REPLACE_IF_EXISTS)) {
        status = undo_before_replace(undo, subject->object, place, &step);
    }
    if (NT_SUCCESS(status)) {
        status = object_set_name(subject->object, place->directory, place->leaf, link->flags & LINK_PASSED,
                                 NT_FILE_CLASS(link->info_class));
        undo_settle(undo, &step, NT_SUCCESS(status));
    }
    return status;
}

struct outcome op_link(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *link = &request->u.rename;
    bool extended = link->info_class == NtFileLinkInformationEx;
    if ((!extended && (link->info_class != NtFileLinkInformation || link->flags > 1)) ||
        (link->flags & ~LINK_ALLOWED)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    struct subject subject;
    struct place place;
    struct outcome outcome =
        resolve_object(client, link->handle, FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES, PLACE_WRITE, &subject);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    enum policy_verdict verdict = judge_links(client->sandbox->set, subject.object, &subject.facts, &client->scratch);
    if (verdict != POLICY_ALLOWED) {
        NtClose(subject.object);
        return outcome_refused(verdict);
    }
    bool replace = (link->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    outcome = resolve_new_name(client, link, replace ? PLACE_DESTROY : PLACE_WRITE, &place);
    if (!outcome_failed(outcome)) {
        outcome = outcome_status(link_to(client, link, &subject, &place));
        NtClose(place.directory);
    }
    NtClose(subject.object);
    return outcome;
}
