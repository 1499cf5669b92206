/* The stamp request: an object in a root that the child cannot write (older than the root's stamp, or moved in) gets
 * our entries; one object, never what lies below it. */
#include "broker/rights/acl.h"
#include "broker/sandbox/judge.h"
#include "broker/sandbox/low_list.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"

SRWLOCK ops_dacl_lock = SRWLOCK_INIT;

static struct outcome stamp(struct client *client, const struct subject *subject) {
    struct sandbox *sandbox = client->sandbox;
    struct acl_change change;
    if (subject->facts.reparse_point) {
        return outcome_refused(POLICY_REPARSE);
    }
    enum policy_verdict verdict = judge_links(sandbox->set, subject->object, &subject->facts, &client->scratch);
    if (verdict != POLICY_ALLOWED) {
        return outcome_refused(verdict);
    }
    AcquireSRWLockExclusive(&ops_dacl_lock);
    NTSTATUS status = acl_stamp(subject->object, subject->facts.directory, sandbox->set->roots[subject->root].sid,
                                sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &change);
    ReleaseSRWLockExclusive(&ops_dacl_lock);
    if (NT_SUCCESS(status) && !subject->facts.directory) {
        low_list_note(sandbox->low_list, sandbox->set, client->subject.name, false);
    }
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

static struct outcome stamp_parent(struct client *client, const struct sbx_stamp *wanted) {
    struct place place;
    struct sbx_name name = without_separator(wanted->name);
    struct outcome outcome =
        resolve_name(client, wanted->directory, &name, PLACE_WRITE, NULL, &client->subject, &place);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    struct subject parent;
    outcome = outcome_status(object_reopen(place.directory, ACL_STAMP_ACCESS, FILE_DIRECTORY_FILE, &parent.object));
    NtClose(place.directory);
    if (outcome_failed(outcome)) {
        return not_stampable(outcome);
    }
    enum policy_verdict verdict =
        judge_object(client->sandbox->set, parent.object, PLACE_WRITE, &client->target, &parent.root, &parent.facts);
    outcome = verdict == POLICY_ALLOWED ? stamp(client, &parent) : outcome_refused(verdict);
    NtClose(parent.object);
    client->target.name.length = 0;
    return outcome;
}

struct outcome op_stamp(struct client *client, const struct sbx_request *request) {
    const struct sbx_stamp *wanted = &request->u.stamp;
    struct subject subject;
    if (!wanted->handle) {
        return stamp_parent(client, wanted);
    }
    struct outcome outcome = resolve_object(client, wanted->handle, ACL_STAMP_ACCESS, PLACE_WRITE, &subject);
    if (outcome_failed(outcome)) {
        return not_stampable(outcome);
    }
    outcome = stamp(client, &subject);
    NtClose(subject.object);
    return outcome;
}
