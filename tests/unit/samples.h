/* One valid message of each kind, with the values that the byte examples of docs/protocol.md show. */
#ifndef SBX_TESTS_UNIT_SAMPLES_H
#define SBX_TESTS_UNIT_SAMPLES_H

#include "proto/message.h"

#include <stdbool.h>
#include <string.h>

#define SAMPLE_COUNT (SBX_OP_COUNT - 1u)

/* Field kinds in the order of a payload: i for a u32, I for a u64, n for a name. Written down here a second time, so
 * that a change of the table in message.c shows. */
struct sample {
    const char *name;
    const char *fields;
    struct sbx_request request;
};

#define UTF16_NAME(text)                                                                                               \
    { (const uint8_t *)(text), sizeof(text) - sizeof(*(text)) }

static const struct sample samples[SAMPLE_COUNT] = {
    {"hello", "ii", {SBX_OP_HELLO, {.hello = {1, 4242}}}},
    {"delete", "Iii", {SBX_OP_DELETE, {.del = {0x1a4, 1, 13}}}},
    {"rename", "IInii", {SBX_OP_RENAME, {.rename = {0x1a4, 0x1b0, UTF16_NAME(u"b.txt"), 1, 10}}}},
    {"link", "IInii", {SBX_OP_LINK, {.rename = {0x1a4, 0, UTF16_NAME(u"\\??\\C:\\w\\b"), 0, 11}}}},
    {"open",
     "Iniiiiiii",
     {SBX_OP_OPEN, {.open = {0, UTF16_NAME(u"\\??\\C:\\w\\t"), 0x40, 0x110080, 0x80, 7, 1, 0x201040, 0}}}},
    {"stamp", "IIn", {SBX_OP_STAMP, {.stamp = {0x1a4, 0, {NULL, 0}}}}},
    {"note", "in", {SBX_OP_NOTE, {.note = {1, UTF16_NAME(u"\\??\\C:\\w\\a")}}}},
    {"security", "Iin", {SBX_OP_SECURITY, {.security = {0x1a4, 0x1004, UTF16_NAME(u"\x0002\x0008\0\0")}}}},
    {"ended", "I", {SBX_OP_ENDED, {.ended = {0x1a4}}}},
};

static inline bool same_name(const struct sbx_name *a, const struct sbx_name *b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static inline bool same_open(const struct sbx_open *a, const struct sbx_open *b) {
    return a->directory == b->directory && same_name(&a->name, &b->name) &&
           a->object_attributes == b->object_attributes && a->access == b->access &&
           a->file_attributes == b->file_attributes && a->share == b->share && a->disposition == b->disposition &&
           a->options == b->options && a->flags == b->flags;
}

static inline bool same_rename(const struct sbx_rename *a, const struct sbx_rename *b) {
    return a->handle == b->handle && a->directory == b->directory && same_name(&a->name, &b->name) &&
           a->flags == b->flags && a->info_class == b->info_class;
}

static inline bool same_request(const struct sbx_request *a, const struct sbx_request *b) {
    if (a->op != b->op) {
        return false;
    }
    switch (a->op) {
    case SBX_OP_HELLO: return a->u.hello.version == b->u.hello.version && a->u.hello.pid == b->u.hello.pid;
    case SBX_OP_DELETE:
        return a->u.del.handle == b->u.del.handle && a->u.del.flags == b->u.del.flags &&
               a->u.del.info_class == b->u.del.info_class;
    case SBX_OP_RENAME:
    case SBX_OP_LINK: return same_rename(&a->u.rename, &b->u.rename);
    case SBX_OP_OPEN: return same_open(&a->u.open, &b->u.open);
    case SBX_OP_STAMP:
        return a->u.stamp.handle == b->u.stamp.handle && a->u.stamp.directory == b->u.stamp.directory &&
               same_name(&a->u.stamp.name, &b->u.stamp.name);
    case SBX_OP_NOTE: return a->u.note.kind == b->u.note.kind && same_name(&a->u.note.name, &b->u.note.name);
    case SBX_OP_SECURITY:
        return a->u.security.handle == b->u.security.handle && a->u.security.control == b->u.security.control &&
               same_name(&a->u.security.dacl, &b->u.security.dacl);
    case SBX_OP_ENDED: return a->u.ended.process == b->u.ended.process;
    default: return false;
    }
}

static inline bool same_reply(const struct sbx_reply *a, const struct sbx_reply *b) {
    return a->status == b->status && a->information == b->information && a->handle == b->handle;
}

#endif
