#include "broker/base/cli.h"

#include "broker/base/msg.h"

#include <stdlib.h>
#include <string.h>

static size_t smallest(size_t a, size_t b, size_t c) {
    size_t low = a < b ? a : b;
    return low < c ? low : c;
}

/* Levenshtein distance, for "did you mean". */
static size_t distance(const wchar_t *a, size_t a_length, const wchar_t *b) {
    size_t row[64], b_length = wcslen(b);
    if (b_length >= 64) {
        return b_length;
    }
    for (size_t j = 0; j <= b_length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t above = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

static void unknown_option(const struct cli_option *options, const wchar_t *word, size_t length) {
    const wchar_t *nearest = NULL;
    size_t best = 4;
    for (const struct cli_option *option = options; option->name; option++) {
        size_t apart = distance(word, length, option->name);
        if (apart < best) {
            best = apart;
            nearest = option->name;
        }
    }
    if (nearest) {
        msg_error("unknown option %.*ls; did you mean %ls?", (int)length, word, nearest);
    } else {
        msg_error("unknown option %.*ls; see sbx help", (int)length, word);
    }
}

const wchar_t *cli_nearest_command(const struct cli_command *commands, const wchar_t *word) {
    const wchar_t *nearest = NULL;
    size_t best = 3;
    for (const struct cli_command *command = commands; command->name; command++) {
        size_t apart = distance(word, wcslen(word), command->name);
        if (apart < best) {
            best = apart;
            nearest = command->name;
        }
    }
    return nearest;
}

int cli_next(const struct cli_option *options, int argc, wchar_t **argv, int *next, const wchar_t **value) {
    *value = NULL;
    if (*next >= argc) {
        return CLI_END;
    }
    wchar_t *word = argv[(*next)++];
    if (!wcscmp(word, L"--")) {
        return CLI_END;
    }
    if (word[0] != L'-' || !word[1]) {
        *value = word;
        return CLI_WORD;
    }
    const wchar_t *equals = wcschr(word, L'=');
    size_t length = equals ? (size_t)(equals - word) : wcslen(word);
    for (int i = 0; options[i].name; i++) {
        if (wcslen(options[i].name) != length || wcsncmp(options[i].name, word, length) != 0) {
            continue;
        }
        if (!options[i].argument) {
            if (equals) {
                msg_error("option %ls takes no argument", options[i].name);
                return CLI_ERROR;
            }
            return i;
        }
        if (equals) {
            *value = equals + 1;
        } else if (*next < argc) {
            *value = argv[(*next)++];
        } else {
            msg_error("option %ls needs an argument: %ls %ls", options[i].name, options[i].name, options[i].argument);
            return CLI_ERROR;
        }
        return i;
    }
    unknown_option(options, word, length);
    return CLI_ERROR;
}
