#include "security.h"

#include "memory.h"
#include "paths.h"
#include "settings.h"

#include <stddef.h>
#include <string.h>

#define ALLOWED (FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE)

static BYTE *put_ace(BYTE *at, BYTE type, BYTE flags, ACCESS_MASK mask, const void *sid, uint32_t sid_size) {
    ACE_HEADER header = {type, flags, (WORD)(sizeof(ACE_HEADER) + sizeof(mask) + sid_size)};
    memcpy(at, &header, sizeof(header));
    memcpy(at + sizeof(header), &mask, sizeof(mask));
    memcpy(at + sizeof(header) + sizeof(mask), sid, sid_size);
    return at + header.AceSize;
}

WORD security_read_dacl(const void *descriptor, SECURITY_DESCRIPTOR_CONTROL *control, BYTE *out, size_t room) {
    SECURITY_DESCRIPTOR absolute;
    SECURITY_DESCRIPTOR_RELATIVE relative;
    const BYTE *dacl;
    ACL header;
    if (!memory_copy_in(descriptor, &relative, sizeof(relative)) || !(relative.Control & SE_DACL_PRESENT)) {
        return 0;
    }
    *control = relative.Control;
    if (relative.Control & SE_SELF_RELATIVE) {
        dacl = relative.Dacl ? (const BYTE *)descriptor + relative.Dacl : NULL;
    } else {
        dacl = memory_copy_in(descriptor, &absolute, sizeof(absolute)) ? (const BYTE *)absolute.Dacl : NULL;
    }
    if (!dacl || !memory_copy_in(dacl, &header, sizeof(header)) || header.AclSize < sizeof(ACL) ||
        header.AclSize > room || !memory_copy_in(dacl, out, header.AclSize)) {
        return 0;
    }
    return header.AclSize;
}

/* End of the entries of `acl`, or NULL when it is not sound. */
static BYTE *acl_end(BYTE *acl, WORD size) {
    ACL header;
    memcpy(&header, acl, sizeof(header));
    BYTE *at = acl + sizeof(ACL);
    for (WORD i = 0; i < header.AceCount; i++) {
        ACE_HEADER ace;
        if (at + sizeof(ace) > acl + size) {
            return NULL;
        }
        memcpy(&ace, at, sizeof(ace));
        if (ace.AceSize < sizeof(ace) || at + ace.AceSize > acl + size) {
            return NULL;
        }
        at += ace.AceSize;
    }
    return at;
}

/* What is added to a DACL: a deny of FILE_DELETE_CHILD before its entries, an allow after them. */
struct addition {
    bool deny_delete_child;
    BYTE flags; /* of the allow */
    ACCESS_MASK allowed;
    const struct sbx_settings_root *root; /* whose SID is allowed */
};

/* Owner, group and SACL stay the program's: a label in it must not get lost. The kernel reads them, as it would have
 * without us, so where they point to is not looked at. */
static void copy_others(const void *given, SECURITY_DESCRIPTOR_CONTROL control, SECURITY_DESCRIPTOR *descriptor) {
    SECURITY_DESCRIPTOR absolute;
    SECURITY_DESCRIPTOR_RELATIVE relative;
    BYTE *base = (BYTE *)(uintptr_t)given;
    if (control & SE_SELF_RELATIVE) {
        if (memory_copy_in(given, &relative, sizeof(relative))) {
            descriptor->Owner = relative.Owner ? (PSID)(base + relative.Owner) : NULL;
            descriptor->Group = relative.Group ? (PSID)(base + relative.Group) : NULL;
            descriptor->Sacl = relative.Sacl ? (ACL *)(base + relative.Sacl) : NULL;
        }
    } else if (memory_copy_in(given, &absolute, sizeof(absolute))) {
        descriptor->Owner = absolute.Owner;
        descriptor->Group = absolute.Group;
        descriptor->Sacl = absolute.Sacl;
    }
}

