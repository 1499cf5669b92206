/* JSON on stdout, for --json. */
#ifndef SBX_BROKER_BASE_JSON_H
#define SBX_BROKER_BASE_JSON_H

#include <jansson.h>
#include <wchar.h>

/* A JSON string of `text`; what is no valid UTF-16 becomes U+FFFD. NULL when memory is short. */
json_t *jsonout_text(const wchar_t *text);

/* Prints `value` on one line and releases it. Returns the exit code: 0, or SBX_EXIT_FAILED with a message when it is
 * NULL. */
int jsonout_print(json_t *value);

#endif
