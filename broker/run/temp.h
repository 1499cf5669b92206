/* The end of a private TEMP. */
#ifndef SBX_BROKER_RUN_TEMP_H
#define SBX_BROKER_RUN_TEMP_H

#include "broker/sandbox/root_set.h"

/* Removes the private TEMP of `set`; called when the job is empty. */
void run_remove_temp(struct root_set *set);

/* Removes what killed runs left in the state directory: their TEMP and unfinished lists, a few of each, none younger
 * than a minute. A run that goes on holds its TEMP. What cannot be removed is left without a word: `sbx doctor` names
 * it. */
void run_sweep_temp(void);

#endif
