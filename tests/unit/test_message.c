/* Messages: what is valid comes through unchanged, and nothing else comes through. */
#include "proto/message.h"

#include "proto/frame.h"
#include "samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define COUNT_ALLOCATIONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNT_ALLOCATIONS 1
#endif
#endif

#ifdef COUNT_ALLOCATIONS
#include <sanitizer/allocator_interface.h>

static unsigned long allocations;

static void on_malloc(const volatile void *pointer, size_t size) {
    (void)pointer, (void)size;
    allocations++;
}

static void on_free(const volatile void *pointer) { (void)pointer; }
#endif

static const struct sbx_reply denied = {0xc0000022u, 0, 0};
static const struct sbx_reply largest_reply = {UINT32_MAX, UINT64_MAX, UINT64_MAX};

/* A payload under construction, for messages that sbx_request_pack would never make. */
struct bytes {
    uint8_t data[512];
    size_t size;
};

static void put(struct bytes *bytes, const void *data, size_t size) {
    assert_true(size <= sizeof(bytes->data) - bytes->size);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

/* The payload in a heap block of its very size, so that ASan sees a read past its end. */
static int unpack_exactly(struct sbx_request *request, const uint8_t *payload, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) {
        memcpy(copy, payload, size);
    }
    int result = sbx_request_unpack(request, copy, size);
    free(copy);
    return result;
}

static int unpack_reply_exactly(struct sbx_reply *reply, const uint8_t *payload, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) {
        memcpy(copy, payload, size);
    }
    int result = sbx_reply_unpack(reply, copy, size);
    free(copy);
    return result;
}

static void expect_valid(const struct bytes *payload, bool valid) {
    struct sbx_request request;
    assert_int_equal(unpack_exactly(&request, payload->data, payload->size), valid ? 0 : -1);
}

static size_t payload_of(const struct sample *sample, struct bytes *payload) {
    uint8_t frame[256];
    size_t size = sbx_request_pack(&sample->request, frame, sizeof(frame));
    assert_true(size > SBX_FRAME_HEADER);
    payload->size = 0;
    put(payload, frame + SBX_FRAME_HEADER, size - SBX_FRAME_HEADER);
    return payload->size;
}

static void every_request_round_trips(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        uint8_t frame[256];
        struct sbx_frame_buffer buffer;
        struct sbx_request request;
        const uint8_t *payload;
        size_t payload_size, size = sbx_request_pack(&samples[i].request, frame, sizeof(frame));
        sbx_frame_buffer_init(&buffer, frame, sizeof(frame));
        sbx_frame_buffer_commit(&buffer, size);
        assert_int_equal(sbx_frame_buffer_peek(&buffer, &payload, &payload_size), SBX_FRAME_READY);
        assert_int_equal(payload_size, size - SBX_FRAME_HEADER);
        assert_int_equal(sbx_request_unpack(&request, payload, payload_size), 0);
        assert_true(same_request(&request, &samples[i].request));
        assert_string_equal(sbx_op_name(request.op), samples[i].name);
    }
}

static void names_point_into_the_payload(void **state) {
    (void)state;
    struct bytes payload;
    struct sbx_request request;
    payload_of(&samples[SBX_OP_RENAME - 1], &payload);
    assert_int_equal(sbx_request_unpack(&request, payload.data, payload.size), 0);
    assert_int_equal(request.u.rename.name.size, 10);
    assert_true(request.u.rename.name.bytes > payload.data);
    assert_true(request.u.rename.name.bytes + 10 < payload.data + payload.size);
}

static void every_reply_round_trips(void **state) {
    (void)state;
    const struct sbx_reply replies[] = {{0, 0, 0}, {0, 1, 0}, {0, 1, 0x2c4}, denied, largest_reply};
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        uint8_t frame[SBX_REPLY_FRAME_MAX];
        struct sbx_reply reply;
        size_t size = sbx_reply_pack(&replies[i], frame, sizeof(frame));
        assert_true(size > SBX_FRAME_HEADER);
        assert_int_equal(unpack_reply_exactly(&reply, frame + SBX_FRAME_HEADER, size - SBX_FRAME_HEADER), 0);
        assert_true(same_reply(&reply, &replies[i]));
    }
}

