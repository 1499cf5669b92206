/* Watches the roots during a run for executables that appear or change. */
#ifndef SBX_BROKER_RUN_WATCH_H
#define SBX_BROKER_RUN_WATCH_H

#include "broker/sandbox/sandbox.h"

struct watch;

/* Starts to watch the roots of `sandbox` (not the private TEMP) into its low_list. A root that cannot be watched is on
 * the list as a whole. Returns NULL when memory is short; the roots are then all on the list. */
struct watch *watch_start(const struct sandbox *sandbox);

/* Stops watching, with what has happened until now on the list, and frees `watch`. */
void watch_stop(struct watch *watch);

#endif
