/* Protected paths: entries that hold against plain writes for the run. */
#ifndef SBX_BROKER_RUN_PROTECT_H
#define SBX_BROKER_RUN_PROTECT_H

#include "broker/sandbox/root_set.h"

/* Puts the entries of every protected path of `set` on it and on all below it; with `low` a Medium label too. Returns
 * false after a message when a path cannot be protected. */
bool run_protect(struct root_set *set, bool low) __attribute__((warn_unused_result));

/* Takes the entries of protected paths away again; called when the job is empty. */
void run_lift_protection(struct root_set *set, bool low);

#endif
