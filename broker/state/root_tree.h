/* What `sbx roots` does to a whole tree: stamp, take away, set executables back to Medium. */
#ifndef SBX_BROKER_STATE_ROOT_TREE_H
#define SBX_BROKER_STATE_ROOT_TREE_H

#include "broker/rights/acl.h"

struct tree_count {
    unsigned long long seen, changed, failed, links;
    unsigned skipped;      /* directories that could not be listed */
    NTSTATUS first_status; /* of the first failure */
    wchar_t first_path[MAX_PATH];
};

/* Stamps `path` (final spelling; a file or a directory) and all below it for `sid`. Reparse points are not entered,
 * objects with several names are counted in links and left. Returns the status of opening `path` itself:
 * STATUS_REPARSE_POINT_ENCOUNTERED, with nothing changed, when it leads to something of another final spelling. */
NTSTATUS tree_stamp(const wchar_t *path, PSID sid, enum acl_integrity integrity, struct tree_count *count)
    __attribute__((warn_unused_result));

/* Takes away every entry whose SID sbx made, but for those of `keep`. */
NTSTATUS tree_clean(const wchar_t *path, const PSID *keep, size_t keep_count, struct tree_count *count)
    __attribute__((warn_unused_result));

/* Takes the Low label off executables that were changed at or after `since` (100 ns since 1601; 0: all of them). `path`
 * and the status as for tree_stamp. */
NTSTATUS tree_relabel(const wchar_t *path, LONGLONG since, struct tree_count *count)
    __attribute__((warn_unused_result));

/* The same for one open file (ACL_STAMP_ACCESS | FILE_READ_DATA). *left: it has several names and no entry of sbx, and
 * keeps its label. */
NTSTATUS tree_relabel_file(HANDLE file, const wchar_t *leaf, bool *left, struct acl_change *change)
    __attribute__((warn_unused_result));

/* One message for each kind of thing that went wrong. Returns true when nothing did. */
bool tree_report(const wchar_t *path, const struct tree_count *count);

#endif
