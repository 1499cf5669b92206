#include "message.h"

#include "frame.h"

#include <msgpack/pack.h>
#include <msgpack/unpack.h>
#include <stdbool.h>
#include <string.h>

#define MAX_FIELDS 9u

enum field_type {
    FIELD_END, /* ends the list of a message with fewer than MAX_FIELDS fields */
    FIELD_U32,
    FIELD_U64,
    FIELD_NAME,
};

struct field {
    enum field_type type;
    size_t offset; /* of the member in struct sbx_request or struct sbx_reply */
};

struct message {
    const char *name;
    struct field fields[MAX_FIELDS];
};

#define REQUEST_FIELD(type, member)                                                                                    \
    { type, offsetof(struct sbx_request, u.member) }

/* The one description of what each operation carries: packing and unpacking both follow it. */
static const struct message requests[SBX_OP_COUNT] = {
    [SBX_OP_HELLO] = {"hello", {REQUEST_FIELD(FIELD_U32, hello.version), REQUEST_FIELD(FIELD_U32, hello.pid)}},
    [SBX_OP_DELETE] = {"delete",
                       {REQUEST_FIELD(FIELD_U64, del.handle), REQUEST_FIELD(FIELD_U32, del.flags),
                        REQUEST_FIELD(FIELD_U32, del.info_class)}},
    [SBX_OP_RENAME] = {"rename",
                       {REQUEST_FIELD(FIELD_U64, rename.handle), REQUEST_FIELD(FIELD_U64, rename.directory),
                        REQUEST_FIELD(FIELD_NAME, rename.name), REQUEST_FIELD(FIELD_U32, rename.flags),
                        REQUEST_FIELD(FIELD_U32, rename.info_class)}},
    [SBX_OP_LINK] = {"link",
                     {REQUEST_FIELD(FIELD_U64, rename.handle), REQUEST_FIELD(FIELD_U64, rename.directory),
                      REQUEST_FIELD(FIELD_NAME, rename.name), REQUEST_FIELD(FIELD_U32, rename.flags),
                      REQUEST_FIELD(FIELD_U32, rename.info_class)}},
    [SBX_OP_OPEN] = {"open",
                     {REQUEST_FIELD(FIELD_U64, open.directory), REQUEST_FIELD(FIELD_NAME, open.name),
                      REQUEST_FIELD(FIELD_U32, open.object_attributes), REQUEST_FIELD(FIELD_U32, open.access),
                      REQUEST_FIELD(FIELD_U32, open.file_attributes), REQUEST_FIELD(FIELD_U32, open.share),
                      REQUEST_FIELD(FIELD_U32, open.disposition), REQUEST_FIELD(FIELD_U32, open.options),
                      REQUEST_FIELD(FIELD_U32, open.flags)}},
    [SBX_OP_STAMP] = {"stamp",
                      {REQUEST_FIELD(FIELD_U64, stamp.handle), REQUEST_FIELD(FIELD_U64, stamp.directory),
                       REQUEST_FIELD(FIELD_NAME, stamp.name)}},
    [SBX_OP_NOTE] = {"note", {REQUEST_FIELD(FIELD_U32, note.kind), REQUEST_FIELD(FIELD_NAME, note.name)}},
    [SBX_OP_SECURITY] = {"security",
                         {REQUEST_FIELD(FIELD_U64, security.handle), REQUEST_FIELD(FIELD_U32, security.control),
                          REQUEST_FIELD(FIELD_NAME, security.dacl)}},
    [SBX_OP_ENDED] = {"ended", {REQUEST_FIELD(FIELD_U64, ended.process)}},
};

static const struct message reply_message = {"reply",
                                             {{FIELD_U32, offsetof(struct sbx_reply, status)},
                                              {FIELD_U64, offsetof(struct sbx_reply, information)},
                                              {FIELD_U64, offsetof(struct sbx_reply, handle)}}};

/* The caller's memory that msgpack-c packs into. */
struct writer {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
};

static int write_bytes(void *data, const char *bytes, size_t size) {
    struct writer *writer = data;
    if (size > writer->capacity - writer->used) {
        return -1;
    }
    if (size) {
        memcpy(writer->bytes + writer->used, bytes, size);
        writer->used += size;
    }
    return 0;
}

static bool name_size_valid(uint64_t size) { return size <= SBX_NAME_MAX && size % 2 == 0; }

static bool pack_field(msgpack_packer *packer, enum field_type type, const void *member) {
    if (type == FIELD_NAME) {
        const struct sbx_name *name = member;
        return name_size_valid(name->size) && msgpack_pack_bin_with_body(packer, name->bytes, name->size) == 0;
    }
    uint64_t value = type == FIELD_U64 ? *(const uint64_t *)member : *(const uint32_t *)member;
    return msgpack_pack_uint64(packer, value) == 0;
}

static bool pack_fields(msgpack_packer *packer, const struct message *message, const void *values) {
    for (unsigned i = 0; i < MAX_FIELDS && message->fields[i].type != FIELD_END; i++) {
        const struct field *field = &message->fields[i];
        if (!pack_field(packer, field->type, (const uint8_t *)values + field->offset)) {
            return false;
        }
    }
    return true;
}