static void every_truncation_and_any_trailing_byte_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct bytes payload;
        struct sbx_request request;
        size_t size = payload_of(&samples[i], &payload);
        for (size_t shorter = 0; shorter < size; shorter++) {
            assert_int_equal(unpack_exactly(&request, payload.data, shorter), -1);
        }
        for (unsigned byte = 0; byte < 256; byte++) {
            payload.data[size] = (uint8_t)byte;
            assert_int_equal(unpack_exactly(&request, payload.data, size + 1), -1);
        }
    }
}

static void reply_truncation_and_trailing_byte_are_refused(void **state) {
    (void)state;
    uint8_t frame[SBX_REPLY_FRAME_MAX];
    struct sbx_reply reply;
    size_t size = sbx_reply_pack(&largest_reply, frame, sizeof(frame)) - SBX_FRAME_HEADER;
    for (size_t shorter = 0; shorter < size; shorter++) {
        assert_int_equal(unpack_reply_exactly(&reply, frame + SBX_FRAME_HEADER, shorter), -1);
    }
    frame[SBX_FRAME_HEADER + size] = 0;
    assert_int_equal(unpack_reply_exactly(&reply, frame + SBX_FRAME_HEADER, size + 1), -1);
}
/* One value of every msgpack type. */
static const struct {
    const char *bytes;
    size_t size;
    bool integer; /* of the types that an integer field takes */
    bool name;
} values[] = {
#define VALUE(bytes, integer, name)                                                                                    \
    { bytes, sizeof(bytes) - 1, integer, name }
    VALUE("\x00", true, false), /* positive fixint */
    VALUE("\x7f", true, false),
    VALUE("\xcc\x05", true, false), /* uint 8 to 64, small value */
    VALUE("\xcd\x00\x05", true, false),
    VALUE("\xce\x00\x00\x00\x05", true, false),
    VALUE("\xcf\x00\x00\x00\x00\x00\x00\x00\x05", true, false),
    VALUE("\xc4\x02"
          "ab",
          false, true), /* bin 8, 16, 32 */
    VALUE("\xc5\x00\x02"
          "ab",
          false, true),
    VALUE("\xc6\x00\x00\x00\x02"
          "ab",
          false, true),
    VALUE("\xc4\x00", false, true),
    VALUE("\x80", false, false), /* empty and one-element map */
    VALUE("\x81\x01\x01", false, false),
    VALUE("\x90", false, false), /* empty and one-element array */
    VALUE("\x91\x01", false, false),
    VALUE("\xa0", false, false), /* str */
    VALUE("\xa2"
          "ab",
          false, false),
    VALUE("\xc0", false, false), /* nil, never used, false, true */
    VALUE("\xc1", false, false),
    VALUE("\xc2", false, false),
    VALUE("\xc3", false, false),
    VALUE("\xc7\x01\x05"
          "a",
          false, false), /* ext 8, 16, 32 */
    VALUE("\xc8\x00\x01\x05"
          "a",
          false, false),
    VALUE("\xc9\x00\x00\x00\x01\x05"
          "a",
          false, false),
    VALUE("\xca\x00\x00\x00\x00", false, false), /* float 32, 64 */
    VALUE("\xcb\x00\x00\x00\x00\x00\x00\x00\x00", false, false),
    VALUE("\xd0\x05", false, false), /* int 8 to 64, positive value */
    VALUE("\xd1\x00\x05", false, false),
    VALUE("\xd2\x00\x00\x00\x05", false, false),
    VALUE("\xd3\x00\x00\x00\x00\x00\x00\x00\x05", false, false),
    VALUE("\xd4\x05"
          "a",
          false, false), /* fixext 1 to 16 */
    VALUE("\xd5\x05"
          "ab",
          false, false),
    VALUE("\xd6\x05"
          "abcd",
          false, false),
    VALUE("\xd7\x05"
          "abcdefgh",
          false, false),
    VALUE("\xd8\x05"
          "abcdefghabcdefgh",
          false, false),
    VALUE("\xd9\x02"
          "ab",
          false, false), /* str 8, 16, 32 */
    VALUE("\xda\x00\x02"
          "ab",
          false, false),
    VALUE("\xdb\x00\x00\x00\x02"
          "ab",
          false, false),
    VALUE("\xdc\x00\x00", false, false), /* array and map 16, 32 */
    VALUE("\xdd\x00\x00\x00\x00", false, false),
    VALUE("\xde\x00\x00", false, false),
    VALUE("\xdf\x00\x00\x00\x00", false, false),
    VALUE("\xff", false, false), /* negative fixint */
#undef VALUE
};

