/* Undo: what a run deletes or replaces through the broker is kept first, and written into a journal.
 *
 * The store is a directory for each run below `%LOCALAPPDATA%\sbx\undo`, and for roots on another volume below
 * `X:\.sbx-undo-SID`; both are private to the user and lie in no root. Kept files are named by numbers that sbx counts.
 * docs/undo.md has the format of the journal. */
#ifndef SBX_BROKER_UNDO_UNDO_H
#define SBX_BROKER_UNDO_UNDO_H

#include "broker/object/sd.h"
#include "broker/sandbox/place.h"
#include "broker/sandbox/root_set.h"

#include <stddef.h>

#define UNDO_QUOTA_MIB 2048u /* of one run, unless --undo-quota says otherwise */

struct undo;

struct undo_settings {
    const wchar_t *id;      /* of the run; a directory name */
    const wchar_t *command; /* for people */
    ULONGLONG quota_mib;
    bool required; /* what cannot be kept is not done */
    bool prune;    /* remove runs over the limits first */
};

/* Makes the run's store and journal for the roots of `set`. Returns
 * false after a message. */
bool undo_begin(const struct root_set *set, const struct undo_settings *settings, struct undo **undo)
    __attribute__((warn_unused_result));

/* Ends the journal, says in one line what was kept (not with `quiet`) and closes the store (`undo` NULL is
 * allowed). A store in which nothing was kept is removed. The memory stays until the process ends, which is next: a
 * client's thread that hangs may still look at it. */
void undo_end(struct undo *undo, bool quiet);

/* One loss or move between undo_before_... and undo_settle. Zeroed by its maker. */
struct undo_step {
    unsigned long number; /* of the record, 0: nothing to settle */
    bool linked;
    bool copied;
    bool missed;    /* counted as not kept */
    bool unstamped; /* our entries were taken off */
    size_t root, store;
    ULONGLONG charged; /* of the quota */
    struct sd before;  /* security to put back when the operation fails */
};

enum undo_loss {
    UNDO_LOSE_NAME,   /* deleted or replaced */
    UNDO_LOSE_CONTENT /* truncated, or deleted later while the program may write: only a copy will do */
};

/* Before `object` (an own file object with FILE_READ_ATTRIBUTES) loses its name or content. Returns STATUS_SUCCESS,
 * also when it could not be kept, or STATUS_DISK_FULL when it could not and the run requires it. `undo` may be NULL. */
NTSTATUS undo_before_loss(struct undo *undo, HANDLE object, enum undo_loss loss, struct undo_step *step)
    __attribute__((warn_unused_result));

/* Before `object` takes the name `place` as a further one: what has the name now is lost. */
NTSTATUS undo_before_replace(struct undo *undo, HANDLE object, const struct place *place, struct undo_step *step)
    __attribute__((warn_unused_result));

/* Before `object` gets the name `place`, whose present owner is lost when `replace`. steps[0] is the loss, steps[1] the
 * move. Also STATUS_NOT_SAME_DEVICE for a move into the private TEMP, which is removed at the end: the program then
 * copies and deletes. */
NTSTATUS undo_before_rename(struct undo *undo, HANDLE object, const struct place *place, bool replace,
                            struct undo_step steps[2]) __attribute__((warn_unused_result));

/* After the operation: it was `done`, or not, and then the step is taken back. */
void undo_settle(struct undo *undo, struct undo_step *step, bool done);

#endif
