/* docs/protocol.md says what the code does: its field tables and byte examples are read and compared. Runs in the top
 * directory of the sources. */
#include "proto/frame.h"
#include "samples.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_SECTIONS 16u

/* What the page has below one heading of a message. */
struct section {
    char name[32];
    unsigned op; /* 0 for the reply */
    char fields[16];
    size_t field_count;
    uint8_t frame[256];
    size_t frame_size;
};

static struct section sections[MAX_SECTIONS];
static size_t section_count;

static const struct sbx_reply sample_reply = {0xc0000022u, 0, 0};

static void read_heading(const char *line) {
    assert_true(section_count < MAX_SECTIONS);
    struct section *section = &sections[section_count++];
    assert_int_equal(sscanf(line, "### %31s", section->name), 1);
    const char *number = strchr(line, '(');
    section->op = number ? (unsigned)strtoul(number + 1, NULL, 10) : 0;
}

/* "| `field` | type | ..." */
static void read_field(struct section *section, const char *line) {
    char type[16];
    const char *column = strchr(line + 1, '|');
    assert_non_null(column);
    assert_int_equal(sscanf(column, "| %15s", type), 1);
    assert_true(section->field_count < sizeof(section->fields) - 1);
    char kind = !strcmp(type, "u32") ? 'i' : !strcmp(type, "u64") ? 'I' : !strcmp(type, "name") ? 'n' : '?';
    section->fields[section->field_count++] = kind;
}

static void read_bytes(struct section *section, const char *line) {
    while (isxdigit((unsigned char)*line)) {
        char *end;
        assert_true(section->frame_size < sizeof(section->frame));
        section->frame[section->frame_size++] = (uint8_t)strtoul(line, &end, 16);
        assert_int_equal(end - line, 2);
        line = *end == ' ' ? end + 1 : end;
    }
    assert_true(*line == '\n' || *line == '\r');
}

static int read_page(void **state) {
    (void)state;
    char line[512];
    bool in_bytes = false;
    FILE *page = fopen("docs/protocol.md", "r");
    assert_non_null(page);
    while (fgets(line, sizeof(line), page)) {
        struct section *section = section_count ? &sections[section_count - 1] : NULL;
        if (section && in_bytes) {
            in_bytes = strncmp(line, "```", 3) != 0;
            if (in_bytes) {
                read_bytes(section, line);
            }
        } else if (!strncmp(line, "### ", 4)) {
            read_heading(line);
        } else if (section && !strncmp(line, "| `", 3)) {
            read_field(section, line);
        } else if (!strncmp(line, "```hex", 6)) {
            assert_non_null(section);
            in_bytes = true;
        }
    }
    assert_int_equal(fclose(page), 0);
    return 0;
}

static const uint8_t *payload_of(const struct section *section, size_t *size) {
    static uint8_t copy[sizeof(section->frame)];
    const uint8_t *payload;
    struct sbx_frame_buffer buffer;
    memcpy(copy, section->frame, section->frame_size);
    sbx_frame_buffer_init(&buffer, copy, sizeof(copy));
    sbx_frame_buffer_commit(&buffer, section->frame_size);
    assert_int_equal(sbx_frame_buffer_peek(&buffer, &payload, size), SBX_FRAME_READY);
    assert_int_equal(*size + SBX_FRAME_HEADER, section->frame_size);
    return payload;
}

static void page_has_every_message_once(void **state) {
    (void)state;
    assert_int_equal(section_count, SAMPLE_COUNT + 1);
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        assert_string_equal(sections[i].name, samples[i].name);
        assert_string_equal(sections[i].name, sbx_op_name(sections[i].op));
        assert_int_equal(sections[i].op, samples[i].request.op);
    }
    assert_string_equal(sections[SAMPLE_COUNT].name, "reply");
}

static void tables_have_the_fields_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        assert_string_equal(sections[i].fields, samples[i].fields);
    }
    assert_string_equal(sections[SAMPLE_COUNT].fields, "iII");
}

static void request_bytes_unpack_to_the_example(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct sbx_request request;
        size_t size;
        const uint8_t *payload = payload_of(&sections[i], &size);
        assert_int_equal(sbx_request_unpack(&request, payload, size), 0);
        assert_true(same_request(&request, &samples[i].request));
    }
}

static void request_bytes_are_what_is_packed(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        uint8_t frame[256];
        size_t size = sbx_request_pack(&samples[i].request, frame, sizeof(frame));
        assert_int_equal(size, sections[i].frame_size);
        assert_memory_equal(frame, sections[i].frame, size);
    }
}

static void reply_bytes_are_the_example(void **state) {
    (void)state;
    const struct section *section = &sections[SAMPLE_COUNT];
    struct sbx_reply reply;
    uint8_t frame[SBX_REPLY_FRAME_MAX];
    size_t size;
    const uint8_t *payload = payload_of(section, &size);
    assert_int_equal(sbx_reply_unpack(&reply, payload, size), 0);
    assert_true(same_reply(&reply, &sample_reply));
    assert_int_equal(sbx_reply_pack(&reply, frame, sizeof(frame)), section->frame_size);
    assert_memory_equal(frame, section->frame, section->frame_size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_has_every_message_once),         cmocka_unit_test(tables_have_the_fields_in_order),
        cmocka_unit_test(request_bytes_unpack_to_the_example), cmocka_unit_test(request_bytes_are_what_is_packed),
        cmocka_unit_test(reply_bytes_are_the_example),
    };
    return cmocka_run_group_tests(tests, read_page, NULL);
}
