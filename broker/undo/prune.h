/* The limits of the undo store, and removing runs from it. */
#ifndef SBX_BROKER_UNDO_PRUNE_H
#define SBX_BROKER_UNDO_PRUNE_H

#include "broker/undo/read.h"

#define UNDO_KEEP_DAYS 30u
#define UNDO_TOTAL_MIB 8192u /* of all runs together */

enum undo_prune_what { UNDO_PRUNE_OLD, UNDO_PRUNE_ALL };

/* Removes runs that are over the limits, oldest first (or all), but for those that go on; says each on stderr. Returns
 * false when one could not be removed whole. */
bool undo_prune(enum undo_prune_what what);

/* Removes one directory of a run with all in it; its parent too when that is empty and on another volume. */
bool undo_remove_store(const wchar_t *path);

#endif
