#include "client.h"

#include "calls.h"
#include "proto/frame.h"
#include "settings.h"

#define SLOTS 16
#define BUFFER_BYTES ((SIZE_T)SBX_FRAME_HEADER + SBX_FRAME_MAX)

struct slot {
    volatile LONG busy;
    bool cut;    /* the broker ended the connection */
    HANDLE pipe; /* NULL when not connected */
    HANDLE event;
    uint8_t *buffer; /* BUFFER_BYTES for requests; replies go to a small one on the stack */
};

static struct slot slots[SLOTS];
static volatile LONG gone;   /* the pipe does not exist any more */
static volatile LONG ending; /* this is the only thread left */

static void pause_ms(unsigned milliseconds) {
    LARGE_INTEGER interval;
    interval.QuadPart = -(LONGLONG)milliseconds * 10000;
    NtDelayExecution(FALSE, &interval);
}

/* A thread prefers the slot it had last, so that a lone thread uses one connection. */
static struct slot *slot_take(void) {
    unsigned first = GetCurrentThreadId() / 4 % SLOTS;
    /* By the clock: a pause of a millisecond lasts up to sixteen. */
    for (ULONGLONG until = GetTickCount64() + settings_block()->wait_ms;;) {
        for (unsigned i = 0; i < SLOTS; i++) {
            struct slot *slot = &slots[(first + i) % SLOTS];
            if (!slot->busy && !InterlockedCompareExchange(&slot->busy, 1, 0)) {
                return slot;
            }
        }
        if (ending || GetTickCount64() >= until) {
            return NULL;
        }
        pause_ms(1);
    }
}

void client_last_calls(void) { ending = 1; }

/* A program that closes handles which it did not open would else get a file with the value of one of these, and the
 * next request would be written into it. */
static void keep_open(HANDLE handle, bool on) {
    struct nt_handle_flags flags = {FALSE, on ? TRUE : FALSE};
    NtSetInformationObject(handle, NT_OBJECT_HANDLE_FLAGS, &flags, sizeof(flags));
}

static void slot_disconnect(struct slot *slot) {
    if (slot->pipe) {
        keep_open(slot->pipe, false);
        NtClose(slot->pipe);
        slot->pipe = NULL;
    }
}

static bool slot_prepare(struct slot *slot) {
    if (!slot->buffer) {
        PVOID base = NULL;
        SIZE_T size = BUFFER_BYTES;
        if (NtAllocateVirtualMemory(GetCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) !=
            STATUS_SUCCESS_) {
            return false;
        }
        slot->buffer = base;
    }
    if (!slot->event) {
        if (NtCreateEvent(&slot->event, EVENT_ALL_ACCESS, NULL, 1, FALSE) != STATUS_SUCCESS_) {
            slot->event = NULL;
            return false;
        }
        keep_open(slot->event, true);
    }
    return true;
}

static bool is_cut(NTSTATUS status) {
    return status == STATUS_PIPE_BROKEN_ || status == STATUS_PIPE_CLOSING_ || status == STATUS_PIPE_DISCONNECTED_;
}

/* Waits for a started read or write; at the time limit it is cancelled and waited for, since the kernel writes to `io`.
 */
static NTSTATUS finish(struct slot *slot, NTSTATUS status, IO_STATUS_BLOCK *io) {
    if (status != STATUS_PENDING_) {
        status = status == STATUS_SUCCESS_ ? io->Status : status;
        slot->cut = is_cut(status);
        return status;
    }
    LARGE_INTEGER limit;
    limit.QuadPart = -(LONGLONG)settings_block()->wait_ms * 10000;
    if (NtWaitForSingleObject(slot->event, FALSE, &limit) == STATUS_SUCCESS_) {
        slot->cut = is_cut(io->Status);
        return io->Status;
    }
    IO_STATUS_BLOCK cancelled;
    NtCancelIoFile(slot->pipe, &cancelled);
    NtWaitForSingleObject(slot->event, FALSE, NULL);
    return STATUS_TIMEOUT_;
}

static bool send_bytes(struct slot *slot, const uint8_t *bytes, size_t size) {
    while (size) {
        IO_STATUS_BLOCK io = {0};
        NTSTATUS status = NtWriteFile(slot->pipe, slot->event, NULL, NULL, &io, bytes, (ULONG)size, NULL, NULL);
        if (finish(slot, status, &io) != STATUS_SUCCESS_ || !io.Information || io.Information > size) {
            return false;
        }
        bytes += io.Information;
        size -= io.Information;
    }
    return true;
}

