/* Denials outside the roots, kept for the summary. They cost no message when they happen: they are told when the
 * process ends. */
#ifndef SBX_SHIM_NOTES_H
#define SBX_SHIM_NOTES_H

#include "nt.h"

/* Keeps the path of an open that was denied outside the roots, once. `name` is the caller's full NT name, after the
 * kernel has read it. What is no path on a drive is left out, and so is what comes when the fixed room is used up. Any
 * thread; allocates nothing, waits for nothing and calls nothing. */
void notes_denied(const UNICODE_STRING *name);

/* Reading was denied. Kept only where the run hides something. */
void notes_unreadable(const UNICODE_STRING *name);

/* Tells the broker of a child that runs without the shim. */
void notes_child_without_shim(void);

/* Sends what was kept. For the end of the process, when no other thread runs any more. */
void notes_send(void);

#endif