/* A message of the sample's fields, all small and valid, but `value` in place of field `odd`. */
static void build(struct bytes *payload, const struct sample *sample, size_t odd, const char *value, size_t size) {
    uint8_t op = (uint8_t)sample->request.op;
    payload->size = 0;
    put(payload, &op, 1);
    for (size_t i = 0; sample->fields[i]; i++) {
        if (i == odd) {
            put(payload, value, size);
        } else if (sample->fields[i] == 'n') {
            put(payload, "\xc4\x02xy", 4);
        } else {
            put(payload, "\x07", 1);
        }
    }
}

static void every_type_in_every_field(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        for (size_t field = 0; samples[i].fields[field]; field++) {
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                struct bytes payload;
                build(&payload, &samples[i], field, values[v].bytes, values[v].size);
                expect_valid(&payload, samples[i].fields[field] == 'n' ? values[v].name : values[v].integer);
            }
        }
    }
}

static void every_type_as_operation(void **state) {
    (void)state;
    for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
        struct bytes payload = {.size = 0};
        struct sbx_request request;
        put(&payload, values[v].bytes, values[v].size);
        put(&payload, "\xc4\x00\xc4\x00\xc4\x00\x07\x07\x07\x07\x07\x07", 12);
        assert_int_equal(unpack_exactly(&request, payload.data, payload.size), -1);
    }
}

static void integers_have_their_field_s_range(void **state) {
    (void)state;
    static const char u32_max[] = "\xce\xff\xff\xff\xff", over[] = "\xcf\x00\x00\x00\x01\x00\x00\x00\x00",
                      u64_max[] = "\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        for (size_t field = 0; samples[i].fields[field]; field++) {
            struct bytes payload;
            char kind = samples[i].fields[field];
            if (kind == 'n') {
                continue;
            }
            build(&payload, &samples[i], field, u32_max, sizeof(u32_max) - 1);
            expect_valid(&payload, true);
            build(&payload, &samples[i], field, over, sizeof(over) - 1);
            expect_valid(&payload, kind == 'I');
            build(&payload, &samples[i], field, u64_max, sizeof(u64_max) - 1);
            expect_valid(&payload, kind == 'I');
        }
    }
}

static void names_of_odd_size_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        for (size_t field = 0; samples[i].fields[field]; field++) {
            struct bytes payload;
            if (samples[i].fields[field] == 'n') {
                build(&payload, &samples[i], field,
                      "\xc4\x03"
                      "abc",
                      5);
                expect_valid(&payload, false);
                build(&payload, &samples[i], field,
                      "\xc4\x04"
                      "abcd",
                      6);
                expect_valid(&payload, true);
            }
        }
    }
}

static void announced_sizes_past_the_end_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } headers[] = {{"\xc4\xfe", 2},
                   {"\xc5\xff\xfe", 3},
                   {"\xc6\xff\xff\xff\xfe", 5},
                   {"\xc6\x80\x00\x00\x00", 5},
                   {"\xc6\x00\x00\xff\xfe", 5}};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct bytes payload;
        build(&payload, &samples[SBX_OP_STAMP - 1], 2, headers[i].bytes, headers[i].size);
        expect_valid(&payload, false);
        build(&payload, &samples[SBX_OP_NOTE - 1], 1, headers[i].bytes, headers[i].size);
        expect_valid(&payload, false);
    }
}