static bool receive_reply(struct slot *slot, struct sbx_reply *reply) {
    uint8_t bytes[SBX_REPLY_FRAME_MAX];
    struct sbx_frame_buffer buffer;
    sbx_frame_buffer_init(&buffer, bytes, sizeof(bytes));
    for (;;) {
        const uint8_t *payload;
        size_t size, room;
        enum sbx_frame_result result = sbx_frame_buffer_peek(&buffer, &payload, &size);
        if (result == SBX_FRAME_READY) {
            return sbx_reply_unpack(reply, payload, size) == 0;
        }
        uint8_t *space = sbx_frame_buffer_space(&buffer, &room);
        IO_STATUS_BLOCK io = {0};
        if (result == SBX_FRAME_BAD || !room) {
            return false;
        }
        NTSTATUS status = NtReadFile(slot->pipe, slot->event, NULL, NULL, &io, space, (ULONG)room, NULL, NULL);
        if (finish(slot, status, &io) != STATUS_SUCCESS_ || !io.Information || io.Information > room) {
            return false;
        }
        sbx_frame_buffer_commit(&buffer, io.Information);
    }
}

static bool exchange(struct slot *slot, const struct sbx_request *request, struct sbx_reply *reply) {
    size_t size = sbx_request_pack(request, slot->buffer, BUFFER_BYTES);
    return size && send_bytes(slot, slot->buffer, size) && receive_reply(slot, reply);
}

static NTSTATUS open_pipe(struct slot *slot) {
    const struct sbx_settings *config = settings_block();
    UNICODE_STRING name = {(USHORT)config->pipe_size, (USHORT)config->pipe_size,
                           (PWSTR)(uintptr_t)settings_string(config->pipe_offset)};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return originals.create_file(&slot->pipe, FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                                 &attributes, &io, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
}

static bool slot_open(struct slot *slot, ULONGLONG until) {
    NTSTATUS status = STATUS_PIPE_NOT_AVAILABLE_;
    while (!gone) {
        status = open_pipe(slot);
        if (status != STATUS_PIPE_NOT_AVAILABLE_ && status != STATUS_PIPE_BUSY_ &&
            status != STATUS_INSTANCE_NOT_AVAILABLE_) {
            break;
        }
        if (GetTickCount64() >= until) {
            break;
        }
        pause_ms(5);
    }
    if (status != STATUS_SUCCESS_) {
        slot->pipe = NULL;
        if (status == STATUS_OBJECT_NAME_NOT_FOUND_) {
            InterlockedExchange(&gone, 1);
        }
        return false;
    }
    keep_open(slot->pipe, true);
    return true;
}

/* Where the broker serves as many as it can, it ends a new connection at once: this one waits its turn. */
static bool slot_connect(struct slot *slot) {
    struct sbx_request hello = {.op = SBX_OP_HELLO};
    struct sbx_reply reply;
    hello.u.hello.version = SBX_PROTOCOL_VERSION;
    hello.u.hello.pid = GetCurrentProcessId();
    for (ULONGLONG until = GetTickCount64() + settings_block()->wait_ms;;) {
        slot->cut = false;
        if (!slot_open(slot, until)) {
            return false;
        }
        if (exchange(slot, &hello, &reply)) {
            if (reply.status == (uint32_t)STATUS_SUCCESS_) {
                return true;
            }
            slot->cut = false;
        }
        slot_disconnect(slot);
        if (!slot->cut || ending || GetTickCount64() >= until) {
            return false;
        }
        pause_ms(10);
    }
}

static bool call_once(struct slot *slot, const struct sbx_request *request, struct sbx_reply *reply) {
    slot->cut = false;
    bool done = (slot->pipe || slot_connect(slot)) && exchange(slot, request, reply);
    if (!done) {
        /* What state the connection is in is not known. */
        slot_disconnect(slot);
    }
    return done;
}

bool client_call(const struct sbx_request *request, struct sbx_reply *reply) {
    if (gone) {
        return false;
    }
    struct slot *slot = slot_take();
    if (!slot) {
        return false;
    }
    bool idle = slot->pipe != NULL;
    bool done = slot_prepare(slot) && call_once(slot, request, reply);
    /* The broker ends connections that have long been idle where others need room, and never between a request and its
     * reply. */
    if (!done && idle && slot->cut) {
        done = call_once(slot, request, reply);
    }
    InterlockedExchange(&slot->busy, 0);
    return done;
}
