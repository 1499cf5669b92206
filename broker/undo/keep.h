/* What a run is about to lose, kept: see undo.h for the calls that the operations make. */
#ifndef SBX_BROKER_UNDO_KEEP_H
#define SBX_BROKER_UNDO_KEEP_H

#include "broker/undo/journal.h"

/* Writes the times of the directory at `path` (`units` long, in `root`) into the journal, the first time it is called
 * for it: before the run changes what is in the directory. */
void undo_touch(struct undo *undo, const wchar_t *path, size_t units, size_t root);

#endif
