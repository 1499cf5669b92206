/* The link request: a further name of a file. */
#include "broker/sandbox/judge.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define LINK_ALLOWED (NT_RENAME_REPLACE_IF_EXISTS | NT_RENAME_POSIX_SEMANTICS | NT_RENAME_IGNORE_READONLY_ATTRIBUTE)

struct outcome op_link(struct client *client, const struct sbx_request *request) {
    const struct sbx_rename *link = &request->u.rename;
    bool extended = link->info_class == NtFileLinkInformationEx;
    if ((!extended && (link->info_class != NtFileLinkInformation || link->flags > 1)) ||
        (link->flags & ~LINK_ALLOWED)) {
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
    if (verdict != POLICY_ALLOWED) {
        NtClose(object);
        return outcome_refused(verdict);
    }
    bool replace = (link->flags & NT_RENAME_REPLACE_IF_EXISTS) != 0;
    outcome = resolve_name(client, link->directory, &link->name, replace ? PLACE_DESTROY : PLACE_WRITE,
                           &client->subject, &client->target, &place);
    if (outcome_failed(outcome)) {
        NtClose(object);
        return outcome;
    }
    struct undo_step step = {0};
    NTSTATUS status =
        root_set_may_move(client->sandbox->set, root, place.root) ? STATUS_SUCCESS : STATUS_NOT_SAME_DEVICE;
    if (NT_SUCCESS(status) && replace) {
        status = undo_before_replace(client->sandbox->undo, object, &place, &step);
    }
    if (NT_SUCCESS(status)) {
        status = object_set_name(object, place.directory, place.leaf, link->flags, NT_FILE_CLASS(link->info_class));
        undo_settle(client->sandbox->undo, &step, NT_SUCCESS(status));
    }
    NtClose(place.directory);
    NtClose(object);
    return outcome_status(status);
}
