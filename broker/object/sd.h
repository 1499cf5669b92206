/* Security descriptors of open objects as bytes: read, checked, edited one ACE at a time, written back.
 *
 * Nothing is rebuilt that need not be: foreign ACEs, their order, unused room at the end of an ACL and the control bits
 * stay as they were. That is why sbx does not use SetEntriesInAcl and SetSecurityInfo, which sort and propagate. */
#ifndef SBX_BROKER_OBJECT_SD_H
#define SBX_BROKER_OBJECT_SD_H

#include "broker/base/nt.h"

#include <stdbool.h>

struct sd {
    BYTE *bytes; /* self-relative, as the kernel gave it; owned */
    ULONG size;
    SECURITY_DESCRIPTOR_CONTROL control;
    PSID owner, group; /* into bytes; NULL when absent */
    const ACL *dacl;   /* NULL: no DACL, everybody may do everything */
    const ACL *labels; /* the mandatory label's ACL, or NULL */
};

/* One ACE in an ACL. sid is NULL for kinds whose layout sbx does not know (object ACEs). */
struct sd_ace {
    BYTE type, flags;
    USHORT size;
    unsigned index;
    ULONG offset; /* from the start of the ACL */
    ACCESS_MASK mask;
    PSID sid;
};

/* Owner, group, DACL and label of `object` (READ_CONTROL). Every offset, length and SID is checked. Free with sd_free,
 * which is also allowed on a zeroed one and after a failure. Returns STATUS_INVALID_SECURITY_DESCR for what does not
 * check. */
NTSTATUS sd_read(HANDLE object, struct sd *sd) __attribute__((warn_unused_result));
NTSTATUS sd_parse(BYTE *bytes, ULONG size, struct sd *sd) __attribute__((warn_unused_result));
void sd_free(struct sd *sd);

/* Iterates: *ace starts as {0} and is the next ACE after each call. Returns false at the end. `acl` comes from sd_read
 * or one of the functions below, or is NULL (no entries). */
bool sd_next(const ACL *acl, struct sd_ace *ace);

/* A copy of `acl` (NULL: an empty one) with one ACE put in at byte `offset` (an ACE's start or the end of the last).
 * malloc'ed; NULL when memory is short or the ACL would be longer than 65,535 bytes. */
ACL *sd_insert(const ACL *acl, ULONG offset, BYTE type, BYTE flags, ACCESS_MASK mask, PSID sid);

/* A copy without the ACEs that `pick` chooses. malloc'ed; *removed is their number. */
ACL *sd_remove(const ACL *acl, bool (*pick)(void *context, const struct sd_ace *ace), void *context, unsigned *removed);

/* Writes a DACL (WRITE_DAC) with the protected, auto-inherited and defaulted bits of `control`. NULL: no DACL. */
NTSTATUS sd_write_dacl(HANDLE object, const ACL *dacl, SECURITY_DESCRIPTOR_CONTROL control)
    __attribute__((warn_unused_result));

/* Writes the mandatory label (WRITE_OWNER): an ACL of one label ACE, or of none. `control` as read: its bits for the
 * DACL are kept by Windows by itself. */
NTSTATUS sd_write_label(HANDLE object, const ACL *labels, SECURITY_DESCRIPTOR_CONTROL control)
    __attribute__((warn_unused_result));

/* The integrity level that counts for the object (SECURITY_MANDATORY_..._RID); Medium without a label. */
ULONG sd_level(const struct sd *sd);

#endif
