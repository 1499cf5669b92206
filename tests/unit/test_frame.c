/* Frames in every portion a pipe can deliver them. */
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Two frames, "abcde" and "f". */
static const uint8_t two_frames[] = {5, 0, 0, 0, 'a', 'b', 'c', 'd', 'e', 1, 0, 0, 0, 'f'};

static void feed(struct sbx_frame_buffer *buffer, const uint8_t *bytes, size_t size) {
    size_t room;
    uint8_t *space = sbx_frame_buffer_space(buffer, &room);
    assert_true(room >= size);
    memcpy(space, bytes, size);
    sbx_frame_buffer_commit(buffer, size);
}

static void expect_frame(struct sbx_frame_buffer *buffer, const char *text) {
    const uint8_t *payload;
    size_t size;
    assert_int_equal(sbx_frame_buffer_peek(buffer, &payload, &size), SBX_FRAME_READY);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(payload, text, size);
    sbx_frame_buffer_drop(buffer);
}

static void expect_result(const struct sbx_frame_buffer *buffer, enum sbx_frame_result expected) {
    const uint8_t *payload;
    size_t size;
    assert_int_equal(sbx_frame_buffer_peek(buffer, &payload, &size), expected);
}

static void header_is_little_endian(void **state) {
    (void)state;
    uint8_t header[SBX_FRAME_HEADER];
    static const uint8_t small[] = {0x34, 0x12, 0, 0}, largest[] = {0, 4, 1, 0};
    assert_int_equal(sbx_frame_put_header(header, 0x1234), 0);
    assert_memory_equal(header, small, sizeof(small));
    assert_int_equal(sbx_frame_put_header(header, SBX_FRAME_MAX), 0);
    assert_memory_equal(header, largest, sizeof(largest));
}

static void header_refuses_zero_and_too_long(void **state) {
    (void)state;
    uint8_t header[SBX_FRAME_HEADER];
    assert_int_equal(sbx_frame_put_header(header, 0), -1);
    assert_int_equal(sbx_frame_put_header(header, SBX_FRAME_MAX + 1), -1);
    assert_int_equal(sbx_frame_put_header(header, SIZE_MAX), -1);
    /* A size whose low 32 bits are a good length. */
    assert_int_equal(sbx_frame_put_header(header, (size_t)UINT32_MAX + 2), -1);
}

static void glued_frames_come_out_in_order(void **state) {
    (void)state;
    uint8_t bytes[32];
    struct sbx_frame_buffer buffer;
    sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
    expect_result(&buffer, SBX_FRAME_MORE);
    feed(&buffer, two_frames, sizeof(two_frames));
    expect_frame(&buffer, "abcde");
    expect_frame(&buffer, "f");
    expect_result(&buffer, SBX_FRAME_MORE);
    assert_int_equal(buffer.used, 0);
}

static void split_at_each_pair_of_places(void **state) {
    (void)state;
    for (size_t first = 0; first <= sizeof(two_frames); first++) {
        for (size_t second = first; second <= sizeof(two_frames); second++) {
            uint8_t bytes[32];
            struct sbx_frame_buffer buffer;
            char got[16] = "";
            size_t ends[] = {first, second, sizeof(two_frames)}, at = 0, length = 0;
            sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
            for (size_t i = 0; i < 3; i++) {
                const uint8_t *payload;
                size_t size;
                feed(&buffer, two_frames + at, ends[i] - at);
                at = ends[i];
                while (sbx_frame_buffer_peek(&buffer, &payload, &size) == SBX_FRAME_READY) {
                    memcpy(got + length, payload, size);
                    length += size;
                    got[length++] = '|';
                    sbx_frame_buffer_drop(&buffer);
                }
            }
            assert_string_equal(got, "abcde|f|");
            assert_int_equal(buffer.used, 0);
        }
    }
}

static void room_ends_only_with_a_whole_frame(void **state) {
    (void)state;
    uint8_t bytes[SBX_FRAME_HEADER + 5];
    struct sbx_frame_buffer buffer;
    size_t room;
    sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        expect_result(&buffer, SBX_FRAME_MORE);
        sbx_frame_buffer_space(&buffer, &room);
        assert_int_equal(room, sizeof(bytes) - i);
        feed(&buffer, two_frames + i, 1);
    }
    sbx_frame_buffer_space(&buffer, &room);
    assert_int_equal(room, 0);
    expect_frame(&buffer, "abcde");
}

