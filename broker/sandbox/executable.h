/* What counts as an executable: what Windows starts or loads at the lower of its own level and its starter's. */
#ifndef SBX_BROKER_SANDBOX_EXECUTABLE_H
#define SBX_BROKER_SANDBOX_EXECUTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* By the suffix of `name`, a path or a leaf of `units` units. A program of any other name is told by its first bytes
 * alone. */
bool executable_name(const wchar_t *name, size_t units);

#endif
