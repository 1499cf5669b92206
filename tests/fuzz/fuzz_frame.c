/* Frames fed in arbitrary portions to a buffer of arbitrary capacity give the same as reading the bytes at once. The
 * first byte of the input chooses the capacity, the second the portions, the rest is the stream. */
#include "tests/fuzz/fuzz.h"

#include "proto/frame.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CAPACITY (SBX_FRAME_HEADER + SBX_FRAME_MAX)

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct stream {
    const uint8_t *bytes;
    size_t size;
    size_t fed;
    size_t taken; /* bytes of frames that came out */
};

static size_t capacity_of(uint8_t choice) {
    return choice < 64 ? SBX_FRAME_HEADER + choice : choice < 192 ? (size_t)choice * 64 : MAX_CAPACITY;
}

/* The plain reading: the frame at the start of what has been fed and not taken yet. */
static enum sbx_frame_result expected(const struct stream *stream, size_t capacity, size_t *size) {
    const uint8_t *at = stream->bytes + stream->taken;
    size_t held = stream->fed - stream->taken;
    if (held < 4) {
        return SBX_FRAME_MORE;
    }
    uint64_t length = (uint64_t)at[0] + at[1] * 256ull + at[2] * 65536ull + at[3] * 16777216ull;
    if (length < 1 || length > SBX_FRAME_MAX || length + 4 > capacity) {
        return SBX_FRAME_BAD;
    }
    *size = (size_t)length;
    return held >= length + 4 ? SBX_FRAME_READY : SBX_FRAME_MORE;
}

static void feed(struct sbx_frame_buffer *buffer, struct stream *stream, size_t portion) {
    size_t room, left = stream->size - stream->fed;
    uint8_t *space = sbx_frame_buffer_space(buffer, &room);
    REQUIRE(room > 0 && room <= buffer->capacity && space + room == buffer->bytes + buffer->capacity);
    portion = portion < room ? portion : room;
    portion = portion < left ? portion : left;
    memcpy(space, stream->bytes + stream->fed, portion);
    sbx_frame_buffer_commit(buffer, portion);
    stream->fed += portion;
}

static void run(struct sbx_frame_buffer *buffer, struct stream *stream, size_t portion) {
    for (;;) {
        const uint8_t *payload = NULL;
        size_t size = 0, wanted = 0;
        enum sbx_frame_result result = sbx_frame_buffer_peek(buffer, &payload, &size);
        REQUIRE(result == expected(stream, buffer->capacity, &wanted));
        REQUIRE(buffer->used == stream->fed - stream->taken);
        if (result == SBX_FRAME_BAD || (result == SBX_FRAME_MORE && stream->fed == stream->size)) {
            return;
        }
        if (result == SBX_FRAME_MORE) {
            feed(buffer, stream, portion);
            continue;
        }
        uint8_t header[SBX_FRAME_HEADER];
        const uint8_t *source = stream->bytes + stream->taken;
        REQUIRE(size == wanted && !memcmp(payload, source + SBX_FRAME_HEADER, size));
        REQUIRE(!sbx_frame_put_header(header, size) && !memcmp(header, source, SBX_FRAME_HEADER));
        sbx_frame_buffer_drop(buffer);
        stream->taken += SBX_FRAME_HEADER + size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    struct sbx_frame_buffer buffer;
    struct stream stream = {data + 2, size - 2, 0, 0};
    size_t capacity = capacity_of(data[0]), portion = data[1] ? data[1] : stream.size + 1;
    uint8_t *bytes = malloc(capacity);
    REQUIRE(bytes);
    sbx_frame_buffer_init(&buffer, bytes, capacity);
    run(&buffer, &stream, portion);
    free(bytes);
    return 0;
}