static bool build(SECURITY_DESCRIPTOR_CONTROL control, const BYTE *old, const BYTE *end,
                  const struct addition *addition, struct own_descriptor *own) {
    static const SID everyone = {SID_REVISION, 1, {SECURITY_WORLD_SID_AUTHORITY}, {SECURITY_WORLD_RID}};
    SECURITY_DESCRIPTOR *descriptor = (SECURITY_DESCRIPTOR *)own->u.bytes;
    BYTE *acl = own->u.bytes + sizeof(*descriptor);
    ACL header;
    memcpy(&header, old, sizeof(header));
    size_t entries = (size_t)(end - old) - sizeof(ACL);
    if (sizeof(*descriptor) + sizeof(ACL) + entries + 2 * (sizeof(ACE_HEADER) + sizeof(ACCESS_MASK) + SBX_SID_MAX) >
        SECURITY_BYTES) {
        return false;
    }
    BYTE *at = acl + sizeof(ACL);
    if (addition->deny_delete_child) {
        at = put_ace(at, ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE, FILE_DELETE_CHILD, &everyone, sizeof(everyone));
        header.AceCount++;
    }
    memcpy(at, old + sizeof(ACL), entries);
    at = put_ace(at + entries, ACCESS_ALLOWED_ACE_TYPE, addition->flags, addition->allowed, addition->root->sid,
                 addition->root->sid_size);
    header.AceCount++;
    header.AclSize = (WORD)(at - acl);
    memcpy(acl, &header, sizeof(header));
    memset(descriptor, 0, sizeof(*descriptor));
    copy_others(own->attributes.SecurityDescriptor, control, descriptor);
    descriptor->Revision = SECURITY_DESCRIPTOR_REVISION;
    descriptor->Control = control & (SECURITY_DESCRIPTOR_CONTROL)~SE_SELF_RELATIVE;
    descriptor->Dacl = (ACL *)acl;
    return true;
}

/* own->attributes is the program's; its descriptor becomes ours where it has a DACL to extend. */
static bool extend(const struct addition *addition, struct own_descriptor *own) {
    BYTE old[SECURITY_BYTES];
    SECURITY_DESCRIPTOR_CONTROL control;
    WORD size = security_read_dacl(own->attributes.SecurityDescriptor, &control, old, sizeof(old));
    BYTE *end = size ? acl_end(old, size) : NULL;
    if (!end || !build(control, old, end, addition, own)) {
        return false;
    }
    own->attributes.SecurityDescriptor = own->u.bytes;
    return true;
}

POBJECT_ATTRIBUTES security_extend(POBJECT_ATTRIBUTES attributes, bool directory, struct own_descriptor *own) {
    if (!memory_copy_in(attributes, &own->attributes, sizeof(own->attributes)) || !own->attributes.SecurityDescriptor) {
        return attributes;
    }
    UNICODE_STRING name;
    if (!memory_copy_in(own->attributes.ObjectName, &name, sizeof(name)) ||
        !memory_is_readable(name.Buffer, name.Length)) {
        return attributes;
    }
    /* Relative names: which root it is only the broker could say, so they keep the program's DACL. */
    int root = own->attributes.RootDirectory ? -1 : paths_root_of(&own->attributes);
    if (root < 0) {
        return attributes;
    }
    struct addition addition = {directory, directory ? CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE : 0, ALLOWED,
                                &settings_block()->roots[root]};
    return extend(&addition, own) ? &own->attributes : attributes;
}

/* Most objects come without attributes or without a descriptor: they cost two looks. */
POBJECT_ATTRIBUTES security_extend_object(POBJECT_ATTRIBUTES attributes, ACCESS_MASK all, struct own_descriptor *own) {
    const struct sbx_settings *config = settings_block();
    if (!attributes || !memory_copy_in(attributes, &own->attributes, sizeof(own->attributes)) ||
        !own->attributes.SecurityDescriptor) {
        return attributes;
    }
    struct addition addition = {false, 0, all, &config->roots[config->run_root]};
    return extend(&addition, own) ? &own->attributes : attributes;
}
