/* Paths that the system denied to the program, as the shim tells of them: for the summary, one line
 * for each directory. */
#ifndef SBX_BROKER_SANDBOX_DENIALS_H
#define SBX_BROKER_SANDBOX_DENIALS_H

#include "broker/policy/policy.h"

#include <stddef.h>
#include <wchar.h>

/* Keeps `path` (copied) with the rule that denies it. A second path of a directory is remembered as "more there";
 * beyond a fixed number of directories only their count grows. Any thread. */
void denials_keep(const wchar_t *path, enum policy_verdict rule);

/* How many lines denials_show() would print. */
size_t denials_count(void);

/* The lines of the summary, on stderr. */
void denials_show(void);

#endif
