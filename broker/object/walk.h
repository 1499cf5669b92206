/* The one way in which sbx goes through a tree of its own accord (TEMP removal, stamp, repair, clean, undo).
 *
 * Handle-relative: each child is opened relative to its parent's handle by a single leaf name with
 * FILE_OPEN_REPARSE_POINT and never followed. A reparse point is shown to the visitor and not entered. */
#ifndef SBX_BROKER_OBJECT_WALK_H
#define SBX_BROKER_OBJECT_WALK_H

#include "broker/base/nt.h"

#include <stdbool.h>

struct walk_entry {
    HANDLE parent;       /* directory that holds it */
    const wchar_t *leaf; /* NUL-terminated copy; may hold any unit NTFS allows */
    USHORT leaf_bytes;   /* without the NUL */
    const wchar_t *path; /* relative to the top, for people only; never opened */
    ULONG attributes;    /* FILE_ATTRIBUTE_* */
    ULONG reparse_tag;   /* 0 when not a reparse point */
    LONGLONG changed;    /* ChangeTime: content, attributes, names or security, in 100 ns since 1601 */
    unsigned depth;      /* 1 for the children of the top */
    bool leaving;        /* second visit of a directory, after its children (when asked for) */
};

enum walk_next { WALK_ON, WALK_SKIP, WALK_STOP };

/* Called for each entry before its children, and, with post_order, once more for directories after them. */
typedef enum walk_next walk_visit(void *context, const struct walk_entry *entry);

/* Walks what lies below `top` (not `top` itself). `top` needs FILE_LIST_DIRECTORY | SYNCHRONIZE. Unreadable directories
 * are passed over and counted in *skipped (may be NULL). Returns STATUS_SUCCESS, STATUS_CANCELLED when a visit said
 * WALK_STOP, or the error of listing `top`. Depth is limited to WALK_DEPTH_MAX; deeper directories count as skipped. */
#define WALK_DEPTH_MAX 512u
NTSTATUS walk_tree(HANDLE top, bool post_order, walk_visit *visit, void *context, unsigned *skipped)
    __attribute__((warn_unused_result));

/* Opens `entry` (never following a reparse point) with `access`; all share modes. Close it with NtClose. */
NTSTATUS walk_open(const struct walk_entry *entry, ACCESS_MASK access, ULONG options, HANDLE *object)
    __attribute__((warn_unused_result));

/* Deletes everything below `top` and leaves `top` itself. Reparse points are removed, not entered; read-only files too.
 * Returns the first error, having gone on after it. */
NTSTATUS walk_remove(HANDLE top) __attribute__((warn_unused_result));

#endif
