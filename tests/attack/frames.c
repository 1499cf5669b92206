/* Bytes that are no message, and messages that come in odd pieces. */
#include "attack.h"

#include "frames.h"

#include <string.h>

static uint8_t out[SBX_FRAME_HEADER + SBX_FRAME_MAX + 64];
static size_t used;

static void begin(void) { used = SBX_FRAME_HEADER; }

static void put(const void *bytes, size_t size) {
    memcpy(out + used, bytes, size);
    used += size;
}

static void put_uint(uint64_t value) {
    uint8_t bytes[9] = {0xCF};
    for (int i = 0; i < 8; i++) {
        bytes[1 + i] = (uint8_t)(value >> (56 - 8 * i));
    }
    put(bytes, sizeof(bytes));
}

static void put_bin(uint32_t claimed, const void *bytes, size_t size) {
    uint8_t head[5] = {0xC6, (uint8_t)(claimed >> 24), (uint8_t)(claimed >> 16), (uint8_t)(claimed >> 8),
                       (uint8_t)claimed};
    put(head, sizeof(head));
    put(bytes, size);
}

static void set_length(uint32_t length) {
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(length >> (8 * i));
    }
}

static void end(void) { set_length((uint32_t)(used - SBX_FRAME_HEADER)); }

/* stamp (0, 0, name): valid, and refused by the policy, since a bare name lies nowhere. */
static void put_refused_request(void) {
    put_uint(SBX_OP_STAMP);
    put_uint(0);
    put_uint(0);
    put_bin(2, "x", 2);
}

static void fill_with(uint8_t byte, size_t count) {
    memset(out + used, byte, count);
    used += count;
}

static void build_fields(enum frame_kind kind) {
    static uint8_t units[65536];
    switch (kind) {
    case FRAME_OP_ZERO: put_uint(0); break;
    case FRAME_OP_UNKNOWN: put_uint(0xFF); break;
    case FRAME_OP_WIDE: put_uint((1ull << 32) + SBX_OP_DELETE); break;
    case FRAME_ARRAY: put("\xdd\xff\xff\xff\xff", 5); break;
    case FRAME_MAP: put("\xdf\xff\xff\xff\xff", 5); break;
    case FRAME_NESTED: fill_with(0x91, 60000); break;
    case FRAME_NESTED_FIELD:
        put_uint(SBX_OP_DELETE);
        fill_with(0x81, 60000);
        break;
    case FRAME_NIL:
        put_uint(SBX_OP_DELETE);
        put("\xc0\x01\x0d", 3);
        break;
    case FRAME_EXT:
        put_uint(SBX_OP_DELETE);
        put("\xc9\xff\xff\xff\xff\x01", 6);
        break;
    case FRAME_NEGATIVE:
        put_uint(SBX_OP_DELETE);
        put("\xff\x01\x0d", 3);
        break;
    case FRAME_FLOAT:
        put_uint(SBX_OP_DELETE);
        put("\xcb\0\0\0\0\0\0\0\0\x01\x0d", 11);
        break;
    case FRAME_WIDE_FIELD:
        put_uint(SBX_OP_DELETE);
        put_uint(4);
        put_uint((1ull << 32) + 1);
        put_uint(13);
        break;
    case FRAME_MISSING:
        put_uint(SBX_OP_DELETE);
        put_uint(4);
        put_uint(1);
        break;
    case FRAME_TRAILING:
        put_refused_request();
        put("", 1);
        break;
    case FRAME_STRING_NAME:
        put_uint(SBX_OP_STAMP);
        put_uint(0);
        put_uint(0);
        put("\xa2xx", 3);
        break;
    case FRAME_NAME_OVERRUN:
        put_uint(SBX_OP_STAMP);
        put_uint(0);
        put_uint(0);
        put_bin(0x7FFFFFFF, "ab", 2);
        break;
    case FRAME_NAME_ODD:
        put_uint(SBX_OP_STAMP);
        put_uint(0);
        put_uint(0);
        put_bin(3, "abc", 3);
        break;
    case FRAME_NAME_LONG:
        put_uint(SBX_OP_STAMP);
        put_uint(0);
        put_uint(0);
        put_bin(sizeof(units), units, sizeof(units));
        break;
    case FRAME_REPLY: put("\x00\x00\x00", 3); break;
    default: put_refused_request(); break;
    }
}

