/* The hostile client's end of the pipe, and where the shim's settings lie. Every wait has a limit, so that a broker
 * that hangs is found. */
#include "attack.h"

#include <string.h>

/* Each thread of a race has its own. */
static _Thread_local uint8_t packed[SBX_FRAME_HEADER + SBX_FRAME_MAX];

HANDLE wire_open(const wchar_t *path) {
    return CreateFileW(path, FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES, 3, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED, NULL);
}

HANDLE wire_connect(void) {
    HANDLE pipe = INVALID_HANDLE_VALUE;
    for (int tries = 0; pipe == INVALID_HANDLE_VALUE && tries < 1000; tries++) {
        pipe = wire_open(scene.pipe);
        if (pipe == INVALID_HANDLE_VALUE) {
            Sleep(5);
        }
    }
    return pipe;
}

/* Finishes a started read or write. -1: cancelled at the limit. */
static int finish(HANDLE pipe, OVERLAPPED *io, BOOL started, DWORD limit_ms, DWORD *done) {
    if (!started && GetLastError() != ERROR_IO_PENDING) {
        return 0;
    }
    if (!started && WaitForSingleObject(io->hEvent, limit_ms) != WAIT_OBJECT_0) {
        CancelIo(pipe);
        GetOverlappedResult(pipe, io, done, TRUE);
        return -1;
    }
    return GetOverlappedResult(pipe, io, done, FALSE) ? 1 : 0;
}

bool wire_send(HANDLE pipe, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    OVERLAPPED io = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD done = 0;
    bool sent = true;
    while (size && sent) {
        DWORD part = size > 65536 ? 65536 : (DWORD)size;
        sent = finish(pipe, &io, WriteFile(pipe, at, part, NULL, &io), WIRE_LIMIT_MS, &done) == 1 && done;
        at += done;
        size -= sent ? done : 0;
    }
    CloseHandle(io.hEvent);
    return sent;
}

static unsigned by_status(uint32_t status) {
    if (status == 0xC0000022u) {
        return REFUSED;
    }
    if (status >= 0x80000000u) {
        detail("status %08lx", (unsigned long)status);
        return FAILED;
    }
    return SERVED;
}

