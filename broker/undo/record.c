#include "broker/undo/record.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATH_UNITS 32767u

static const char *const type_words[UNDO_TYPES] = {"gone", "moved", "touched", "cancelled"};
static const char *const kind_words[UNDO_KINDS] = {"file", "directory", "directory link"};
static const char *const how_words[UNDO_HOWS] = {"not kept", "link", "copy", "record"};

json_t *undo_path_pack(const wchar_t *path) {
    char *text = msg_utf8(path);
    if (text) {
        json_t *value = json_string(text);
        free(text);
        return value;
    }
    json_t *units = json_array();
    for (const wchar_t *at = path; *at; at++) {
        json_array_append_new(units, json_integer(*at));
    }
    return units;
}

wchar_t *undo_path_unpack(const json_t *value) {
    if (json_is_string(value)) {
        return msg_utf16(json_string_value(value));
    }
    size_t count = json_array_size(value);
    wchar_t *path = count && count < PATH_UNITS ? malloc((count + 1) * sizeof(*path)) : NULL;
    for (size_t i = 0; path && i < count; i++) {
        json_int_t unit = json_integer_value(json_array_get(value, i));
        if (unit <= 0 || unit > 0xFFFF) {
            free(path);
            return NULL;
        }
        path[i] = (wchar_t)unit;
    }
    if (path) {
        path[count] = 0;
    }
    return path;
}

char *undo_path_key(const wchar_t *path, size_t units) {
    static const char digits[] = "0123456789abcdef";
    char *key = malloc(units * 5 + 1), *at = key;
    for (size_t i = 0; key && i < units; i++) {
        uint16_t unit = object_fold((uint16_t)path[i]);
        if (unit > ' ' && unit < 0x7F && unit != '%') {
            *at++ = (char)unit;
            continue;
        }
        *at++ = '%';
        for (int shift = 12; shift >= 0; shift -= 4) {
            *at++ = digits[(unit >> shift) & 15];
        }
    }
    if (key) {
        *at = 0;
    }
    return key;
}

static void pack_basic(json_t *line, const FILE_BASIC_INFORMATION *basic) {
    json_object_set_new(line, "times",
                        json_pack("[I,I,I,I]", (json_int_t)basic->CreationTime.QuadPart,
                                  (json_int_t)basic->LastAccessTime.QuadPart, (json_int_t)basic->LastWriteTime.QuadPart,
                                  (json_int_t)basic->ChangeTime.QuadPart));
    json_object_set_new(line, "attributes", json_integer(basic->FileAttributes));
}

json_t *undo_record_pack(const struct undo_record *record) {
    json_t *line = json_object();
    json_object_set_new(line, "what", json_string(type_words[record->type]));
    json_object_set_new(line, "n", json_integer(record->number));
    if (record->type == UNDO_CANCELLED) {
        return line;
    }
    json_object_set_new(line, "path", undo_path_pack(record->path));
    if (record->to) {
        json_object_set_new(line, "to", undo_path_pack(record->to));
    }
    json_object_set_new(line, "kind", json_string(kind_words[record->kind]));
    json_object_set_new(line, "id", json_integer((json_int_t)record->id));
    pack_basic(line, &record->basic);
    if (record->type == UNDO_GONE) {
        json_object_set_new(line, "how", json_string(how_words[record->how]));
        json_object_set_new(line, "store", json_integer(record->store));
        json_object_set_new(line, "size", json_integer((json_int_t)record->size));
    }
    if (record->dacl) {
        json_object_set_new(line, "dacl", undo_path_pack(record->dacl));
    }
    return line;
}

/* The index of the word under `key`, or -1. */
static int word_of(const json_t *line, const char *key, const char *const *words, int count) {
    const char *word = json_string_value(json_object_get(line, key));
    for (int i = 0; word && i < count; i++) {
        if (!strcmp(words[i], word)) {
            return i;
        }
    }
    return -1;
}

static bool unpack_basic(const json_t *line, FILE_BASIC_INFORMATION *basic) {
    const json_t *times = json_object_get(line, "times"), *attributes = json_object_get(line, "attributes");
    LARGE_INTEGER *into[] = {&basic->CreationTime, &basic->LastAccessTime, &basic->LastWriteTime, &basic->ChangeTime};
    if (json_array_size(times) != 4 || !json_is_integer(attributes)) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        const json_t *time = json_array_get(times, i);
        if (!json_is_integer(time) || json_integer_value(time) < 0) {
            return false;
        }
        into[i]->QuadPart = json_integer_value(time);
    }
    basic->FileAttributes = (ULONG)json_integer_value(attributes);
    return true;
}

static bool unpack_gone(const json_t *line, struct undo_record *record) {
    const json_t *store = json_object_get(line, "store"), *size = json_object_get(line, "size");
    int how = word_of(line, "how", how_words, UNDO_HOWS);
    if (how < 0 || !json_is_integer(store) || json_integer_value(store) < 0 || !json_is_integer(size)) {
        return false;
    }
    record->how = (enum undo_how)how;
    record->store = (unsigned)json_integer_value(store);
    record->size = (ULONGLONG)json_integer_value(size);
    const json_t *dacl = json_object_get(line, "dacl");
    record->dacl = dacl ? undo_path_unpack(dacl) : NULL;
    return !dacl || record->dacl;
}

bool undo_record_unpack(const json_t *line, struct undo_record *record) {
    memset(record, 0, sizeof(*record));
    int type = word_of(line, "what", type_words, UNDO_TYPES), kind = word_of(line, "kind", kind_words, UNDO_KINDS);
    const json_t *number = json_object_get(line, "n"), *id = json_object_get(line, "id");
    if (type < 0 || !json_is_integer(number) || json_integer_value(number) < 0) {
        return false;
    }
    record->type = (enum undo_type)type;
    record->number = (unsigned long)json_integer_value(number);
    if (record->type == UNDO_CANCELLED) {
        return true;
    }
    record->path = undo_path_unpack(json_object_get(line, "path"));
    if (kind < 0 || !record->path || !json_is_integer(id) || !unpack_basic(line, &record->basic)) {
        return false;
    }
    record->kind = (enum undo_kind)kind;
    record->id = (ULONGLONG)json_integer_value(id);
    if (record->type == UNDO_MOVED) {
        record->to = undo_path_unpack(json_object_get(line, "to"));
        return record->to != NULL;
    }
    return record->type != UNDO_GONE || unpack_gone(line, record);
}

void undo_record_free(struct undo_record *record) {
    free(record->path);
    free(record->to);
    free(record->dacl);
    memset(record, 0, sizeof(*record));
}
