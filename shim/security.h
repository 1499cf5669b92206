/* Directories and files that the program makes with a DACL of its own stay usable for it. */
#ifndef SBX_SHIM_SECURITY_H
#define SBX_SHIM_SECURITY_H

#include "nt.h"

#include <stdbool.h>

#define SECURITY_BYTES 4096

/* Room for a descriptor with our entries and the object attributes that name it. */
struct own_descriptor {
    OBJECT_ATTRIBUTES attributes;
    union {
        LONG64 align;
        BYTE bytes[SECURITY_BYTES];
    } u;
};

/* The DACL of the program's descriptor, read with care: its memory may be anything. Copies at most `room` bytes to
 * `out` and the descriptor's control bits to *control. Returns the ACL's size, 0 when there is none to be read. */
WORD security_read_dacl(const void *descriptor, SECURITY_DESCRIPTOR_CONTROL *control, BYTE *out, size_t room);

/* When `attributes` names something in a root and brings a DACL, makes in *own the same attributes with the root's
 * entries added to a copy of that DACL, as the program has the right to choose it: allow (RX,W) for the root's
 * capability SID, and for a directory the deny of FILE_DELETE_CHILD. Returns the attributes to use: own->attributes or
 * the caller's. */
POBJECT_ATTRIBUTES security_extend(POBJECT_ATTRIBUTES attributes, bool directory, struct own_descriptor *own);

/* The same for a named object or a named pipe: allow `all`, every right of its kind, for the run's SID. The program's
 * groups are still held to the DACL it chose; only the second check of the token, by its restricting SIDs, is passed.
 */
POBJECT_ATTRIBUTES security_extend_object(POBJECT_ATTRIBUTES attributes, ACCESS_MASK all, struct own_descriptor *own);

#endif
