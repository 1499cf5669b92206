#include "broker/state/config_file.h"

#include "broker/base/msg.h"
#include "broker/object/path.h"
#include "broker/state/state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LIMIT (64u << 10)
#define CONFIG_VERSION 1

struct reader {
    const wchar_t *path;
    const wchar_t *base;
    const struct cli_option *options;
    config_visit *visit; /* NULL while the file is only looked at */
    void *context;
};

static bool bad(const struct reader *reader, const char *key, const wchar_t *what) {
    msg_error("%ls: \"%s\" %ls; fix the file or use --no-config", reader->path, key, what);
    return false;
}

static int find_option(const struct cli_option *options, const char *key) {
    for (int i = 0; options[i].name; i++) {
        char name[64];
        size_t units = wcslen(options[i].name);
        for (size_t n = 2; n <= units && n - 2 < sizeof(name); n++) {
            name[n - 2] = (char)options[i].name[n];
        }
        if (units - 2 < sizeof(name) && !strcmp(name, key)) {
            return i;
        }
    }
    return -1;
}

static bool is_path(const struct cli_option *option) {
    return !wcscmp(option->argument, L"DIR") || !wcscmp(option->argument, L"PATH") ||
           !wcscmp(option->argument, L"FILE");
}

static bool is_full(const wchar_t *path) {
    return (path[0] && path[1] == L':' && (path[2] == L'\\' || path[2] == L'/')) ||
           (path[0] == L'\\' && path[1] == L'\\');
}

/* `text` below `base`, or `text` itself when it is full; without "." and "..". malloc'ed. */
static wchar_t *against(const wchar_t *base, const wchar_t *text) {
    size_t units = wcslen(base) + wcslen(text) + 2;
    wchar_t *joined = is_full(text) ? _wcsdup(text) : malloc(units * sizeof(wchar_t)), *full = NULL;
    if (joined && !is_full(text)) {
        wcscpy(joined, base);
        wcscat(joined, L"\\");
        wcscat(joined, text);
    }
    if (joined) {
        full = path_full(joined);
    }
    free(joined);
    return full;
}

static bool take_text(const struct reader *reader, const char *key, int option, const json_t *value) {
    const char *bytes = json_string_value(value);
    if (!bytes || !bytes[0] || strlen(bytes) != json_string_length(value)) {
        return bad(reader, key, L"takes text");
    }
    wchar_t *text = msg_utf16(bytes);
    bool path = is_path(&reader->options[option]);
    if (text && path && !reader->base && !is_full(text)) {
        free(text);
        return bad(reader, key, L"takes a full path, as C:\\\\work");
    }
    /* "\name" and "C:name" depend on a current directory that is not the file's. */
    if (text && path && !is_full(text) && (text[0] == L'\\' || text[0] == L'/' || wcschr(text, L':'))) {
        free(text);
        return bad(reader, key, L"takes a full path or one below the file's directory");
    }
    if (text && path) {
        wchar_t *full = against(reader->base ? reader->base : L"", text);
        free(text);
        text = full;
    }
    if (!text) {
        return bad(reader, key, L"is too long or no valid text");
    }
    if (!reader->visit) {
        free(text);
        return true;
    }
    return reader->visit(reader->context, option, text);
}

static bool take_member(const struct reader *reader, const char *key, const json_t *value) {
    int option = find_option(reader->options, key);
    if (option < 0) {
        return bad(reader, key, L"is no setting");
    }
    if (!reader->options[option].argument) {
        if (!json_is_boolean(value)) {
            return bad(reader, key, L"takes true or false");
        }
        return !json_is_true(value) || !reader->visit || reader->visit(reader->context, option, NULL);
    }
    if (!json_is_array(value)) {
        return take_text(reader, key, option, value);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!take_text(reader, key, option, json_array_get(value, i))) {
            return false;
        }
    }
    return true;
}

static bool take_all(const struct reader *reader, json_t *file) {
    const char *key;
    json_t *value;
    json_object_foreach(file, key, value) {
        if (strcmp(key, "version") != 0 && !take_member(reader, key, value)) {
            return false;
        }
    }
    return true;
}

static json_t *parse(const wchar_t *path, const char *bytes, size_t size) {
    json_error_t error;
    /* Notepad puts a byte order mark before UTF-8. */
    size_t mark = size >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3) ? 3 : 0;
    json_t *file = json_loadb(bytes + mark, size - mark, JSON_REJECT_DUPLICATES, &error);
    const json_t *version = json_object_get(file, "version");
    if (!file) {
        wchar_t *text = msg_utf16(error.text);
        msg_error("%ls, line %d: %ls; fix the file or use --no-config", path, error.line,
                  text ? text : L"this is not JSON in UTF-8");
        free(text);
    } else if (!json_is_object(file)) {
        msg_error("%ls: a configuration is a JSON object, as {\"broker\": true}; fix the file or use --no-config",
                  path);
    } else if (version && (!json_is_integer(version) || json_integer_value(version) != CONFIG_VERSION)) {
        msg_error("%ls: this sbx reads \"version\": %d; fix the file or use --no-config", path, CONFIG_VERSION);
    } else {
        return file;
    }
    json_decref(file);
    return NULL;
}

enum config_result config_read(const wchar_t *path, const wchar_t *base, const struct cli_option *options,
                               config_visit *visit, void *context) {
    size_t size;
    DWORD error;
    char *bytes = state_read(path, CONFIG_LIMIT, &size, &error);
    if (!bytes && (error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND)) {
        return CONFIG_MISSING;
    }
    if (!bytes && error == ERROR_FILE_TOO_LARGE) {
        msg_error("%ls is larger than %u KiB; fix the file or use --no-config", path, CONFIG_LIMIT >> 10);
        return CONFIG_BAD;
    }
    if (!bytes) {
        msg_error("%ls cannot be read: %ls; fix the file or use --no-config", path, msg_win32_text(error));
        return CONFIG_BAD;
    }
    json_t *file = parse(path, bytes, size);
    struct reader reader = {path, base, options, NULL, context};
    free(bytes);
    bool ok = file && take_all(&reader, file);
    reader.visit = visit;
    ok = ok && take_all(&reader, file);
    json_decref(file);
    return ok ? CONFIG_READ : CONFIG_BAD;
}
