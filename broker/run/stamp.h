/* sbx's entries on the roots of a run. */
#ifndef SBX_BROKER_RUN_STAMP_H
#define SBX_BROKER_RUN_STAMP_H

#include "broker/run/settings.h"

/* Gives each root of `set` its SID (TEMP: `run_sid`) and puts its entries on the disk; with --stamp all also on what is
 * below. Returns false after a message when the run cannot go on. */
bool run_stamp_roots(const struct run_settings *settings, PSID run_sid, struct root_set *set)
    __attribute__((warn_unused_result));

#endif
