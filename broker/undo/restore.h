/* Putting back what a run deleted, replaced or renamed. */
#ifndef SBX_BROKER_UNDO_RESTORE_H
#define SBX_BROKER_UNDO_RESTORE_H

#include "broker/undo/plan.h"

struct undo_wish {
    wchar_t *const *paths; /* full DOS paths; none: everything */
    size_t path_count;
    bool all;   /* what the run had made itself too */
    bool force; /* over what is newer than the run */
};

struct undo_result {
    unsigned long restored; /* files, directories and names that are back */
    unsigned long failed;   /* each was named on stderr */
    unsigned long born;     /* left out: made by the run itself */
};

/* Puts back what is wished of `run`. What has to make way is kept in a run of its own, which can be undone like any
 * other. Nothing is opened but below the run's roots, each still where it was, and never through a reparse point.
 * Returns false after a message when nothing could be begun. */
bool undo_restore(const struct undo_run *run, const struct undo_wish *wish, struct undo_result *result)
    __attribute__((warn_unused_result));

#endif
