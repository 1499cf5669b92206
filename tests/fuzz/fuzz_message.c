/* Whatever a payload holds: unpacking allocates nothing and stays inside; what unpacks packs again to the same message,
 * in no more bytes; one byte less or more is refused. The input is taken as a request and as a reply. */
#include "tests/fuzz/fuzz.h"

#include "proto/message.h"

#include "../unit/samples.h"
#include "proto/frame.h"

#include <sanitizer/allocator_interface.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static uint8_t frame[SBX_FRAME_HEADER + SBX_FRAME_MAX];
static unsigned long allocations;

static void on_malloc(const volatile void *pointer, size_t size) {
    (void)pointer, (void)size;
    allocations++;
}

static void on_free(const volatile void *pointer) { (void)pointer; }

static void check_name(const struct sbx_name *name, const uint8_t *payload, size_t size) {
    REQUIRE(name->size % 2 == 0 && name->size <= SBX_NAME_MAX);
    REQUIRE(name->bytes >= payload && name->bytes <= payload + size);
    REQUIRE(name->size <= (size_t)(payload + size - name->bytes));
}

static void check_names(const struct sbx_request *request, const uint8_t *payload, size_t size) {
    switch (request->op) {
    case SBX_OP_RENAME:
    case SBX_OP_LINK: check_name(&request->u.rename.name, payload, size); break;
    case SBX_OP_OPEN: check_name(&request->u.open.name, payload, size); break;
    case SBX_OP_STAMP: check_name(&request->u.stamp.name, payload, size); break;
    case SBX_OP_NOTE: check_name(&request->u.note.name, payload, size); break;
    case SBX_OP_SECURITY: check_name(&request->u.security.dacl, payload, size); break;
    default: REQUIRE(request->op == SBX_OP_HELLO || request->op == SBX_OP_DELETE || request->op == SBX_OP_ENDED);
    }
}

static void check_request(const uint8_t *data, size_t size) {
    struct sbx_request request, again;
    unsigned long before = allocations;
    int result = sbx_request_unpack(&request, data, size);
    REQUIRE(allocations == before);
    if (result) {
        REQUIRE(result == -1);
        return;
    }
    check_names(&request, data, size);
    size_t packed = sbx_request_pack(&request, frame, sizeof(frame));
    REQUIRE(packed > SBX_FRAME_HEADER && packed <= SBX_FRAME_HEADER + size);
    size_t payload_size = packed - SBX_FRAME_HEADER;
    REQUIRE(!sbx_request_unpack(&again, frame + SBX_FRAME_HEADER, payload_size) && same_request(&request, &again));
    REQUIRE(sbx_request_unpack(&again, data, size - 1));
    REQUIRE(sbx_request_unpack(&again, frame + SBX_FRAME_HEADER, payload_size - 1));
    if (packed < sizeof(frame)) {
        frame[packed] = data[0];
        REQUIRE(sbx_request_unpack(&again, frame + SBX_FRAME_HEADER, payload_size + 1));
    }
    REQUIRE(!sbx_request_pack(&request, frame, packed - 1));
    REQUIRE(allocations == before);
}

static void check_reply(const uint8_t *data, size_t size) {
    struct sbx_reply reply, again;
    unsigned long before = allocations;
    if (sbx_reply_unpack(&reply, data, size)) {
        REQUIRE(allocations == before);
        return;
    }
    size_t packed = sbx_reply_pack(&reply, frame, SBX_REPLY_FRAME_MAX);
    REQUIRE(packed > SBX_FRAME_HEADER && packed <= SBX_FRAME_HEADER + size);
    REQUIRE(!sbx_reply_unpack(&again, frame + SBX_FRAME_HEADER, packed - SBX_FRAME_HEADER));
    REQUIRE(same_reply(&reply, &again));
    REQUIRE(sbx_reply_unpack(&again, data, size - 1));
    REQUIRE(allocations == before);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    REQUIRE(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_request(data, size);
    check_reply(data, size);
    return 0;
}
