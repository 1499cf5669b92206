/* The lines of an undo journal. */
#ifndef SBX_BROKER_UNDO_RECORD_H
#define SBX_BROKER_UNDO_RECORD_H

#include "broker/base/nt.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum undo_type { UNDO_GONE, UNDO_MOVED, UNDO_TOUCHED, UNDO_CANCELLED, UNDO_TYPES };
enum undo_kind { UNDO_FILE, UNDO_DIRECTORY, UNDO_DIRECTORY_LINK, UNDO_KINDS };
/* UNDO_EMPTY: a directory, which is empty when it is deleted: the record is all there is to keep. */
enum undo_how { UNDO_NOT_KEPT, UNDO_LINKED, UNDO_COPIED, UNDO_EMPTY, UNDO_HOWS };

struct undo_record {
    enum undo_type type;
    unsigned long number;
    wchar_t *path, *to; /* full DOS paths, owned; `to` only of UNDO_MOVED */
    enum undo_kind kind;
    enum undo_how how;
    unsigned store; /* index into the header's stores */
    ULONGLONG id;
    ULONGLONG size;
    FILE_BASIC_INFORMATION basic; /* times and attributes */
    wchar_t *dacl;                /* SDDL, NULL where the object only inherits; owned */
};

/* A record as JSON; NULL when memory is short. */
json_t *undo_record_pack(const struct undo_record *record);

/* Reads one; false for what no undo_record_pack made. Free with undo_record_free, also after a failure. */
bool undo_record_unpack(const json_t *line, struct undo_record *record) __attribute__((warn_unused_result));
void undo_record_free(struct undo_record *record);

/* A path as JSON: text, or an array of UTF-16 units where it is no valid UTF-16 (NTFS allows any). */
json_t *undo_path_pack(const wchar_t *path);
wchar_t *undo_path_unpack(const json_t *value);

/* A key for a path, the same for each spelling of its case: malloc'ed, plain ASCII. */
char *undo_path_key(const wchar_t *path, size_t units);

#endif
