/* The settings block that the process was started with (proto/settings.h). */
#ifndef SBX_SHIM_SETTINGS_H
#define SBX_SHIM_SETTINGS_H

#include "proto/settings.h"

#include <stdbool.h>

/* Finds the block and checks every offset in it. Returns false when there is none: the shim then stays idle. */
bool settings_find(void);

/* The block, valid after settings_find() returned true; it is never changed. */
const struct sbx_settings *settings_block(void);

/* A string of the block, as UTF-16 units. */
const wchar_t *settings_string(uint32_t offset);

#endif
