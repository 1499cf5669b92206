/* The broker's own process: who may open it. */
#ifndef SBX_BROKER_RIGHTS_HARDEN_H
#define SBX_BROKER_RIGHTS_HARDEN_H

#include <windows.h>

#include <stdbool.h>

/* Closes this process, the calling thread (the only one that matters so far) and the objects that are made without a
 * descriptor from now on, above all threads, to confined programs of the same user.
 *
 * By default a process is open to its user. A program at Low integrity may still end it and ask for its token, since
 * the default label forbids reading and writing up but not executing up; one at Medium may read its memory and take its
 * token for a copy, since WRITE_RESTRICTED is no limit to reading. So the label forbids executing up as well, and the
 * DACL gives the user what a task manager needs, or with a program at Medium (`low` is false) not even that: the rights
 * of GENERIC_EXECUTE are not held to the restricting SIDs.
 *
 * Returns a Win32 error. */
DWORD harden_process(bool low) __attribute__((warn_unused_result));

#endif
