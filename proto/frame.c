#include "frame.h"

#include <string.h>

int sbx_frame_put_header(uint8_t header[SBX_FRAME_HEADER], size_t size) {
    if (size == 0 || size > SBX_FRAME_MAX) {
        return -1;
    }
    for (unsigned i = 0; i < SBX_FRAME_HEADER; i++) {
        header[i] = (uint8_t)(size >> (8 * i));
    }
    return 0;
}

void sbx_frame_buffer_init(struct sbx_frame_buffer *buffer, uint8_t *bytes, size_t capacity) {
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    buffer->used = 0;
}

uint8_t *sbx_frame_buffer_space(struct sbx_frame_buffer *buffer, size_t *room) {
    *room = buffer->capacity - buffer->used;
    return buffer->bytes + buffer->used;
}

void sbx_frame_buffer_commit(struct sbx_frame_buffer *buffer, size_t count) { buffer->used += count; }

enum sbx_frame_result sbx_frame_buffer_peek(const struct sbx_frame_buffer *buffer, const uint8_t **payload,
                                            size_t *size) {
    if (buffer->used < SBX_FRAME_HEADER) {
        return SBX_FRAME_MORE;
    }
    uint32_t length = 0;
    for (unsigned i = 0; i < SBX_FRAME_HEADER; i++) {
        length |= (uint32_t)buffer->bytes[i] << (8 * i);
    }
    /* The length is judged before its bytes are awaited: a bad one ends the connection at once. */
    if (length == 0 || length > SBX_FRAME_MAX || length > buffer->capacity - SBX_FRAME_HEADER) {
        return SBX_FRAME_BAD;
    }
    if (buffer->used - SBX_FRAME_HEADER < length) {
        return SBX_FRAME_MORE;
    }
    *payload = buffer->bytes + SBX_FRAME_HEADER;
    *size = length;
    return SBX_FRAME_READY;
}

void sbx_frame_buffer_drop(struct sbx_frame_buffer *buffer) {
    const uint8_t *payload;
    size_t size;
    if (sbx_frame_buffer_peek(buffer, &payload, &size) != SBX_FRAME_READY) {
        return;
    }
    buffer->used -= SBX_FRAME_HEADER + size;
    memmove(buffer->bytes, buffer->bytes + SBX_FRAME_HEADER + size, buffer->used);
}
