/* The roots and protected paths of a run: opened, held and judged, before anything is changed. */
#ifndef SBX_BROKER_RUN_ROOTS_H
#define SBX_BROKER_RUN_ROOTS_H

#include "broker/run/settings.h"

/* Opens and judges the writable roots and protected paths of `settings` into `set`. A bad root of several is a warning.
 * Nothing on the disk is changed. Returns false after a message when the run cannot go on. */
bool run_judge_roots(const struct run_settings *settings, struct root_set *set) __attribute__((warn_unused_result));

/* Makes the private TEMP, named after the run's SID, and adds it to `set` as the last root; then the rules of `set` are
 * whole. Returns false after a message. */
bool run_add_temp(PSID run_sid, struct root_set *set) __attribute__((warn_unused_result));

/* Why `path` is too much for a root, or for hiding, in a few words; NULL when it is not. */
const wchar_t *roots_unwise(const wchar_t *path) __attribute__((warn_unused_result));

/* Does `given` go through a root that sbx knows and out of it again? Then a link on the way says where, which a program
 * of an earlier run may have made. */
bool roots_link_leaves(const wchar_t *given) __attribute__((warn_unused_result));

/* Adds `path` to the protected paths of `set`; `implied`: without a warning where it lies in no root. Returns false
 * after a message. */
bool roots_add_protected(struct root_set *set, const wchar_t *path, bool implied) __attribute__((warn_unused_result));

#endif
