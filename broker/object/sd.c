#include "broker/object/sd.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_CONTROL (SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED)

/* The kinds of ACE that are a mask and a SID (and, for callbacks, a condition behind it). */
static bool has_plain_sid(BYTE type) {
    switch (type) {
    case ACCESS_ALLOWED_ACE_TYPE:
    case ACCESS_DENIED_ACE_TYPE:
    case SYSTEM_AUDIT_ACE_TYPE:
    case SYSTEM_ALARM_ACE_TYPE:
    case ACCESS_ALLOWED_CALLBACK_ACE_TYPE:
    case ACCESS_DENIED_CALLBACK_ACE_TYPE:
    case SYSTEM_MANDATORY_LABEL_ACE_TYPE: return true;
    default: return false;
    }
}

static bool sid_fits(const BYTE *at, ULONG room) {
    return room >= offsetof(SID, SubAuthority) && at[0] == SID_REVISION && at[1] <= SID_MAX_SUB_AUTHORITIES &&
           offsetof(SID, SubAuthority) + at[1] * sizeof(DWORD) <= room;
}

static bool read_ace(const ACL *acl, ULONG offset, struct sd_ace *ace) {
    const ACE_HEADER *header = (const ACE_HEADER *)((const BYTE *)acl + offset);
    if (offset + sizeof(*header) > acl->AclSize || header->AceSize < sizeof(*header) ||
        header->AceSize % sizeof(DWORD) || offset + header->AceSize > acl->AclSize) {
        return false;
    }
    *ace =
        (struct sd_ace){.type = header->AceType, .flags = header->AceFlags, .size = header->AceSize, .offset = offset};
    if (has_plain_sid(ace->type)) {
        const ACCESS_ALLOWED_ACE *plain = (const ACCESS_ALLOWED_ACE *)header;
        const ULONG start = offsetof(ACCESS_ALLOWED_ACE, SidStart);
        if (ace->size < start || !sid_fits((const BYTE *)header + start, ace->size - start)) {
            return false;
        }
        ace->mask = plain->Mask;
        ace->sid = (PSID)&plain->SidStart;
    }
    return true;
}

bool sd_next(const ACL *acl, struct sd_ace *ace) {
    if (!acl) {
        return false;
    }
    unsigned index = ace->offset ? ace->index + 1 : 0;
    ULONG at = ace->offset ? ace->offset + ace->size : sizeof(*acl);
    if (index >= acl->AceCount || !read_ace(acl, at, ace)) {
        return false;
    }
    ace->index = index;
    return true;
}

/* Checks an ACL inside a descriptor. */
static bool acl_fits(const BYTE *bytes, ULONG size, ULONG offset) {
    const ACL *acl = (const ACL *)(bytes + offset);
    if (offset % sizeof(DWORD) || offset > size || size - offset < sizeof(*acl) || acl->AclSize < sizeof(*acl) ||
        acl->AclSize > size - offset) {
        return false;
    }
    ULONG at = sizeof(*acl);
    for (unsigned i = 0; i < acl->AceCount; i++) {
        struct sd_ace ace;
        if (!read_ace(acl, at, &ace)) {
            return false;
        }
        at += ace.size;
    }
    return true;
}

static bool take_sid(const struct sd *sd, DWORD offset, PSID *sid) {
    *sid = NULL;
    if (!offset) {
        return true;
    }
    if (offset > sd->size || offset % sizeof(DWORD) || !sid_fits(sd->bytes + offset, sd->size - offset)) {
        return false;
    }
    *sid = sd->bytes + offset;
    return true;
}

static bool take_acl(const struct sd *sd, DWORD offset, const ACL **acl) {
    *acl = NULL;
    if (!offset) {
        return true;
    }
    if (!acl_fits(sd->bytes, sd->size, offset)) {
        return false;
    }
    *acl = (const ACL *)(sd->bytes + offset);
    return true;
}