/* A stamp request with a name of `size` bytes. */
static int stamp_with_name(uint32_t size, bool with_header_64k) {
    size_t total = 3 + 5 + (size_t)size;
    uint8_t *payload = calloc(1, total);
    struct sbx_request request;
    assert_non_null(payload);
    payload[0] = SBX_OP_STAMP;
    size_t at = 3;
    if (with_header_64k) {
        payload[at++] = 0xc6;
        payload[at++] = (uint8_t)(size >> 24);
        payload[at++] = (uint8_t)(size >> 16);
    } else {
        payload[at++] = 0xc5;
        total -= 2;
    }
    payload[at++] = (uint8_t)(size >> 8);
    payload[at++] = (uint8_t)size;
    int result = sbx_request_unpack(&request, payload, total);
    free(payload);
    return result;
}

static void names_have_a_longest_size(void **state) {
    (void)state;
    assert_int_equal(stamp_with_name(SBX_NAME_MAX, false), 0);
    assert_int_equal(stamp_with_name(SBX_NAME_MAX, true), 0);
    assert_int_equal(stamp_with_name(SBX_NAME_MAX + 2, true), -1);
    assert_int_equal(stamp_with_name(65535, false), -1);
}

static void unknown_operations_are_refused(void **state) {
    (void)state;
    const uint32_t unknown[] = {0, SBX_OP_COUNT, 100, UINT32_MAX};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        uint8_t frame[64];
        struct sbx_request request = {unknown[i], {.hello = {1, 1}}};
        assert_int_equal(sbx_request_pack(&request, frame, sizeof(frame)), 0);
        assert_string_equal(sbx_op_name(unknown[i]), "unknown");
    }
    struct sbx_request request;
    static const uint8_t zero[] = {0, 1, 1}, past_last[] = {SBX_OP_COUNT, 1, 1},
                         wraps[] = {0xcf, 0, 0, 0, 1, 0, 0, 0, SBX_OP_HELLO, 1, 1};
    assert_int_equal(unpack_exactly(&request, zero, sizeof(zero)), -1);
    assert_int_equal(unpack_exactly(&request, past_last, sizeof(past_last)), -1);
    assert_int_equal(unpack_exactly(&request, wraps, sizeof(wraps)), -1);
}

static void pack_refuses_what_unpack_would(void **state) {
    (void)state;
    static uint8_t name[SBX_NAME_MAX + 2], frame[SBX_FRAME_HEADER + SBX_FRAME_MAX];
    struct sbx_request request = {SBX_OP_STAMP, {.stamp = {1, 2, {name, SBX_NAME_MAX + 2}}}};
    assert_int_equal(sbx_request_pack(&request, frame, sizeof(frame)), 0);
    request.u.stamp.name.size = SBX_NAME_MAX - 1;
    assert_int_equal(sbx_request_pack(&request, frame, sizeof(frame)), 0);
    request.u.stamp.name.size = SBX_NAME_MAX;
    assert_int_equal(sbx_request_pack(&request, frame, sizeof(frame)), SBX_FRAME_HEADER + 3 + 3 + SBX_NAME_MAX);
}

static void the_longest_request_fits_a_frame(void **state) {
    (void)state;
    static uint8_t name[SBX_NAME_MAX], frame[SBX_FRAME_HEADER + SBX_FRAME_MAX];
    struct sbx_name longest = {name, SBX_NAME_MAX};
    struct sbx_request request = {SBX_OP_OPEN,
                                  {.open = {UINT64_MAX, longest, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                            UINT32_MAX, UINT32_MAX, UINT32_MAX}}},
                       again;
    size_t size = sbx_request_pack(&request, frame, sizeof(frame));
    assert_int_equal(size, SBX_FRAME_HEADER + 1 + 9 + (3 + SBX_NAME_MAX) + 7 * 5);
    assert_int_equal(sbx_request_unpack(&again, frame + SBX_FRAME_HEADER, size - SBX_FRAME_HEADER), 0);
    assert_true(same_request(&request, &again));
}

