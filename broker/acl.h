/* Access control entries that sbx puts on files and directories, and nothing else's.
 *
 * All functions work on handles the caller opened and checked, never on paths, and use NtQuerySecurityObject /
 * NtSetSecurityObject: no propagation into the tree, control bits (protected, auto-inherited) and the order of foreign ACEs
 * are kept. What sbx puts:
 *   allow  (OI)(CI)(RX,W) for the root's capability SID on directories, (RX,W) on files: never DELETE, DELETE_CHILD,
 *          WRITE_DAC or WRITE_OWNER
 *   deny   (CI)(DC) FILE_DELETE_CHILD for Everyone on directories
 *   label  (CI) Low, no-write-up on directories, Low on files, when asked for */
#ifndef SBX_BROKER_ACL_H
#define SBX_BROKER_ACL_H

#include <stdbool.h>
#include <windows.h>

enum acl_integrity { ACL_LABEL_NONE, ACL_LABEL_LOW };

/* What an object carries of ours. */
struct acl_state {
    bool allow;         /* the capability SID's allow entry with at least (RX,W), explicit or inherited */
    bool deny;          /* deny of FILE_DELETE_CHILD (always true for files: not needed there) */
    bool low;           /* effective label is Low or below */
    bool protected_entry; /* a deny of writing put by acl_protect */
};

/* Rights a handle needs for acl_stamp. */
#define ACL_STAMP_ACCESS (READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES | SYNCHRONIZE)

/* Reads what `object` carries for capability SID `sid`. Handle needs READ_CONTROL. Returns an NTSTATUS. */
NTSTATUS acl_query(HANDLE object, bool directory, PSID sid, struct acl_state *state) __attribute__((warn_unused_result));

/* Adds what is missing (allow, deny on directories, the label when `integrity` asks for it). Changes nothing when nothing is
 * missing; *changed says which. Handle needs ACL_STAMP_ACCESS; the label is written through a second handle that is reopened
 * from `object` with WRITE_OWNER, granted to the caller for the moment where it is the owner and lacks it, and the DACL is
 * put back. Returns STATUS_SUCCESS; STATUS_ACCESS_DENIED when the DACL may not be changed; with the DACL done and only the
 * label refused: the success-class status ACL_LABEL_REFUSED. */
#define ACL_LABEL_REFUSED ((NTSTATUS)0x4000AC01)
NTSTATUS acl_stamp(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, bool *changed)
    __attribute__((warn_unused_result));

/* Removes every entry of ours for `sid` (all sbx SIDs of `sids` when it is a list), and the Low label when it is the one we
 * put. With nothing of ours left the descriptor is byte for byte what it was before. Returns an NTSTATUS. */
NTSTATUS acl_unstamp(HANDLE object, bool directory, const PSID *sids, size_t count, bool *changed)
    __attribute__((warn_unused_result));

/* Makes `object` unwritable for `sid` (protected path): explicit deny of (W,D,DC,WDAC,WO) for the SID, inheritable on
 * directories, and a Medium label when integrity is Low. */
NTSTATUS acl_protect(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, bool *changed)
    __attribute__((warn_unused_result));

/* Writes the entries of `object` as icacls prints them, one a line, with "  <- sbx" behind those whose SID is in `sids`.
 * `emit` gets each line (UTF-8, no newline). */
NTSTATUS acl_print(HANDLE object, const PSID *sids, size_t count, void (*emit)(void *context, const char *line), void *context)
    __attribute__((warn_unused_result));

#endif
