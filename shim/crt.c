/* What the compiler and msgpack-c expect of a C library. The shim is loaded before one could be, so they stand here. */
#include <stddef.h>
#include <windows.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    unsigned char *out = to;
    const unsigned char *in = from;
    while (size--) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    unsigned char *out = to;
    const unsigned char *in = from;
    if (out <= in) {
        return memcpy(to, from, size);
    }
    while (size--) {
        out[size] = in[size];
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    unsigned char *out = to;
    while (size--) {
        *out++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size) {
    const unsigned char *a = left, *b = right;
    for (; size; size--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

void *malloc(size_t size) { return HeapAlloc(GetProcessHeap(), 0, size); }

void *calloc(size_t count, size_t size) {
    if (size && count > (size_t)-1 / size) {
        return NULL;
    }
    return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, count * size);
}

void *realloc(void *block, size_t size) { return block ? HeapReAlloc(GetProcessHeap(), 0, block, size) : malloc(size); }

void free(void *block) {
    if (block) {
        HeapFree(GetProcessHeap(), 0, block);
    }
}
