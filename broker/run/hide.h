/* Hidden paths: what a program at Low cannot read, for the run or for good. */
#ifndef SBX_BROKER_RUN_HIDE_H
#define SBX_BROKER_RUN_HIDE_H

#include "broker/run/settings.h"

/* Opens what `settings` names into set->hidden: each --hide and, with --hide-secrets, the usual places of credentials
 * that exist. What lies in a root is protected too. Returns false after a message. */
bool run_judge_hidden(const struct run_settings *settings, struct root_set *set) __attribute__((warn_unused_result));

/* Opens `path` as one that may be hidden: *final is its final spelling (malloc'ed). NULL after a message. */
HANDLE hide_open(const wchar_t *path, wchar_t **final) __attribute__((warn_unused_result));

/* Puts the labels, or finds them there, and lifts what runs that were killed left. Returns false after a message. */
bool run_hide(struct root_set *set) __attribute__((warn_unused_result));

/* Lifts what no other run and no lasting entry needs; called when the job is empty. */
void run_reveal(struct root_set *set);

#endif
