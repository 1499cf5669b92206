/* JSON on stdout, for --json. */
#ifndef SBX_BROKER_CMD_JSON_H
#define SBX_BROKER_CMD_JSON_H

#include "broker/base/text.h"

/* Prints `value` on one line and releases it. Returns the exit code: 0, or SBX_EXIT_FAILED with a message when it is
 * NULL. */
int json_print(json_t *value);

#endif
