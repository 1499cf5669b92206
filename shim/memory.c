#include "memory.h"

#define PAGE 0x1000u

bool memory_copy_in(const void *from, void *to, SIZE_T size) {
    SIZE_T done = 0;
    return from && NtReadVirtualMemory(GetCurrentProcess(), from, to, size, &done) == STATUS_SUCCESS_ && done == size;
}

bool memory_is_readable(const void *from, SIZE_T size) {
    const BYTE *at = from, *end = at + size;
    BYTE byte;
    if (!size) {
        return true;
    }
    for (; at < end; at = (const BYTE *)(((uintptr_t)at & ~(uintptr_t)(PAGE - 1)) + PAGE)) {
        if (!memory_copy_in(at, &byte, 1)) {
            return false;
        }
    }
    return true;
}
