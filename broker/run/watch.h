/* Executables that a Low run makes are Low, and Windows would run them Low outside too (a process gets the lower of its
 * parent's level and its file's label). The roots are watched during the run, and what was made is set back to Medium
 * at its end. */
#ifndef SBX_BROKER_RUN_WATCH_H
#define SBX_BROKER_RUN_WATCH_H

#include "broker/sandbox/sandbox.h"

struct watch;

/* Starts to watch the roots of `sandbox` (not the private TEMP). Returns NULL when memory is short; the end of the run
 * then goes through whole roots. */
struct watch *watch_start(const struct sandbox *sandbox);

/* Stops watching, sets the executables that appeared to Medium, each opened below its root's handle without following a
 * reparse point, and frees `watch`. Where too much happened to be noted the whole root is gone through. Call it when
 * the job is empty. */
void watch_finish(struct watch *watch, const struct sandbox *sandbox);

#endif
