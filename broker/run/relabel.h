/* The end of a run at Low: executables that it left with a Low label are set back to Medium. */
#ifndef SBX_BROKER_RUN_RELABEL_H
#define SBX_BROKER_RUN_RELABEL_H

#include "broker/sandbox/sandbox.h"

/* Goes through the low_list of `sandbox`, each object opened below its root's handle without following a reparse point.
 * Of what is on the list as a whole only what was changed at or after `since` (100 ns since 1601) is looked at. Call it
 * when the job is empty. */
void run_relabel(const struct sandbox *sandbox, LONGLONG since);

#endif