static void pack_needs_room_for_the_last_byte(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        uint8_t whole[256];
        size_t size = sbx_request_pack(&samples[i].request, whole, sizeof(whole));
        for (size_t capacity = 0; capacity <= size; capacity++) {
            uint8_t *out = malloc(capacity ? capacity : 1);
            assert_non_null(out);
            assert_int_equal(sbx_request_pack(&samples[i].request, out, capacity), capacity == size ? size : 0);
            free(out);
        }
    }
}

static void every_reply_fits_its_bound(void **state) {
    (void)state;
    uint8_t frame[SBX_REPLY_FRAME_MAX];
    assert_int_equal(sbx_reply_pack(&largest_reply, frame, sizeof(frame)), SBX_FRAME_HEADER + 5 + 9 + 9);
    assert_int_equal(sbx_reply_pack(&largest_reply, frame, SBX_FRAME_HEADER + 5 + 9 + 8), 0);
}

static void reply_fields_have_types_and_ranges(void **state) {
    (void)state;
    struct sbx_reply reply;
    static const uint8_t status_over[] = {0xcf, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, bin[] = {0, 0xc4, 0, 0},
                         nil[] = {0, 0, 0xc0}, array[] = {0x93, 0, 0, 0};
    assert_int_equal(unpack_reply_exactly(&reply, status_over, sizeof(status_over)), -1);
    assert_int_equal(unpack_reply_exactly(&reply, bin, sizeof(bin)), -1);
    assert_int_equal(unpack_reply_exactly(&reply, nil, sizeof(nil)), -1);
    assert_int_equal(unpack_reply_exactly(&reply, array, sizeof(array)), -1);
}

#ifdef COUNT_ALLOCATIONS
static void nothing_is_allocated(void **state) {
    (void)state;
    assert_int_not_equal(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free), 0);
    unsigned long start = allocations;
    free(malloc(1));
    assert_true(allocations > start);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        uint8_t frame[256];
        struct sbx_request request;
        unsigned long before = allocations;
        size_t size = sbx_request_pack(&samples[i].request, frame, sizeof(frame));
        int result = sbx_request_unpack(&request, frame + SBX_FRAME_HEADER, size - SBX_FRAME_HEADER);
        assert_int_equal(allocations, before);
        assert_int_equal(result, 0);
    }
    /* Headers that announce a lot. */
    static const char *const hostile[] = {"\x07\x01\x01\xdd\xff\xff\xff\xff", "\x07\x01\x01\xdf\xff\xff\xff\xff",
                                          "\x07\x01\x01\xc6\xff\xff\xff\xfe", "\x07\x01\x01\xc9\xff\xff\xff\xff",
                                          "\xdd\xff\xff\xff\xff\xc0\xc0\xc0"};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct sbx_request request;
        unsigned long before = allocations;
        int result = sbx_request_unpack(&request, (const uint8_t *)hostile[i], 8);
        assert_int_equal(allocations, before);
        assert_int_equal(result, -1);
    }
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_round_trips),
        cmocka_unit_test(names_point_into_the_payload),
        cmocka_unit_test(every_reply_round_trips),
        cmocka_unit_test(every_truncation_and_any_trailing_byte_is_refused),
        cmocka_unit_test(reply_truncation_and_trailing_byte_are_refused),
        cmocka_unit_test(every_type_in_every_field),
        cmocka_unit_test(every_type_as_operation),
        cmocka_unit_test(integers_have_their_field_s_range),
        cmocka_unit_test(names_of_odd_size_are_refused),
        cmocka_unit_test(announced_sizes_past_the_end_are_refused),
        cmocka_unit_test(names_have_a_longest_size),
        cmocka_unit_test(unknown_operations_are_refused),
        cmocka_unit_test(pack_refuses_what_unpack_would),
        cmocka_unit_test(the_longest_request_fits_a_frame),
        cmocka_unit_test(pack_needs_room_for_the_last_byte),
        cmocka_unit_test(every_reply_fits_its_bound),
        cmocka_unit_test(reply_fields_have_types_and_ranges),
#ifdef COUNT_ALLOCATIONS
        cmocka_unit_test(nothing_is_allocated),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