static void bad_lengths_are_seen_from_the_header_alone(void **state) {
    (void)state;
    static const uint8_t headers[][SBX_FRAME_HEADER] = {
        {0, 0, 0, 0},             /* zero */
        {1, 4, 1, 0},             /* SBX_FRAME_MAX + 1 */
        {0xff, 0xff, 0xff, 0xff}, /* the largest */
        {0xfc, 0xff, 0xff, 0xff}, /* wraps around when the header is added in 32 bits */
        {0, 0, 0, 0x80},          /* negative as a signed number */
    };
    uint8_t *bytes = malloc(SBX_FRAME_HEADER + SBX_FRAME_MAX);
    assert_non_null(bytes);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct sbx_frame_buffer buffer;
        sbx_frame_buffer_init(&buffer, bytes, SBX_FRAME_HEADER + SBX_FRAME_MAX);
        feed(&buffer, headers[i], SBX_FRAME_HEADER - 1);
        expect_result(&buffer, SBX_FRAME_MORE);
        feed(&buffer, headers[i] + SBX_FRAME_HEADER - 1, 1);
        expect_result(&buffer, SBX_FRAME_BAD);
    }
    free(bytes);
}

static void length_over_the_buffer_is_bad(void **state) {
    (void)state;
    uint8_t bytes[SBX_FRAME_HEADER + 4];
    struct sbx_frame_buffer buffer;
    sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
    feed(&buffer, two_frames, SBX_FRAME_HEADER);
    expect_result(&buffer, SBX_FRAME_BAD);
    sbx_frame_buffer_init(&buffer, bytes, SBX_FRAME_HEADER);
    feed(&buffer, two_frames, SBX_FRAME_HEADER);
    expect_result(&buffer, SBX_FRAME_BAD);
}

static void largest_frame_passes(void **state) {
    (void)state;
    size_t capacity = SBX_FRAME_HEADER + SBX_FRAME_MAX, room;
    uint8_t *bytes = malloc(capacity);
    const uint8_t *payload;
    size_t size;
    struct sbx_frame_buffer buffer;
    assert_non_null(bytes);
    sbx_frame_buffer_init(&buffer, bytes, capacity);
    uint8_t *space = sbx_frame_buffer_space(&buffer, &room);
    assert_int_equal(room, capacity);
    assert_int_equal(sbx_frame_put_header(space, SBX_FRAME_MAX), 0);
    memset(space + SBX_FRAME_HEADER, 0x5a, SBX_FRAME_MAX);
    sbx_frame_buffer_commit(&buffer, capacity - 1);
    expect_result(&buffer, SBX_FRAME_MORE);
    sbx_frame_buffer_commit(&buffer, 1);
    assert_int_equal(sbx_frame_buffer_peek(&buffer, &payload, &size), SBX_FRAME_READY);
    assert_int_equal(size, SBX_FRAME_MAX);
    assert_ptr_equal(payload, bytes + SBX_FRAME_HEADER);
    sbx_frame_buffer_drop(&buffer);
    assert_int_equal(buffer.used, 0);
    free(bytes);
}

static void dropping_nothing_changes_nothing(void **state) {
    (void)state;
    uint8_t bytes[32];
    struct sbx_frame_buffer buffer;
    sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
    feed(&buffer, two_frames, 7);
    sbx_frame_buffer_drop(&buffer);
    assert_int_equal(buffer.used, 7);
    feed(&buffer, two_frames + 7, 2);
    expect_frame(&buffer, "abcde");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_little_endian),
        cmocka_unit_test(header_refuses_zero_and_too_long),
        cmocka_unit_test(glued_frames_come_out_in_order),
        cmocka_unit_test(split_at_each_pair_of_places),
        cmocka_unit_test(room_ends_only_with_a_whole_frame),
        cmocka_unit_test(bad_lengths_are_seen_from_the_header_alone),
        cmocka_unit_test(length_over_the_buffer_is_bad),
        cmocka_unit_test(largest_frame_passes),
        cmocka_unit_test(dropping_nothing_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