/* Packs `op`, when it is not NULL, and the fields after it as a whole frame. */
static size_t pack_frame(const struct message *message, const uint32_t *op, const void *values, uint8_t *out,
                         size_t capacity) {
    if (capacity < SBX_FRAME_HEADER) {
        return 0;
    }
    struct writer writer = {out, capacity, SBX_FRAME_HEADER};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &writer, write_bytes);
    if ((op && msgpack_pack_uint64(&packer, *op)) || !pack_fields(&packer, message, values)) {
        return 0;
    }
    return sbx_frame_put_header(out, writer.used - SBX_FRAME_HEADER) == 0 ? writer.used : 0;
}

/* What is left of a payload. */
struct reader {
    const uint8_t *bytes;
    size_t size;
    size_t offset;
};

static bool is_unsigned(uint8_t type) { return type <= 0x7f || (type >= 0xcc && type <= 0xcf); }

static bool is_bin(uint8_t type) { return type >= 0xc4 && type <= 0xc6; }

/* Reads the next scalar, whose type byte the caller has looked at: an unsigned integer or bin, so that msgpack-c has
 * nothing to allocate. (It makes a zone for every bin, which it then does not use, unless it is given one: hence the
 * empty `zone`, and msgpack_unpack rather than msgpack_unpack_next, which would begin with freeing the zone it is
 * given.) */
static bool next_scalar(struct reader *reader, msgpack_object *object) {
    msgpack_zone zone;
    memset(&zone, 0, sizeof(zone));
    msgpack_unpack_return result =
        msgpack_unpack((const char *)reader->bytes, reader->size, &reader->offset, &zone, object);
    return result == MSGPACK_UNPACK_SUCCESS || result == MSGPACK_UNPACK_EXTRA_BYTES;
}

static bool next_unsigned(struct reader *reader, uint64_t max, uint64_t *value) {
    msgpack_object object;
    if (reader->offset >= reader->size || !is_unsigned(reader->bytes[reader->offset]) ||
        !next_scalar(reader, &object) || object.type != MSGPACK_OBJECT_POSITIVE_INTEGER || object.via.u64 > max) {
        return false;
    }
    *value = object.via.u64;
    return true;
}

static bool next_name(struct reader *reader, struct sbx_name *name) {
    msgpack_object object;
    if (reader->offset >= reader->size || !is_bin(reader->bytes[reader->offset]) || !next_scalar(reader, &object) ||
        object.type != MSGPACK_OBJECT_BIN || !name_size_valid(object.via.bin.size)) {
        return false;
    }
    name->bytes = (const uint8_t *)object.via.bin.ptr;
    name->size = object.via.bin.size;
    return true;
}

static bool unpack_field(struct reader *reader, enum field_type type, void *member) {
    if (type == FIELD_NAME) {
        return next_name(reader, member);
    }
    uint64_t value;
    if (!next_unsigned(reader, type == FIELD_U64 ? UINT64_MAX : UINT32_MAX, &value)) {
        return false;
    }
    if (type == FIELD_U64) {
        *(uint64_t *)member = value;
    } else {
        *(uint32_t *)member = (uint32_t)value;
    }
    return true;
}

/* Reads exactly the message's fields: fewer, other or more bytes are refused. */
static bool unpack_fields(struct reader *reader, const struct message *message, void *values) {
    for (unsigned i = 0; i < MAX_FIELDS && message->fields[i].type != FIELD_END; i++) {
        const struct field *field = &message->fields[i];
        if (!unpack_field(reader, field->type, (uint8_t *)values + field->offset)) {
            return false;
        }
    }
    return reader->offset == reader->size;
}

static const struct message *find_request(uint64_t op) {
    return op < SBX_OP_COUNT && requests[op].name ? &requests[op] : NULL;
}

size_t sbx_request_pack(const struct sbx_request *request, uint8_t *out, size_t capacity) {
    const struct message *message = find_request(request->op);
    return message ? pack_frame(message, &request->op, request, out, capacity) : 0;
}

int sbx_request_unpack(struct sbx_request *request, const uint8_t *payload, size_t size) {
    struct reader reader = {payload, size, 0};
    uint64_t op;
    if (!next_unsigned(&reader, UINT32_MAX, &op)) {
        return -1;
    }
    const struct message *message = find_request(op);
    if (!message || !unpack_fields(&reader, message, request)) {
        return -1;
    }
    request->op = (uint32_t)op;
    return 0;
}

size_t sbx_reply_pack(const struct sbx_reply *reply, uint8_t *out, size_t capacity) {
    return pack_frame(&reply_message, NULL, reply, out, capacity);
}

int sbx_reply_unpack(struct sbx_reply *reply, const uint8_t *payload, size_t size) {
    struct reader reader = {payload, size, 0};
    return unpack_fields(&reader, &reply_message, reply) ? 0 : -1;
}

const char *sbx_op_name(uint32_t op) {
    const struct message *message = find_request(op);
    return message ? message->name : "unknown";
}
