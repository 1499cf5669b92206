/* Text between the two encodings: UTF-16 in the system's calls, UTF-8 in files. */
#ifndef SBX_BROKER_BASE_TEXT_H
#define SBX_BROKER_BASE_TEXT_H

#include <jansson.h>
#include <wchar.h>

/* A JSON string of `text`; what is not valid UTF-16 becomes U+FFFD. NULL when memory is short. */
json_t *text_json(const wchar_t *text);

/* Appends `more` to the string `text`, which has room for `size` units; what has no room is left out whole. */
void text_append(wchar_t *text, size_t size, const wchar_t *more);

#endif
