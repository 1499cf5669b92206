/* Mandatory labels (integrity levels) of files and directories.
 *
 * All functions work on handles the caller opened and checked (ACL_STAMP_ACCESS). A label is written through a second
 * handle with WRITE_OWNER, granted to the caller for the moment where it may change the DACL and lacks it. Each returns
 * an NTSTATUS; a label that may not be set, or that the file system does not keep, is said by `change`. */
#ifndef SBX_BROKER_RIGHTS_LABEL_H
#define SBX_BROKER_RIGHTS_LABEL_H

#include "broker/object/sd.h"

/* What a change came to, beside its status. */
struct acl_change {
    bool changed;       /* something was written */
    bool label_refused; /* the label stays: it may not be set, or the file system does not keep it */
};

enum label_level { LABEL_LOW, LABEL_MEDIUM };

/* Replaces the label by one of `level`, no-write-up, with the inheritance `flags`. */
NTSTATUS label_put(HANDLE object, enum label_level level, BYTE flags, struct acl_change *change)
    __attribute__((warn_unused_result));

/* Takes the label away: the object counts as Medium. */
NTSTATUS label_remove(HANDLE object, struct acl_change *change) __attribute__((warn_unused_result));

/* Replaces the label by one that hides the object from programs at Low: Medium, no-write-up, no-read-up,
 * no-execute-up, inheritable on directories ([MS-DTYP] 2.4.4.13). */
NTSTATUS label_hide(HANDLE object, bool directory, struct acl_change *change) __attribute__((warn_unused_result));

/* Puts back `labels` as it was read from a descriptor (NULL: no label). */
NTSTATUS label_restore(HANDLE object, const ACL *labels, struct acl_change *change) __attribute__((warn_unused_result));

/* Does the label keep programs at Low from reading, writing and executing the object? */
bool label_is_hiding(const struct sd *sd) __attribute__((warn_unused_result));

/* Is it a label as acl_stamp, acl_protect or the creations of a program at Low leave it? */
bool label_is_usual(const struct sd *sd) __attribute__((warn_unused_result));

#endif
