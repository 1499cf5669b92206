/* Does a name that the program used lie in a writable root? Only a filter for what is worth asking: the broker decides. */
#ifndef SBX_SHIM_PATHS_H
#define SBX_SHIM_PATHS_H

#include "nt.h"

#include <stdbool.h>

/* Index of the innermost root that `attributes` names something in, or -1. A name relative to a directory handle is looked at
 * by the directory's own name. Reads the caller's structures: call it after the original call did. */
int paths_root_of(const OBJECT_ATTRIBUTES *attributes);

#endif