NTSTATUS sd_parse(BYTE *bytes, ULONG size, struct sd *sd) {
    *sd = (struct sd){.bytes = bytes, .size = size};
    SECURITY_DESCRIPTOR_RELATIVE head;
    if (size < sizeof(head)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    memcpy(&head, bytes, sizeof(head));
    sd->control = head.Control;
    DWORD dacl = head.Control & SE_DACL_PRESENT ? head.Dacl : 0;
    DWORD sacl = head.Control & SE_SACL_PRESENT ? head.Sacl : 0;
    if (head.Revision != SECURITY_DESCRIPTOR_REVISION || !(head.Control & SE_SELF_RELATIVE) ||
        !take_sid(sd, head.Owner, &sd->owner) || !take_sid(sd, head.Group, &sd->group) ||
        !take_acl(sd, dacl, &sd->dacl) || !take_acl(sd, sacl, &sd->labels)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    return STATUS_SUCCESS;
}

NTSTATUS sd_read(HANDLE object, struct sd *sd) {
    const SECURITY_INFORMATION what = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                      DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION;
    *sd = (struct sd){0};
    ULONG size = 1024;
    for (int attempt = 0; attempt < 4; attempt++) {
        BYTE *bytes = malloc(size);
        ULONG needed = 0;
        if (!bytes) {
            return STATUS_NO_MEMORY;
        }
        NTSTATUS status = NtQuerySecurityObject(object, what, bytes, size, &needed);
        if (NT_SUCCESS(status)) {
            return sd_parse(bytes, needed && needed < size ? needed : size, sd);
        }
        free(bytes);
        if (status != STATUS_BUFFER_TOO_SMALL || needed <= size) {
            return status;
        }
        size = needed;
    }
    return STATUS_BUFFER_TOO_SMALL;
}

void sd_free(struct sd *sd) {
    free(sd->bytes);
    *sd = (struct sd){0};
}

ACL *sd_insert(const ACL *acl, ULONG offset, BYTE type, BYTE flags, ACCESS_MASK mask, PSID sid) {
    const ACL empty = {.AclRevision = ACL_REVISION, .AclSize = sizeof(empty)};
    if (!acl) {
        acl = &empty;
        offset = sizeof(empty);
    }
    DWORD sid_size = GetLengthSid(sid);
    ULONG ace_size = offsetof(ACCESS_ALLOWED_ACE, SidStart) + sid_size;
    ULONG size = acl->AclSize + ace_size;
    if (size > 0xFFFF || acl->AceCount == 0xFFFF || offset < sizeof(*acl) || offset > acl->AclSize) {
        return NULL;
    }
    BYTE *copy = malloc(size);
    if (!copy) {
        return NULL;
    }
    memcpy(copy, acl, offset);
    ACCESS_ALLOWED_ACE *ace = (ACCESS_ALLOWED_ACE *)(copy + offset);
    ace->Header = (ACE_HEADER){.AceType = type, .AceFlags = flags, .AceSize = (WORD)ace_size};
    ace->Mask = mask;
    memcpy(&ace->SidStart, sid, sid_size);
    memcpy(copy + offset + ace_size, (const BYTE *)acl + offset, acl->AclSize - offset);
    ACL *result = (ACL *)copy;
    result->AclSize = (WORD)size;
    result->AceCount++;
    return result;
}

ACL *sd_remove(const ACL *acl, bool (*pick)(void *context, const struct sd_ace *ace), void *context,
               unsigned *removed) {
    BYTE *copy = malloc(acl->AclSize);
    *removed = 0;
    if (!copy) {
        return NULL;
    }
    ACL *result = (ACL *)copy;
    ULONG used = sizeof(*acl), end = sizeof(*acl);
    struct sd_ace ace = {0};
    memcpy(copy, acl, sizeof(*acl));
    while (sd_next(acl, &ace)) {
        end = ace.offset + ace.size;
        if (pick(context, &ace)) {
            (*removed)++;
            result->AceCount--;
            result->AclSize = (WORD)(result->AclSize - ace.size);
            continue;
        }
        memcpy(copy + used, (const BYTE *)acl + ace.offset, ace.size);
        used += ace.size;
    }
    memcpy(copy + used, (const BYTE *)acl + end, acl->AclSize - end);
    return result;
}

static NTSTATUS write_dacl_bits(HANDLE object, const ACL *dacl, SECURITY_DESCRIPTOR_CONTROL control,
                                SECURITY_DESCRIPTOR_CONTROL kept) {
    SECURITY_DESCRIPTOR sd;
    if (!InitializeSecurityDescriptor(&sd, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorDacl(&sd, TRUE, (PACL)dacl, (control & SE_DACL_DEFAULTED) != 0) ||
        !SetSecurityDescriptorControl(&sd, kept, kept)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    return NtSetSecurityObject(object, DACL_SECURITY_INFORMATION, &sd);
}

NTSTATUS sd_write_dacl(HANDLE object, const ACL *dacl, SECURITY_DESCRIPTOR_CONTROL control) {
    SECURITY_DESCRIPTOR_CONTROL kept = control & KEPT_CONTROL;
    if (!(kept & SE_DACL_AUTO_INHERITED)) {
        return write_dacl_bits(object, dacl, control, kept);
    }
    /* The kernel keeps "auto-inherited" only for who asks for it with the request bit, which it does not store. */
    NTSTATUS status = write_dacl_bits(object, dacl, control, kept | SE_DACL_AUTO_INHERIT_REQ);
    struct sd now;
    if (NT_SUCCESS(status)) {
        /* Wine does store it: write once more without. */
        if (NT_SUCCESS(sd_read(object, &now)) && (now.control & SE_DACL_AUTO_INHERIT_REQ)) {
            status = write_dacl_bits(object, dacl, control, kept);
        }
        sd_free(&now);
    }
    return status;
}

NTSTATUS sd_write_label(HANDLE object, const ACL *labels, SECURITY_DESCRIPTOR_CONTROL control) {
    SECURITY_DESCRIPTOR sd;
    /* Wine takes the DACL's bits from here although no DACL is set; Windows does not look at them. */
    SECURITY_DESCRIPTOR_CONTROL kept = control & KEPT_CONTROL;
    if (!InitializeSecurityDescriptor(&sd, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorSacl(&sd, TRUE, (PACL)labels, FALSE) || !SetSecurityDescriptorControl(&sd, kept, kept)) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    return NtSetSecurityObject(object, LABEL_SECURITY_INFORMATION, &sd);
}

ULONG sd_level(const struct sd *sd) {
    struct sd_ace ace = {0};
    while (sd_next(sd->labels, &ace)) {
        if (ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE && !(ace.flags & INHERIT_ONLY_ACE) &&
            *GetSidSubAuthorityCount(ace.sid)) {
            return *GetSidSubAuthority(ace.sid, *GetSidSubAuthorityCount(ace.sid) - 1u);
        }
    }
    return SECURITY_MANDATORY_MEDIUM_RID;
}