unsigned wire_receive_within(HANDLE pipe, struct sbx_reply *reply, DWORD limit_ms) {
    uint8_t bytes[SBX_REPLY_FRAME_MAX];
    struct sbx_reply own;
    size_t used = 0, wanted = SBX_FRAME_HEADER;
    OVERLAPPED io = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    int result = 1;
    while (result == 1 && used < wanted) {
        DWORD done = 0;
        result = finish(pipe, &io, ReadFile(pipe, bytes + used, (DWORD)(wanted - used), NULL, &io), limit_ms, &done);
        result = result == 1 && !done ? 0 : result;
        used += done;
        if (used == SBX_FRAME_HEADER && wanted == SBX_FRAME_HEADER) {
            wanted += (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
            result = wanted > sizeof(bytes) ? 0 : result;
        }
    }
    CloseHandle(io.hEvent);
    if (result != 1) {
        return result < 0 ? HUNG : CLOSED;
    }
    reply = reply ? reply : &own;
    return sbx_reply_unpack(reply, bytes + SBX_FRAME_HEADER, wanted - SBX_FRAME_HEADER) ? FAILED
                                                                                        : by_status(reply->status);
}

unsigned wire_receive(HANDLE pipe, struct sbx_reply *reply) { return wire_receive_within(pipe, reply, WIRE_LIMIT_MS); }

unsigned wire_request(HANDLE pipe, const struct sbx_request *request, struct sbx_reply *reply) {
    size_t size = sbx_request_pack(request, packed, sizeof(packed));
    if (!size) {
        detail("the request does not pack");
        return FAILED;
    }
    return wire_send(pipe, packed, size) ? wire_receive(pipe, reply) : CLOSED;
}

HANDLE wire_client(void) {
    struct sbx_request hello = {.op = SBX_OP_HELLO};
    hello.u.hello.version = SBX_PROTOCOL_VERSION;
    hello.u.hello.pid = GetCurrentProcessId();
    for (int tries = 0; tries < 200; tries++) {
        HANDLE pipe = wire_connect();
        if (pipe == INVALID_HANDLE_VALUE) {
            return pipe;
        }
        if (wire_request(pipe, &hello, NULL) == SERVED) {
            return pipe;
        }
        /* The connections of an attack before may still be on their way out. */
        CloseHandle(pipe);
        Sleep(10);
    }
    return INVALID_HANDLE_VALUE;
}

unsigned wire_once(const struct sbx_request *request, struct sbx_reply *reply) {
    HANDLE pipe = wire_client();
    unsigned outcome = pipe == INVALID_HANDLE_VALUE ? HUNG : wire_request(pipe, request, reply);
    CloseHandle(pipe);
    return outcome;
}

unsigned wire_once_raw(const void *bytes, size_t size, bool hello) {
    HANDLE pipe = hello ? wire_client() : wire_connect();
    unsigned outcome = HUNG;
    if (pipe != INVALID_HANDLE_VALUE) {
        outcome = wire_send(pipe, bytes, size) ? wire_receive(pipe, NULL) : CLOSED;
        CloseHandle(pipe);
    }
    return outcome;
}

struct sbx_name wire_name(const wchar_t *text) {
    struct sbx_name name = {(const uint8_t *)text, (uint32_t)(wcslen(text) * sizeof(wchar_t))};
    return name;
}

uint64_t wire_handle(HANDLE handle) { return (uint64_t)(uintptr_t)handle; }

struct sbx_request delete_request(HANDLE handle) {
    struct sbx_request request = {.op = SBX_OP_DELETE};
    request.u.del.handle = wire_handle(handle);
    request.u.del.flags = 1;
    request.u.del.info_class = 13;
    return request;
}

struct sbx_request rename_request(HANDLE handle, HANDLE directory, const wchar_t *name) {
    struct sbx_request request = {.op = SBX_OP_RENAME};
    request.u.rename.handle = wire_handle(handle);
    request.u.rename.directory = wire_handle(directory);
    request.u.rename.name = wire_name(name);
    request.u.rename.flags = 1;
    request.u.rename.info_class = 10;
    return request;
}

struct sbx_request link_request(HANDLE handle, HANDLE directory, const wchar_t *name) {
    struct sbx_request request = rename_request(handle, directory, name);
    request.op = SBX_OP_LINK;
    request.u.rename.flags = 0;
    request.u.rename.info_class = 11;
    return request;
}

struct sbx_request open_request(HANDLE directory, const wchar_t *name, ACCESS_MASK access, ULONG disposition,
                                ULONG options) {
    struct sbx_request request = {.op = SBX_OP_OPEN};
    request.u.open.directory = wire_handle(directory);
    request.u.open.name = wire_name(name);
    request.u.open.object_attributes = OBJ_CASE_INSENSITIVE;
    request.u.open.access = access;
    request.u.open.share = 7;
    request.u.open.disposition = disposition;
    request.u.open.options = options;
    return request;
}

struct sbx_request stamp_request(HANDLE handle) {
    struct sbx_request request = {.op = SBX_OP_STAMP};
    request.u.stamp.handle = wire_handle(handle);
    request.u.stamp.name = wire_name(L"");
    return request;
}

struct sbx_request security_request(HANDLE handle, const void *dacl, uint32_t size) {
    struct sbx_request request = {.op = SBX_OP_SECURITY};
    request.u.security.handle = wire_handle(handle);
    request.u.security.dacl.bytes = dacl;
    request.u.security.dacl.size = size;
    return request;
}

struct sbx_settings *shim_settings(void) {
    for (unsigned slot = 0; slot < SBX_SETTINGS_SLOTS; slot++) {
        struct sbx_settings *config = (struct sbx_settings *)(uintptr_t)(SBX_SETTINGS_ADDRESS(slot) & ~0xFFFFull);
        MEMORY_BASIC_INFORMATION memory;
        if (VirtualQuery(config, &memory, sizeof(memory)) && memory.State == MEM_COMMIT &&
            config->magic == SBX_SETTINGS_MAGIC) {
            return config;
        }
    }
    return NULL;
}

bool wire_find_pipe(void) {
    const struct sbx_settings *config = shim_settings();
    if (!config || config->pipe_size > 140) {
        return false;
    }
    wcscpy(scene.pipe, L"\\\\.\\");
    memcpy(scene.pipe + 4, (const BYTE *)config + config->pipe_offset + 8, config->pipe_size - 8);
    scene.pipe[4 + (config->pipe_size - 8) / 2] = 0;
    return true;
}