unsigned frame_attack(uintptr_t argument) {
    enum frame_kind kind = (enum frame_kind)argument;
    begin();
    build_fields(kind);
    end();
    if (kind == FRAME_EMPTY || kind == FRAME_HUGE || kind == FRAME_OVER_LIMIT) {
        set_length(kind == FRAME_EMPTY ? 0 : kind == FRAME_HUGE ? 0xFFFFFFFFu : SBX_FRAME_MAX + 1);
    }
    if (kind == FRAME_WRONG_VERSION) {
        size_t request = used;
        HANDLE pipe = wire_connect();
        uint8_t hello[] = {3, 0, 0, 0, SBX_OP_HELLO, 0x7F, 1};
        unsigned outcome = wire_send(pipe, hello, sizeof(hello)) ? wire_receive(pipe, NULL) : CLOSED;
        if (outcome == FAILED) {
            outcome = wire_send(pipe, out, request) ? wire_receive(pipe, NULL) : CLOSED;
        }
        CloseHandle(pipe);
        return outcome;
    }
    return wire_once_raw(out, used, kind != FRAME_BEFORE_HELLO);
}

/* Two requests in one write: each gets its reply, in order. */
unsigned frame_glued(uintptr_t argument) {
    (void)argument;
    begin();
    put_refused_request();
    end();
    memcpy(out + used, out, used);
    HANDLE pipe = wire_client();
    unsigned first = wire_send(pipe, out, 2 * used) ? wire_receive(pipe, NULL) : CLOSED;
    unsigned second = first == REFUSED ? wire_receive(pipe, NULL) : first;
    CloseHandle(pipe);
    return second;
}

/* One byte at a time. */
unsigned frame_split(uintptr_t argument) {
    (void)argument;
    begin();
    put_refused_request();
    end();
    HANDLE pipe = wire_client();
    bool sent = true;
    for (size_t i = 0; sent && i < used; i++) {
        sent = wire_send(pipe, out + i, 1);
    }
    unsigned outcome = sent ? wire_receive(pipe, NULL) : CLOSED;
    CloseHandle(pipe);
    return outcome;
}

/* Cut off at every length. */
unsigned frame_cut(uintptr_t argument) {
    (void)argument;
    begin();
    put_refused_request();
    end();
    for (size_t size = 0; size < used; size++) {
        HANDLE pipe = wire_client();
        if (pipe == INVALID_HANDLE_VALUE || !wire_send(pipe, out, size)) {
            return HUNG;
        }
        CloseHandle(pipe);
    }
    return HELD;
}

static uint32_t random_state = 12345;

static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

unsigned frame_random(uintptr_t argument) {
    (void)argument;
    for (int round = 0; round < 60; round++) {
        size_t size = 1 + next_random() % 300;
        begin();
        for (size_t i = 0; i < size; i++) {
            out[used++] = (uint8_t)next_random();
        }
        end();
        unsigned outcome = wire_once_raw(out, used, round % 2 == 0);
        if (outcome & ~(unsigned)(CLOSED | REFUSED | FAILED)) {
            return outcome == HUNG ? HUNG : OPEN;
        }
    }
    return HELD;
}

/* A request to delete a file outside with each byte changed in turn. */
unsigned frame_flipped(uintptr_t argument) {
    (void)argument;
    HANDLE victim = open_object(below(scene.outside, L"kept.txt"), GENERIC_READ);
    if (victim == INVALID_HANDLE_VALUE) {
        return FAILED;
    }
    struct sbx_request request = delete_request(victim);
    size_t size = sbx_request_pack(&request, out, sizeof(out));
    unsigned result = HELD;
    for (size_t i = SBX_FRAME_HEADER; i < size && result == HELD; i++) {
        for (unsigned mask = 1; mask <= 128 && result == HELD; mask *= 8) {
            out[i] ^= (uint8_t)mask;
            HANDLE pipe = wire_client();
            unsigned outcome = wire_send(pipe, out, size) ? wire_receive_within(pipe, NULL, 5000) : CLOSED;
            CloseHandle(pipe);
            result = outcome & (CLOSED | REFUSED | FAILED) ? HELD : outcome;
            out[i] ^= (uint8_t)mask;
        }
    }
    CloseHandle(victim);
    return result == SERVED ? OPEN : result;
}

/* A hello that claims another process: nothing follows from it, the request after it is judged for this process. */
unsigned frame_hello_other_pid(uintptr_t argument) {
    struct sbx_request hello = {.op = SBX_OP_HELLO};
    hello.u.hello.version = SBX_PROTOCOL_VERSION;
    hello.u.hello.pid = (uint32_t)argument ? (uint32_t)argument : scene.broker;
    HANDLE pipe = wire_connect();
    unsigned outcome = wire_request(pipe, &hello, NULL);
    for (uintptr_t value = 4; outcome == SERVED && value < 400; value += 4) {
        struct sbx_request request = delete_request((HANDLE)value);
        unsigned answer = wire_request(pipe, &request, NULL);
        outcome = answer == SERVED ? OPEN : answer & (REFUSED | FAILED) ? SERVED : answer;
    }
    CloseHandle(pipe);
    return outcome == SERVED ? HELD : outcome;
}
