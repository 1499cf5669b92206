#include "memory.h"

#include <string.h>

/* Asking what a page is costs one call and copies nothing; NtReadVirtualMemory on the own process would do for Windows
 * as well, but Wine stops the thread with a signal for it. A program whose other threads unmap what it passes to the
 * system meanwhile faults, here as in kernel32. */
static bool region_is_readable(const BYTE *at, const BYTE **end) {
    MEMORY_BASIC_INFORMATION region;
    const DWORD readable = PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READ |
                           PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
    if (NtQueryVirtualMemory(GetCurrentProcess(), at, 0, &region, sizeof(region), NULL) != STATUS_SUCCESS_) {
        return false;
    }
    *end = (const BYTE *)region.BaseAddress + region.RegionSize;
    return region.State == MEM_COMMIT && (region.Protect & readable) && !(region.Protect & PAGE_GUARD);
}

bool memory_is_readable(const void *from, SIZE_T size) {
    const BYTE *at = from, *last = at + size, *end;
    if (last < at) {
        return false;
    }
    while (at < last) {
        if (!region_is_readable(at, &end) || end <= at) {
            return false;
        }
        at = end;
    }
    return true;
}

bool memory_copy_in(const void *from, void *to, SIZE_T size) {
    if (!from || !memory_is_readable(from, size)) {
        return false;
    }
    memcpy(to, from, size);
    return true;
}
