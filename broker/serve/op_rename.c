/* The rename request. */
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define RENAME_ALLOWED                                                                                                 \
    (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_SUPPRESS_PIN_STATE_INHERITANCE |              \
     NT_RENAME_IGNORE_READONLY_ATTRIBUTE)

struct outcome op_rename(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *rename = &request->u.rename;
    bool extended = rename->info_class == NtFileRenameInformationEx;
    if ((!extended && (rename->info_class != NtFileRenameInformation || rename->flags > 1)) ||
        (rename->flags & ~RENAME_ALLOWED)) {
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
    if (!root_set_may_move(client->sandbox->set, root, place.root)) {
        NtClose(place.directory);
        NtClose(object);
        return outcome_status(STATUS_NOT_SAME_DEVICE);
    }
    struct undo *undo = client->sandbox->undo;
    struct undo_step steps[2] = {{0}, {0}};
    bool replace = (rename->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    NTSTATUS status = undo_before_rename(undo, object, &place, replace, steps);
    if (NT_SUCCESS(status)) {
        status = object_set_name(object, place.directory, place.leaf, rename->flags, NT_FILE_CLASS(rename->info_class));
        undo_settle(undo, &steps[0], NT_SUCCESS(status));
        undo_settle(undo, &steps[1], NT_SUCCESS(status));
    }
    NtClose(place.directory);
    NtClose(object);
    return outcome_status(status);
}
