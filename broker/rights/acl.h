/* Access control entries that sbx puts on files and directories, and nothing else's.
 *
 * All functions work on handles the caller opened and checked, never on paths, and use NtQuerySecurityObject /
 * NtSetSecurityObject: no propagation into the tree, control bits (protected, auto-inherited) and the order of foreign
 * ACEs are kept. What sbx puts:
 *
 *   allow   (OI)(CI)(RX,W) for the root's capability SID on directories, (RX,W) on files: never DELETE, DELETE_CHILD,
 *           WRITE_DAC or WRITE_OWNER
 *   deny    (CI)(DC), FILE_DELETE_CHILD for Everyone, on directories, before everything else
 *   label   (CI) Low, no-write-up, on directories, Low on files, when asked for
 */
#ifndef SBX_BROKER_RIGHTS_ACL_H
#define SBX_BROKER_RIGHTS_ACL_H

#include "broker/rights/label.h"

#include <stdbool.h>

/* What is put, exactly. W without the READ_CONTROL and SYNCHRONIZE that FILE_GENERIC_WRITE shares with reading: a deny
 * of those would forbid reading too. */
#define ACL_ALLOW_MASK (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE | FILE_GENERIC_WRITE)
#define ACL_PROTECT_MASK                                                                                               \
    (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES | FILE_DELETE_CHILD | DELETE |         \
     WRITE_DAC | WRITE_OWNER)

/* ACL_LABEL_REQUIRED: a label that is refused leaves the DACL as it is too. */
enum acl_integrity { ACL_LABEL_NONE, ACL_LABEL_LOW, ACL_LABEL_REQUIRED };

/* What an object carries of ours. */
struct acl_state {
    bool allow;           /* the SID's allow of (RX,W); on directories inherited by all below. True without a DACL */
    bool deny;            /* nobody gets FILE_DELETE_CHILD here (always true for files) */
    bool low;             /* effective label is Low or below */
    bool protected_entry; /* a deny of writing put by acl_protect */
    bool ours;            /* an entry for a SID that sid_new made */
    bool no_dacl;         /* the object has no DACL: everybody may do everything, sbx leaves it so */
};

/* Rights a handle needs for acl_stamp. */
#define ACL_STAMP_ACCESS (READ_CONTROL | WRITE_DAC | FILE_READ_ATTRIBUTES | SYNCHRONIZE)

/* Reads what `object` carries for capability SID `sid` (NULL: of no SID). Handle needs READ_CONTROL. Returns an
 * NTSTATUS. */
NTSTATUS acl_query(HANDLE object, bool directory, PSID sid, struct acl_state *state)
    __attribute__((warn_unused_result));

/* Adds what is missing (allow, deny on directories, the label when `integrity` asks for it). Changes nothing when
 * nothing is missing. Handle needs ACL_STAMP_ACCESS; the label is written through a second handle that is reopened from
 * `object` with WRITE_OWNER, granted to the caller for the moment where it may change the DACL and lacks it, and the
 * DACL is put back. Returns STATUS_SUCCESS, also with only the label refused, which `change` says and which is for the
 * caller to judge; STATUS_ACCESS_DENIED when the DACL may not be changed, the object is protected, or a required label
 * is refused; STATUS_NOT_SUPPORTED when the filesystem keeps no DACL or the object has none. */
NTSTATUS acl_stamp(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, struct acl_change *change)
    __attribute__((warn_unused_result));

/* Gives `object` the DACL of `given`, which a sandboxed program wants, with the root's entries in it as acl_stamp puts
 * them. Entries for capability SIDs are left out, and entries that allow something to a SID that restricts the
 * program's token (Everyone, a logon SID) lose what acl_stamp never gives: with them the program could delete the
 * object, or change its DACL, without the broker. Handle and results as for acl_stamp; STATUS_INVALID_ACL for no DACL,
 * which would allow everything, and for kinds of entries other than allow and deny. */
struct sd;
NTSTATUS acl_put_given(HANDLE object, bool directory, PSID sid, const struct sd *given, enum acl_integrity integrity,
                       struct acl_change *change) __attribute__((warn_unused_result));

/* Adds only the deny of FILE_DELETE_CHILD, for a directory of sbx's own. */
NTSTATUS acl_deny_delete_child(HANDLE directory, bool *changed) __attribute__((warn_unused_result));

/* Removes every entry of ours for the SIDs of `sids`, explicit or inherited; with count 0 for every SID that
 * sid_new made. The deny of FILE_DELETE_CHILD and a label in the form that sbx puts go with the last of them: they
 * stay while another root's entry needs them, and where nothing of ours was found. With nothing of ours left the DACL
 * is byte for byte what it was before. Handle as for acl_stamp. Returns an NTSTATUS. */
NTSTATUS acl_unstamp(HANDLE object, bool directory, const PSID *sids, size_t count, struct acl_change *change)
    __attribute__((warn_unused_result));

/* The same for every SID that sid_new made, but for those of `keep`. */
NTSTATUS acl_unstamp_except(HANDLE object, bool directory, const PSID *keep, size_t count, struct acl_change *change)
    __attribute__((warn_unused_result));

/* Makes `object` unwritable for `sid` (protected path): explicit deny of (W,D,DC,WDAC,WO) for the SID as the first
 * entry, inheritable on directories; there a deny of FILE_DELETE_CHILD for Everyone behind it; and a Medium label when
 * integrity is Low. An object without a DACL gets one. Handle and results as for acl_stamp. acl_unprotect takes all of
 * it off, for whichever root it was put, and leaves the rest. */
NTSTATUS acl_protect(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, struct acl_change *change)
    __attribute__((warn_unused_result));
NTSTATUS acl_unprotect(HANDLE object, struct acl_change *change) __attribute__((warn_unused_result));

/* Does `object` (READ_CONTROL) carry the entries of acl_protect for `sid`, in front? */
bool acl_is_protected(HANDLE object, bool directory, PSID sid) __attribute__((warn_unused_result));

/* Takes a Low label off (set or inherited), so that the object counts as Medium. For executables made inside a root. */
NTSTATUS acl_relabel_medium(HANDLE object, struct acl_change *change) __attribute__((warn_unused_result));

/* Writes the entries of `object` as icacls prints them, one a line, with "  <- sbx" behind those whose SID is in `sids`
 * or was made by sid_new. `emit` gets each line (UTF-8, no newline). */
NTSTATUS acl_print(HANDLE object, const PSID *sids, size_t count, void (*emit)(void *context, const char *line),
                   void *context) __attribute__((warn_unused_result));

/* "(I)(OI)(CI)(RX,W)" for one ACE's flags and mask, as icacls writes them. `text` has room for `size` units. */
void acl_rights_text(BYTE type, BYTE flags, ACCESS_MASK mask, wchar_t *text, size_t size);

#endif
