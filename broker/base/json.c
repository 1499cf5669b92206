#include "broker/base/json.h"

#include "broker/base/cli.h"
#include "broker/base/msg.h"

#include <stdlib.h>

json_t *jsonout_text(const wchar_t *text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes) {
        WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    }
    json_t *value = bytes ? json_string(bytes) : NULL;
    free(bytes);
    return value;
}

int jsonout_print(json_t *value) {
    /* In ASCII: a name in it may hold what a terminal obeys (C1) or what turns the order of text. */
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(value);
    if (!text) {
        msg_error(L"out of memory");
        return SBX_EXIT_FAILED;
    }
    msg_bytes(text);
    free(text);
    return 0;
}
