/* `sbx events FILE`: the lines of an events file for people. */
#include "broker/base/msg.h"
#include "broker/cmd/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)1024 * 1024)

const struct cli_option events_options[] = {{NULL, NULL, NULL}};

/* A string member as UTF-16, malloc'ed; an empty one when it is missing. */
static wchar_t *member(const json_t *line, const char *key) {
    const char *text = json_string_value(json_object_get(line, key));
    return msg_utf16(text ? text : "");
}

static bool print_line(const char *text) {
    json_t *line = json_loads(text, 0, NULL);
    if (!json_is_object(line) || !json_is_string(json_object_get(line, "op"))) {
        json_decref(line);
        return false;
    }
    wchar_t *time = member(line, "time"), *op = member(line, "op"), *path = member(line, "path"),
            *target = member(line, "target"), *rule = member(line, "rule"), *status = member(line, "status");
    bool known = time && op && path && target && rule && status;
    if (known) {
        const wchar_t *result = json_is_true(json_object_get(line, "ok")) ? L"ok" : rule[0] ? rule : status;
        msg_line("%ls  %-7ls  %ls%ls%ls  %ls", time, op, path, target[0] ? L" -> " : L"", target, result);
    }
    wchar_t *owned[] = {time, op, path, target, rule, status};
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
        free(owned[i]);
    }
    json_decref(line);
    return known;
}

/* Reads lines of any length up to LINE_MAX_BYTES; what is longer or no event is counted. */
static unsigned long print_file(FILE *file, char *line) {
    unsigned long strange = 0;
    size_t used = 0;
    bool too_long = false;
    for (int byte = fgetc(file); byte != EOF; byte = fgetc(file)) {
        if (byte != '\n') {
            too_long = too_long || used + 1 >= LINE_MAX_BYTES;
            if (!too_long) {
                line[used++] = (char)byte;
            }
            continue;
        }
        line[used] = 0;
        strange += used && (too_long || !print_line(line)) ? 1 : 0;
        used = 0;
        too_long = false;
    }
    /* A last line without its end was cut off by a kill. */
    return strange + (used ? 1 : 0);
}

int cmd_events(int argc, wchar_t **argv) {
    int next = 0;
    const wchar_t *path = NULL, *value;
    for (int option = cli_next(events_options, argc, argv, &next, &value); option != CLI_END;
         option = cli_next(events_options, argc, argv, &next, &value)) {
        if (option == CLI_ERROR || path) {
            if (option != CLI_ERROR) {
                msg_error("one events file at a time");
            }
            return SBX_EXIT_FAILED;
        }
        path = value;
    }
    FILE *file = path ? _wfopen(path, L"rb") : NULL;
    char *line = malloc(LINE_MAX_BYTES + 1);
    if (!file || !line) {
        if (path) {
            msg_error("%ls cannot be read; give the file that --events wrote", path);
        } else {
            msg_error("no events file; give the file that --events wrote");
        }
        if (file) {
            (void)fclose(file);
        }
        free(line);
        return SBX_EXIT_FAILED;
    }
    unsigned long strange = print_file(file, line);
    (void)fclose(file);
    free(line);
    if (strange) {
        msg_warn("%lu lines of %ls are not events", strange, path);
    }
    return strange ? 1 : 0;
}
