/* Reading the program's memory before the kernel has: a bad pointer gives what the kernel would give, never a fault in
 * here. */
#ifndef SBX_SHIM_MEMORY_H
#define SBX_SHIM_MEMORY_H

#include "nt.h"

#include <stdbool.h>

/* Copies `size` bytes; false when any of them cannot be read. */
bool memory_copy_in(const void *from, void *to, SIZE_T size);

/* Can every page of the range be read? */
bool memory_is_readable(const void *from, SIZE_T size);

#endif
