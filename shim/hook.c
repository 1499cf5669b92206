#include "hook.h"

#include "nt.h"

#include <stdint.h>
#include <string.h>

#define RELAY_BYTES 0x10000u
#define ENTRY_BYTES ((size_t)48)

/* Jumps of the relay page: [0] to our function, [16] the stub's first 8 bytes and a jump to its ninth. */
static uint8_t *relay;
static unsigned relay_used;

/* Memory within 2 GB of ntdll, so that a 5-byte jump reaches it. */
static uint8_t *relay_near(uintptr_t target) {
    for (uintptr_t distance = RELAY_BYTES; distance < 0x70000000u; distance += 0x100000u) {
        for (int side = 0; side < 2; side++) {
            uintptr_t wish = (side ? target + distance : target - distance) & ~(uintptr_t)(RELAY_BYTES - 1);
            PVOID base = (PVOID)wish;
            SIZE_T size = 0x1000;
            if (NtAllocateVirtualMemory(GetCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT,
                                        PAGE_EXECUTE_READWRITE) == STATUS_SUCCESS_) {
                return base;
            }
        }
    }
    return NULL;
}

static void put_jump(uint8_t *at, uintptr_t target) {
    static const uint8_t jump[6] = {0xFF, 0x25, 0, 0, 0, 0}; /* jmp [rip] */
    memcpy(at, jump, sizeof(jump));
    memcpy(at + sizeof(jump), &target, sizeof(target));
}

static bool is_system_call_stub(const uint8_t *stub) {
    static const uint8_t start[4] = {0x4C, 0x8B, 0xD1, 0xB8};
    return memcmp(stub, start, sizeof(start)) == 0 && ((uintptr_t)stub & 7) == 0;
}

bool hook_install(void *function, void *replacement, void **original) {
    uint8_t *stub = function;
    if (!stub || !is_system_call_stub(stub) || (relay_used + 1) * ENTRY_BYTES > 0x1000) {
        return false;
    }
    if (!relay && !(relay = relay_near((uintptr_t)stub))) {
        return false;
    }
    uint8_t *entry = relay + relay_used++ * ENTRY_BYTES;
    uint8_t *trampoline = entry + 16;
    put_jump(entry, (uintptr_t)replacement);
    memcpy(trampoline, stub, 8);
    put_jump(trampoline + 8, (uintptr_t)stub + 8);
    *original = trampoline;

    union {
        uint8_t bytes[8];
        LONG64 whole;
    } patch;
    memcpy(patch.bytes, stub, 8);
    int32_t offset = (int32_t)((intptr_t)entry - ((intptr_t)stub + 5));
    patch.bytes[0] = 0xE9;
    memcpy(patch.bytes + 1, &offset, sizeof(offset));

    PVOID page = stub;
    SIZE_T size = 8;
    ULONG old;
    if (NtProtectVirtualMemory(GetCurrentProcess(), &page, &size, PAGE_EXECUTE_READWRITE, &old) != STATUS_SUCCESS_) {
        return false;
    }
    InterlockedExchange64((volatile LONG64 *)stub, patch.whole);
    NtProtectVirtualMemory(GetCurrentProcess(), &page, &size, old, &old);
    FlushInstructionCache(GetCurrentProcess(), stub, 8);
    return true;
}
