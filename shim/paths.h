/* Does a name that the program used lie in a writable root? Only a filter for what is worth asking: the broker decides.
 */
#ifndef SBX_SHIM_PATHS_H
#define SBX_SHIM_PATHS_H

#include "nt.h"

#include <stdbool.h>

/* Index of the innermost root that `attributes` names something in, or -1. A name relative to a directory handle is
 * looked at by the directory's own name. Reads the caller's structures: call it after the original call did. */
int paths_root_of(const OBJECT_ATTRIBUTES *attributes);

/* A name that is spelled by an alias: a drive letter made by SUBST, or an 8.3 name. */
struct paths_alias {
    OBJECT_ATTRIBUTES attributes; /* the directory by handle, and the leaf */
    UNICODE_STRING leaf;          /* points into the name that was given */
};

/* When `name` (a full NT path) is spelled by an alias and its directory lies in a root, opens that directory (close
 * alias->attributes.RootDirectory) and returns true. Other names cost no call. LastError stays as it was. */
bool paths_open_alias(const UNICODE_STRING *name, struct paths_alias *alias);

#endif
