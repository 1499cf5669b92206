/* Handles that the broker keeps something for until they are closed: a deletion that can be taken back, or a handle
 * with DELETE to the same file object. */
#ifndef SBX_SHIM_HELD_H
#define SBX_SHIM_HELD_H

#include "nt.h"

#include <stdbool.h>

/* The broker answered that it holds something for `file`. Where no more can be remembered it is told to let go. */
void held_add(HANDLE file);

bool held_has(HANDLE file);

/* The deletion was taken back. */
void held_remove(HANDLE file);

#endif
