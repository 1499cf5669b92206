/* The security request: a DACL that the program wants for an object in a root. */
#include "broker/object/sd.h"
#include "broker/rights/acl.h"
#include "broker/sandbox/judge.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"

#include <stdlib.h>
#include <string.h>

/* The DACL of the request as part of a descriptor, which sd_parse checks. `sd` is freed by the caller. */
static NTSTATUS parse(const struct sbx_security *security, struct sd *sd) {
    SECURITY_DESCRIPTOR_RELATIVE head = {.Revision = SECURITY_DESCRIPTOR_REVISION,
                                         .Control = SE_SELF_RELATIVE | SE_DACL_PRESENT |
                                                    (security->control & (SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED)),
                                         .Dacl = sizeof(head)};
    ULONG size = (ULONG)sizeof(head) + security->dacl.size;
    BYTE *bytes = malloc(size);
    *sd = (struct sd){0};
    if (!bytes) {
        return STATUS_NO_MEMORY;
    }
    memcpy(bytes, &head, sizeof(head));
    memcpy(bytes + sizeof(head), security->dacl.bytes, security->dacl.size);
    return sd_parse(bytes, size, sd);
}

static struct outcome set_dacl(struct client *client, const struct subject *subject, const struct sd *given) {
    const struct sandbox *sandbox = client->sandbox;
    struct acl_change change;
    enum policy_verdict verdict = judge_links(sandbox->set, subject->object, &subject->facts, &client->scratch);
    if (verdict != POLICY_ALLOWED) {
        return outcome_refused(verdict);
    }
    AcquireSRWLockExclusive(&ops_dacl_lock);
    NTSTATUS status = acl_put_given(subject->object, subject->facts.directory, sandbox->set->roots[subject->root].sid,
                                    given, sandbox->low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &change);
    ReleaseSRWLockExclusive(&ops_dacl_lock);
    return status == STATUS_INVALID_ACL ? outcome_refused(POLICY_BAD_REQUEST) : outcome_status(status);
}

struct outcome op_security(struct client *client, const struct sbx_request *request) {
    const struct sbx_security *security = &request->u.security;
    struct sd given;
    struct subject subject;
    NTSTATUS status = parse(security, &given);
    if (!NT_SUCCESS(status)) {
        sd_free(&given);
        return status == STATUS_NO_MEMORY ? outcome_status(status) : outcome_refused(POLICY_BAD_REQUEST);
    }
    struct outcome outcome = resolve_object(client, security->handle, ACL_STAMP_ACCESS, PLACE_WRITE, &subject);
    if (!outcome_failed(outcome)) {
        outcome = set_dacl(client, &subject, &given);
        NtClose(subject.object);
    }
    sd_free(&given);
    return outcome;
}
