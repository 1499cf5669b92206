/* Paths outside the roots that the system denied to the program, as the shim tells of them: for the summary, one line
 * for each directory. */
#ifndef SBX_BROKER_SANDBOX_DENIALS_H
#define SBX_BROKER_SANDBOX_DENIALS_H

#include <stddef.h>
#include <wchar.h>

/* Keeps `path` (copied). A second path of a directory is remembered as "more there"; beyond a fixed number of
 * directories only their count grows. Any thread. */
void denials_keep(const wchar_t *path);

/* How many lines denials_show() would print. */
size_t denials_count(void);

/* The lines of the summary, on stderr. */
void denials_show(void);

#endif
