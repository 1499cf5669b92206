#include "broker/object/object.h"
#include "broker/object/sd.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"

#include <stdlib.h>
#include <string.h>

/* Leaves room for the entries that are added. */
#define GIVEN_MAX 0x8000u

/* Do the restricting SIDs of a run hold this one? The logon SID is S-1-5-5-X-Y. */
static bool restricts(PSID sid) {
    static const SID_IDENTIFIER_AUTHORITY world = {SECURITY_WORLD_SID_AUTHORITY}, nt = {SECURITY_NT_AUTHORITY};
    const SID_IDENTIFIER_AUTHORITY *authority = GetSidIdentifierAuthority(sid);
    if (!memcmp(authority, &world, sizeof(world))) {
        return true;
    }
    return !memcmp(authority, &nt, sizeof(nt)) && *GetSidSubAuthorityCount(sid) == SECURITY_LOGON_IDS_RID_COUNT &&
           *GetSidSubAuthority(sid, 0) == SECURITY_LOGON_IDS_RID;
}

/* The broker's own entries are put anew, for the root that the object is in; those of other roots would open it there.
 */
static bool pick_capability(void *context, const struct sd_ace *ace) {
    (void)context;
    return sid_is_ours(ace->sid);
}

static bool is_plain(const ACL *acl) {
    for (struct sd_ace ace = {0}; sd_next(acl, &ace);) {
        if (ace.type != ACCESS_ALLOWED_ACE_TYPE && ace.type != ACCESS_DENIED_ACE_TYPE) {
            return false;
        }
    }
    return true;
}

static void weaken(ACL *acl) {
    for (struct sd_ace ace = {0}; sd_next(acl, &ace);) {
        if (ace.type == ACCESS_ALLOWED_ACE_TYPE && restricts(ace.sid)) {
            ACCESS_ALLOWED_ACE *allow = (ACCESS_ALLOWED_ACE *)((BYTE *)acl + ace.offset);
            allow->Mask = object_map_generic(ace.mask) & ACL_ALLOW_MASK;
        }
    }
}

NTSTATUS acl_put_given(HANDLE object, bool directory, PSID sid, const struct sd *given, enum acl_integrity integrity,
                       struct acl_change *change) {
    struct acl_state state;
    unsigned removed;
    *change = (struct acl_change){0};
    if (!given->dacl || given->dacl->AclSize > GIVEN_MAX || !is_plain(given->dacl)) {
        return STATUS_INVALID_ACL;
    }
    NTSTATUS status = acl_query(object, directory, sid, &state);
    if (NT_SUCCESS(status) && state.protected_entry) {
        return STATUS_ACCESS_DENIED;
    }
    ACL *dacl = NT_SUCCESS(status) ? sd_remove(given->dacl, pick_capability, NULL, &removed) : NULL;
    if (dacl) {
        weaken(dacl);
        status = sd_write_dacl(object, dacl, given->control);
    } else if (NT_SUCCESS(status)) {
        status = STATUS_NO_MEMORY;
    }
    free(dacl);
    return NT_SUCCESS(status) ? acl_stamp(object, directory, sid, integrity, change) : status;
}
