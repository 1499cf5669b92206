/* Handles whose deletion the broker holds, so that it can be taken back until they are closed. */
#ifndef SBX_SHIM_HELD_H
#define SBX_SHIM_HELD_H

#include "nt.h"

#include <stdbool.h>

/* The broker answered that it holds the deletion of `file`. Where no more can be remembered it is told to let go. */
void held_add(HANDLE file);

bool held_has(HANDLE file);

/* The deletion was taken back. */
void held_remove(HANDLE file);

#endif
