#include "broker/serve/dispatch.h"

#include "broker/sandbox/events.h"
#include "broker/serve/ops.h"

#include <string.h>

enum {
    NEEDS_HELLO = 1, /* only after a hello with our version */
    RECORDED = 2     /* an event is written */
};

static struct outcome serve_hello(struct client *client, const struct sbx_request *request) {
    client->greeted = request->u.hello.version == SBX_PROTOCOL_VERSION;
    struct outcome outcome = {client->greeted ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED, POLICY_ALLOWED,
                              SBX_PROTOCOL_VERSION, 0};
    return outcome;
}

/* What the shim tells is for people only: a path is shown as the program's word for it. */
static struct outcome serve_note(struct client *client, const struct sbx_request *request) {
    const struct sbx_note *note = &request->u.note;
    if (note->kind == SBX_NOTE_NO_SHIM && !note->name.size) {
        events_no_shim();
        return outcome_status(STATUS_SUCCESS);
    }
    if ((note->kind != SBX_NOTE_DENIED && note->kind != SBX_NOTE_UNREADABLE) || !note->name.size) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    memcpy(client->wide, note->name.bytes, note->name.size);
    struct policy_name name = {client->wide, note->name.size / sizeof(uint16_t)};
    if (note->kind == SBX_NOTE_DENIED) {
        events_denied(client->sandbox, client->pid, name, POLICY_OUTSIDE);
    } else if (root_set_hides(client->sandbox->set, name)) {
        events_denied(client->sandbox, client->pid, name, POLICY_HIDDEN);
    }
    return outcome_status(STATUS_SUCCESS);
}

static const struct {
    unsigned flags;
    struct outcome (*serve)(struct client *client, const struct sbx_request *request);
} operations[SBX_OP_COUNT] = {
    [SBX_OP_HELLO] = {0, serve_hello},
    [SBX_OP_DELETE] = {NEEDS_HELLO | RECORDED, op_delete},
    [SBX_OP_RENAME] = {NEEDS_HELLO | RECORDED, op_rename},
    [SBX_OP_LINK] = {NEEDS_HELLO | RECORDED, op_link},
    [SBX_OP_OPEN] = {NEEDS_HELLO | RECORDED, op_open},
    [SBX_OP_STAMP] = {NEEDS_HELLO | RECORDED, op_stamp},
    [SBX_OP_NOTE] = {NEEDS_HELLO, serve_note},
    [SBX_OP_SECURITY] = {NEEDS_HELLO | RECORDED, op_security},
    [SBX_OP_ENDED] = {NEEDS_HELLO, op_ended},
};

static LONGLONG now_microseconds(void) {
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return count.QuadPart / frequency.QuadPart * 1000000 +
           count.QuadPart % frequency.QuadPart * 1000000 / frequency.QuadPart;
}

static void count_success(struct sandbox *sandbox, const struct sbx_request *request) {
    bool named = request->op == SBX_OP_RENAME || request->op == SBX_OP_LINK;
    bool deletes = (request->op == SBX_OP_DELETE && (request->u.del.flags & NT_DISPOSITION_DELETE)) ||
                   (request->op == SBX_OP_OPEN && (request->u.open.options & FILE_DELETE_ON_CLOSE));
    if (deletes) {
        InterlockedIncrement(&sandbox->counters.deleted);
    } else if (named && (request->u.rename.flags & NT_RENAME_REPLACE_IF_EXISTS)) {
        InterlockedIncrement(&sandbox->counters.replaced);
    } else if (named) {
        InterlockedIncrement(&sandbox->counters.renamed);
    }
}

static void record(struct client *client, const struct sbx_request *request, const struct outcome *outcome,
                   LONGLONG began) {
    struct event event = {
        .op = request->op,
        .pid = client->pid,
        .subject = client->subject.name,
        .target = client->target.name,
        .status = outcome->status,
        .verdict = outcome->verdict,
        .information = (ULONG)outcome->information,
        .microseconds = now_microseconds() - began,
    };
    events_record(client->sandbox, &event);
}

bool dispatch(struct client *client, const uint8_t *payload, size_t size, struct sbx_reply *reply) {
    struct sbx_request request;
    if (sbx_request_unpack(&request, payload, size) || request.op >= SBX_OP_COUNT || !operations[request.op].serve ||
        ((operations[request.op].flags & NEEDS_HELLO) && !client->greeted)) {
        return false;
    }
    struct sandbox *sandbox = client->sandbox;
    /* The handle of the pipe may be with another process by now, of another run too. */
    if (sandbox->ended || WaitForSingleObject(client->process, 0) != WAIT_TIMEOUT) {
        return false;
    }
    LONGLONG began = now_microseconds();
    client->subject.name.length = 0;
    client->target.name.length = 0;
    InterlockedIncrement(&sandbox->counters.requests[request.op]);
    InterlockedExchange64(&client->since, (LONGLONG)GetTickCount64());
    struct outcome outcome = operations[request.op].serve(client, &request);
    InterlockedExchange64(&client->since, 0);
    if (outcome.verdict != POLICY_ALLOWED) {
        outcome.status = STATUS_ACCESS_DENIED;
        InterlockedIncrement(&sandbox->counters.refused);
    } else if (NT_SUCCESS(outcome.status)) {
        count_success(sandbox, &request);
    }
    /* The end of a deletion that is held names nothing; the deletion itself was told of. */
    bool ends_held =
        request.op == SBX_OP_DELETE && !(request.u.del.flags & NT_DISPOSITION_DELETE) && NT_SUCCESS(outcome.status);
    if ((operations[request.op].flags & RECORDED) && !ends_held) {
        record(client, &request, &outcome, began);
    }
    reply->status = (uint32_t)outcome.status;
    reply->information = outcome.information;
    reply->handle = outcome.handle;
    return true;
}
