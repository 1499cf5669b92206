#include "broker/cmd/json.h"

#include "broker/base/cli.h"
#include "broker/base/msg.h"

#include <stdlib.h>

int json_print(json_t *value) {
    /* In ASCII: a name in it may hold what a terminal obeys (C1) or what turns the order of text. */
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(value);
    if (!text) {
        msg_error("out of memory");
        return SBX_EXIT_FAILED;
    }
    msg_bytes(text);
    free(text);
    return 0;
}
