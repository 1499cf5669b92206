/* The stamp request: an object in a root that the child cannot write (older than the root's stamp, or moved in) gets
 * our entries; one object, never what lies below it. */
#include "broker/rights/acl.h"
#include "broker/sandbox/judge.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"

SRWLOCK ops_dacl_lock = SRWLOCK_INIT;

static struct outcome stamp_handle(struct client *client, HANDLE object, size_t root) {
    struct sandbox *sandbox = client->sandbox;
    struct object_facts facts;
    struct acl_change change;
    if (!NT_SUCCESS(object_query_facts(object, &facts))) {
        return outcome_refused(POLICY_BAD_HANDLE);
    }
    if (facts.reparse_point) {
        return outcome_refused(POLICY_REPARSE);
    }
    enum policy_verdict verdict = judge_links(sandbox->set, object, &facts, &client->scratch);
    if (verdict != POLICY_ALLOWED) {
        return outcome_refused(verdict);
    }
    AcquireSRWLockExclusive(&ops_dacl_lock);
    NTSTATUS status = acl_stamp(object, facts.directory, sandbox->set->roots[root].sid,
                                sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &change);
    ReleaseSRWLockExclusive(&ops_dacl_lock);
    /* Where nothing was missing another thread may have got the entries since the denial: the shim tries again, and a
     * denial with another cause (a deny entry, a read-only attribute) stands. */
    return outcome_status(status);
}

/* A root, or an object, whose DACL the user may not change: the shim asks for an open by the broker instead. */
static struct outcome not_stampable(struct outcome outcome) {
    return outcome.verdict == POLICY_ALLOWED && outcome.status == STATUS_ACCESS_DENIED
               ? outcome_status(STATUS_NOT_SUPPORTED)
               : outcome;
}

/* A directory may be made by a name with a separator at its end. */
static struct sbx_name without_separator(struct sbx_name name) {
    if (name.size > 2 && name.bytes[name.size - 2] == '\\' && !name.bytes[name.size - 1]) {
        name.size -= 2;
    }
    return name;
}

static struct outcome stamp_parent(struct client *client, const struct sbx_stamp *stamp) {
    struct place place;
    struct sbx_name name = without_separator(stamp->name);
    struct outcome outcome = resolve_name(client, stamp->directory, &name, PLACE_WRITE, NULL, &client->subject, &place);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    HANDLE directory;
    outcome = outcome_status(object_reopen(place.directory, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &directory));
    NtClose(place.directory);
    if (outcome_failed(outcome)) {
        return not_stampable(outcome);
    }
    size_t root;
    enum policy_verdict verdict = judge_object(client->sandbox->set, directory, PLACE_WRITE, &client->target, &root);
    outcome = verdict == POLICY_ALLOWED ? stamp_handle(client, directory, root) : outcome_refused(verdict);
    NtClose(directory);
    client->target.name.length = 0;
    return outcome;
}

struct outcome op_stamp(struct client *client, const struct sbx_request *request) {
    const struct sbx_stamp *stamp = &request->u.stamp;
    if (!stamp->handle) {
        return stamp_parent(client, stamp);
    }
    HANDLE object;
    size_t root;
    struct outcome outcome =
        resolve_object(client, stamp->handle, ACL_STAMP_ACCESS, PLACE_WRITE, &client->subject, &object, &root);
    if (outcome_failed(outcome)) {
        return not_stampable(outcome);
    }
    outcome = stamp_handle(client, object, root);
    NtClose(object);
    return outcome;
}
