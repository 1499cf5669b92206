/* The rename request. */
#include "broker/sandbox/low_list.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define RENAME_PASSED                                                                                                  \
    (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_SUPPRESS_PIN_STATE_INHERITANCE |              \
     NT_RENAME_IGNORE_READONLY_ATTRIBUTE)
#define RENAME_ALLOWED (RENAME_PASSED | NT_RENAME_STORAGE_HINTS)

/* With both ends judged. */
static NTSTATUS rename_to(struct client *client, const struct sbx_rename *rename, const struct subject *subject,
                          const struct place *place) {
    struct sandbox *sandbox = client->sandbox;
    struct undo_step steps[2] = {{0}, {0}};
    bool replace = (rename->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    if (!root_set_may_move(sandbox->set, subject->root, place->root)) {
        return STATUS_NOT_SAME_DEVICE;
    }
    NTSTATUS status = undo_before_rename(sandbox->undo, subject->object, place, replace, steps);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = object_set_name(subject->object, place->directory, place->leaf, rename->flags & RENAME_PASSED,
                             NT_FILE_CLASS(rename->info_class));
    undo_settle(sandbox->undo, &steps[0], NT_SUCCESS(status));
    undo_settle(sandbox->undo, &steps[1], NT_SUCCESS(status));
    if (NT_SUCCESS(status)) {
        low_list_note(sandbox->low_list, sandbox->set, client->target.name, subject->facts.directory);
    }
    return status;
}

struct outcome op_rename(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *rename = &request->u.rename;
    bool extended = rename->info_class == NtFileRenameInformationEx;
    if ((!extended && (rename->info_class != NtFileRenameInformation || rename->flags > 1)) ||
        (rename->flags & ~RENAME_ALLOWED)) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    struct subject subject;
    struct place place;
    struct outcome outcome =
        resolve_object(client, rename->handle, DELETE | FILE_READ_ATTRIBUTES, PLACE_DESTROY, &subject);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    outcome = resolve_new_name(client, rename, PLACE_DESTROY, &place);
    if (!outcome_failed(outcome)) {
        outcome = outcome_status(rename_to(client, rename, &subject, &place));
        NtClose(place.directory);
    }
    NtClose(subject.object);
    return outcome;
}
