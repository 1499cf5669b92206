#include "broker/rights/label.h"

#include "broker/object/object.h"
#include "broker/rights/sid.h"

#include <stdlib.h>

#define INHERIT_ALL (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE)
#define HIDING                                                                                                         \
    (SYSTEM_MANDATORY_LABEL_NO_WRITE_UP | SYSTEM_MANDATORY_LABEL_NO_READ_UP | SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP)

static SID levels[] = {
    [LABEL_LOW] = {SID_REVISION, 1, {SECURITY_MANDATORY_LABEL_AUTHORITY}, {SECURITY_MANDATORY_LOW_RID}},
    [LABEL_MEDIUM] = {SID_REVISION, 1, {SECURITY_MANDATORY_LABEL_AUTHORITY}, {SECURITY_MANDATORY_MEDIUM_RID}},
};

/* A handle to `object` with WRITE_OWNER. Where the user has none but may change the DACL, the right is granted to him
 * just for the open; the DACL is put back at once. */
static NTSTATUS open_as_owner(HANDLE object, const struct sd *sd, HANDLE *again) {
    const ACCESS_MASK access = READ_CONTROL | WRITE_OWNER | SYNCHRONIZE;
    NTSTATUS status = object_reopen(object, access, OBJECT_OPTIONS, again);
    if (status != STATUS_ACCESS_DENIED || !sd->dacl) {
        return status;
    }
    PSID user = sid_user();
    ACL *granting = NULL;
    if (user) {
        granting = sd_insert(sd->dacl, sizeof(*sd->dacl), ACCESS_ALLOWED_ACE_TYPE, 0, WRITE_OWNER | READ_CONTROL, user);
    }
    status = granting ? sd_write_dacl(object, granting, sd->control) : STATUS_NO_MEMORY;
    if (NT_SUCCESS(status)) {
        status = object_reopen(object, access, OBJECT_OPTIONS, again);
        NTSTATUS restored = sd_write_dacl(object, sd->dacl, sd->control);
        if (NT_SUCCESS(status) && !NT_SUCCESS(restored)) {
            NtClose(*again);
            status = restored;
        }
    }
    free(granting);
    LocalFree(user);
    return status;
}

/* The label that counts for the object itself. */
static bool effective(const ACL *labels, struct sd_ace *ace) {
    *ace = (struct sd_ace){0};
    while (sd_next(labels, ace)) {
        if (ace->type == SYSTEM_MANDATORY_LABEL_ACE_TYPE && !(ace->flags & INHERIT_ONLY_ACE)) {
            return true;
        }
    }
    return false;
}

static bool same_label(const ACL *one, const ACL *other) {
    struct sd_ace a, b;
    bool has = effective(one, &a);
    return has == effective(other, &b) && (!has || (a.mask == b.mask && EqualSid(a.sid, b.sid)));
}

/* Sees afterwards whether it holds, since a file system without labels may say that all is well. */
static NTSTATUS write_label(HANDLE object, const ACL *labels, struct acl_change *change) {
    static const ACL none = {.AclRevision = ACL_REVISION, .AclSize = sizeof(none)};
    HANDLE again;
    struct sd sd, now = {0};
    NTSTATUS status = sd_read(object, &sd);
    if (NT_SUCCESS(status)) {
        status = open_as_owner(object, &sd, &again);
    }
    if (NT_SUCCESS(status)) {
        status = sd_write_label(again, labels ? labels : &none, sd.control);
        NtClose(again);
    }
    if (NT_SUCCESS(status)) {
        status = sd_read(object, &now);
    }
    bool held = NT_SUCCESS(status) && same_label(now.labels, labels);
    sd_free(&sd);
    sd_free(&now);
    change->changed = change->changed || held;
    change->label_refused = !held;
    return status == STATUS_NO_MEMORY ? status : STATUS_SUCCESS;
}

static NTSTATUS write_one(HANDLE object, enum label_level level, BYTE flags, ACCESS_MASK policy,
                          struct acl_change *change) {
    ACL *labels = sd_insert(NULL, 0, SYSTEM_MANDATORY_LABEL_ACE_TYPE, flags, policy, &levels[level]);
    NTSTATUS status = labels ? write_label(object, labels, change) : STATUS_NO_MEMORY;
    free(labels);
    return status;
}

NTSTATUS label_put(HANDLE object, enum label_level level, BYTE flags, struct acl_change *change) {
    return write_one(object, level, flags, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP, change);
}

NTSTATUS label_remove(HANDLE object, struct acl_change *change) { return write_label(object, NULL, change); }

NTSTATUS label_hide(HANDLE object, bool directory, struct acl_change *change) {
    return write_one(object, LABEL_MEDIUM, directory ? INHERIT_ALL : 0, HIDING, change);
}

NTSTATUS label_restore(HANDLE object, const ACL *labels, struct acl_change *change) {
    return write_label(object, labels, change);
}

bool label_is_hiding(const struct sd *sd) {
    struct sd_ace ace;
    return effective(sd->labels, &ace) && (ace.mask & HIDING) == HIDING &&
           sd_level(sd) >= SECURITY_MANDATORY_MEDIUM_RID;
}

bool label_is_usual(const struct sd *sd) {
    for (struct sd_ace ace = {0}; sd_next(sd->labels, &ace);) {
        BYTE inherit = ace.flags & (BYTE)~INHERITED_ACE;
        if (ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            return ace.mask == SYSTEM_MANDATORY_LABEL_NO_WRITE_UP &&
                   (EqualSid(ace.sid, &levels[LABEL_LOW]) || EqualSid(ace.sid, &levels[LABEL_MEDIUM])) &&
                   (!inherit || inherit == CONTAINER_INHERIT_ACE || inherit == INHERIT_ALL);
        }
    }
    return false;
}
