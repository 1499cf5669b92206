#include "broker/base/text.h"

#include <stdlib.h>
#include <windows.h>

json_t *text_json(const wchar_t *text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes) {
        WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    }
    json_t *value = bytes ? json_string(bytes) : NULL;
    free(bytes);
    return value;
}

void text_append(wchar_t *text, size_t size, const wchar_t *more) {
    size_t used = wcslen(text), units = wcslen(more);
    if (used + units < size) {
        wmemcpy(text + used, more, units + 1);
    }
}
