/* Each connection has a thread that reads a frame, serves it and writes the reply, with blocking calls: the cheapest
 * hop there is, the requests of a client stay in order, and a client that stalls, in the middle of a frame or in an
 * operation, stalls nobody else. What bounds it are the limits of server.h. */
#include "broker/serve/server.h"

#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/serve/client.h"
#include "broker/serve/dispatch.h"
#include "broker/serve/held.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define PIPE_BUFFER 65536u
/* FILE_GENERIC_READ and writing, without FILE_APPEND_DATA, which is FILE_CREATE_PIPE_INSTANCE */
#define PIPE_CLIENT_ACCESS (FILE_GENERIC_READ | FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA | SYNCHRONIZE)

/* How often a newcomer looks for the place of a connection that was cut off. */
#define ROOM_TRIES 50u
#define ROOM_WAIT_MS 2u
#define EVICTED_TOGETHER 16u

struct server {
    struct sandbox *sandbox;
    wchar_t dos_path[64];
    wchar_t nt_path[64];
    PSECURITY_DESCRIPTOR descriptor;
    HANDLE waiting; /* the instance that the next client gets */
    uv_thread_t acceptor;
    HANDLE emptied;  /* set when the last client goes after the end of the run */
    uv_mutex_t lock; /* clients and count */
    struct client *clients[SERVER_MAX_CLIENTS];
    size_t count;
};

struct start {
    struct server *server;
    struct client *client;
};

static PSECURITY_DESCRIPTOR pipe_descriptor(const struct sandbox *sandbox) {
    PSID user = sid_user();
    wchar_t *user_text = NULL, *run_text = NULL, sddl[512];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (user && ConvertSidToStringSidW(user, &user_text) && ConvertSidToStringSidW(sandbox->run_sid, &run_text)) {
        /* Remote clients are kept out by the pipe's mode. A deny for NETWORK would also keep out the broker and its
         * program in a session that was logged on by ssh. The user's own entry serves the broker; a child's token
         * passes its second check by the run SID alone. */
        (void)swprintf(sddl, 512, L"D:P(A;;GA;;;%ls)(A;;0x%lx;;;%ls)%ls", user_text, (unsigned long)PIPE_CLIENT_ACCESS,
                       run_text, sandbox->low ? L"S:(ML;;NW;;;LW)" : L"");
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL)) {
            descriptor = NULL;
        }
    }
    LocalFree(user_text);
    LocalFree(run_text);
    LocalFree(user);
    return descriptor;
}

static HANDLE create_instance(const struct server *server, bool first) {
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), server->descriptor, FALSE};
    return CreateNamedPipeW(server->dos_path, PIPE_ACCESS_DUPLEX | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
                            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
                            PIPE_UNLIMITED_INSTANCES, PIPE_BUFFER, PIPE_BUFFER, 0, &attributes);
}

static bool write_all(HANDLE pipe, const uint8_t *bytes, size_t size) {
    DWORD written;
    return WriteFile(pipe, bytes, (DWORD)size, &written, NULL) && written == size;
}

/* Only the first byte of a request may take as long as the client likes, and that only after a hello: from here to the
 * matching call with `false` the watchdog's limit runs. */
static void limit(struct client *client, bool on) {
    InterlockedExchange64(&client->since, on ? (LONGLONG)GetTickCount64() : 0);
}

/* Serves frames until the client goes away, breaks the protocol or lets the broker wait in the middle of something. */
static void serve(struct client *client) {
    struct sbx_frame_buffer buffer;
    sbx_frame_buffer_init(&buffer, client->frame, sizeof(client->frame));
    for (;;) {
        const uint8_t *payload;
        size_t size, room;
        enum sbx_frame_result result = sbx_frame_buffer_peek(&buffer, &payload, &size);
        if (result == SBX_FRAME_BAD) {
            return;
        }
        if (result == SBX_FRAME_READY) {
            struct sbx_reply reply = {0};
            uint8_t out[SBX_REPLY_FRAME_MAX];
            if (!dispatch(client, payload, size, &reply)) {
                return;
            }
            sbx_frame_buffer_drop(&buffer);
            size_t length = sbx_reply_pack(&reply, out, sizeof(out));
            limit(client, true);
            if (!length || !write_all(client->pipe, out, length)) {
                return;
            }
            limit(client, false);
            continue;
        }
        uint8_t *space = sbx_frame_buffer_space(&buffer, &room);
        DWORD got;
        bool idle = !buffer.used && client->greeted;
        if (!idle && !client->since) {
            limit(client, true);
        }
        InterlockedExchange64(&client->idle_since, idle ? (LONGLONG)(GetTickCount64() | 1) : 0);
        bool read = ReadFile(client->pipe, space, (DWORD)room, &got, NULL) && got;
        /* Who cuts off an idle connection takes this first: a request that came at that moment is not served, and the
         * shim sends it again. */
        if ((idle && !InterlockedExchange64(&client->idle_since, 0)) || !read) {
            return;
        }
        sbx_frame_buffer_commit(&buffer, got);
    }
}

static void client_free(struct client *client) {
    held_forget(client);
    if (client->pipe) {
        CloseHandle(client->pipe);
    }
    if (client->process) {
        CloseHandle(client->process);
    }
    if (client->thread) {
        CloseHandle(client->thread);
    }
    free(client);
}

static void client_forget(struct server *server, struct client *client) {
    uv_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->count; i++) {
        if (server->clients[i] == client) {
            server->clients[i] = server->clients[--server->count];
            break;
        }
    }
    if (!server->count && server->sandbox->ended) {
        SetEvent(server->emptied);
    }
    uv_mutex_unlock(&server->lock);
    client_free(client);
}

static void client_main(void *argument) {
    struct start *start = argument;
    struct server *server = start->server;
    struct client *client = start->client;
    free(start);
    if (!client->sandbox->operations_token || SetThreadToken(NULL, client->sandbox->operations_token)) {
        serve(client);
    }
    client_forget(server, client);
}

/* The process at the other end, never a process id out of a message. */
static bool identify(struct client *client) {
    ULONG pid;
    BOOL inside = FALSE;
    if (!GetNamedPipeClientProcessId(client->pipe, &pid)) {
        return false;
    }
    /* Wine's IsProcessInJob asks for PROCESS_QUERY_INFORMATION; on Windows the limited right would do. */
    client->process = OpenProcess(PROCESS_DUP_HANDLE | PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, pid);
    client->pid = pid;
    return client->process && IsProcessInJob(client->process, client->sandbox->job, &inside) && inside;
}

enum entry { ENTERED, TOO_MANY_OF_PROCESS, FULL };

static enum entry enter(struct server *server, struct client *client) {
    size_t same = 0;
    uv_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->count; i++) {
        same += server->clients[i]->pid == client->pid;
    }
    enum entry entry = same >= SERVER_MAX_CLIENTS_PER_PROCESS ? TOO_MANY_OF_PROCESS
                       : server->count >= SERVER_MAX_CLIENTS  ? FULL
                                                              : ENTERED;
    if (entry == ENTERED) {
        server->clients[server->count++] = client;
    }
    uv_mutex_unlock(&server->lock);
    return entry;
}

/* Cuts off the connection that has waited longest for its next request. False when none waits. */
static bool evict_one(struct server *server) {
    struct client *oldest = NULL;
    LONGLONG longest = 0;
    uv_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->count; i++) {
        LONGLONG since = server->clients[i]->idle_since;
        if (since && server->clients[i]->thread && (!oldest || since < longest) && !held_any(server->clients[i])) {
            oldest = server->clients[i];
            longest = since;
        }
    }
    bool taken = oldest && InterlockedCompareExchange64(&oldest->idle_since, 0, longest) == longest;
    if (taken) {
        CancelSynchronousIo(oldest->thread);
    }
    uv_mutex_unlock(&server->lock);
    return taken;
}

/* Several at a time: where there is one newcomer too many there are more. */
static bool evict(struct server *server) {
    bool any = false;
    for (unsigned i = 0; i < EVICTED_TOGETHER && evict_one(server); i++) {
        any = true;
    }
    return any;
}

static bool let_in(struct server *server, struct client *client) {
    enum entry entry = enter(server, client);
    for (unsigned tries = 0; entry == FULL && tries < ROOM_TRIES && evict(server); tries++) {
        Sleep(ROOM_WAIT_MS);
        entry = enter(server, client);
    }
    if (entry != ENTERED) {
        InterlockedIncrement(&server->sandbox->counters.turned_away);
    }
    return entry == ENTERED;
}

static void accept_client(struct server *server, HANDLE pipe) {
    struct client *client = calloc(1, sizeof(*client));
    struct start *start = malloc(sizeof(*start));
    uv_thread_t thread;
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = (size_t)128 * 1024};
    if (!client || !start) {
        CloseHandle(pipe);
        free(client);
        free(start);
        return;
    }
    client->sandbox = server->sandbox;
    client->pipe = pipe;
    start->server = server;
    start->client = client;
    if (!identify(client) || !let_in(server, client)) {
        client_free(client);
        free(start);
        return;
    }
    InterlockedIncrement(&server->sandbox->counters.clients);
    if (uv_thread_create_ex(&thread, &options, client_main, start)) {
        free(start);
        client_forget(server, client);
        return;
    }
    /* The duplicate is the watchdog's; the thread itself is not joined. */
    uv_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->count; i++) {
        if (server->clients[i] == client && !DuplicateHandle(GetCurrentProcess(), (HANDLE)thread, GetCurrentProcess(),
                                                             &client->thread, 0, FALSE, DUPLICATE_SAME_ACCESS)) {
            client->thread = NULL;
        }
    }
    uv_mutex_unlock(&server->lock);
    CloseHandle((HANDLE)thread);
}

static void acceptor_main(void *argument) {
    struct server *server = argument;
    while (!server->sandbox->ended) {
        HANDLE pipe = server->waiting;
        BOOL connected = ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED;
        if (server->sandbox->ended) {
            break;
        }
        if (!connected) {
            DisconnectNamedPipe(pipe);
            continue;
        }
        /* The next instance stands before this client is served, so that a second one finds it. */
        HANDLE next = create_instance(server, false);
        while (next == INVALID_HANDLE_VALUE && !server->sandbox->ended) {
            Sleep(50);
            next = create_instance(server, false);
        }
        server->waiting = next;
        accept_client(server, pipe);
    }
}

DWORD server_start(struct sandbox *sandbox, struct server **out) {
    struct server *server = calloc(1, sizeof(*server));
    PSID random = sid_new();
    if (!server || !random) {
        free(server);
        LocalFree(random);
        return ERROR_OUTOFMEMORY;
    }
    const DWORD *part = (const DWORD *)GetSidSubAuthority(random, 1);
    (void)swprintf(server->nt_path, 64, L"\\??\\pipe\\sbx-%08lx%08lx%08lx%08lx", part[0], part[1], part[2], part[3]);
    (void)swprintf(server->dos_path, 64, L"\\\\.\\pipe\\%ls", server->nt_path + 9);
    LocalFree(random);
    server->sandbox = sandbox;
    server->descriptor = pipe_descriptor(sandbox);
    server->waiting = server->descriptor ? create_instance(server, true) : INVALID_HANDLE_VALUE;
    if (server->waiting == INVALID_HANDLE_VALUE) {
        DWORD error = last_error();
        LocalFree(server->descriptor);
        free(server);
        return error;
    }
    uv_mutex_init(&server->lock);
    server->emptied = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!server->emptied || uv_thread_create(&server->acceptor, acceptor_main, server)) {
        return ERROR_OUTOFMEMORY;
    }
    *out = server;
    return 0;
}

const wchar_t *server_pipe_path(const struct server *server) { return server->nt_path; }

/* Cancels what has been going on for more than `limit` milliseconds. How many clients are left? */
static size_t cancel_after(struct server *server, LONGLONG limit) {
    LONGLONG now = (LONGLONG)GetTickCount64();
    uv_mutex_lock(&server->lock);
    size_t left = server->count;
    for (size_t i = 0; i < server->count; i++) {
        struct client *client = server->clients[i];
        LONGLONG since = client->since;
        /* A connection that waits for its next request is cut at once when the run has ended. */
        bool idle = !since && server->sandbox->ended;
        if ((idle || (since && now - since > limit)) && client->thread) {
            CancelSynchronousIo(client->thread);
        }
    }
    uv_mutex_unlock(&server->lock);
    return left;
}

void server_watchdog(struct server *server) { (void)cancel_after(server, SERVER_OPERATION_LIMIT_MS); }

void server_stop(struct server *server, DWORD milliseconds) {
    InterlockedExchange(&server->sandbox->ended, 1);
    /* ConnectNamedPipe of the acceptor returns when somebody connects. */
    HANDLE wake = CreateFileW(server->dos_path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (wake != INVALID_HANDLE_VALUE) {
        CloseHandle(wake);
        uv_thread_join(&server->acceptor);
    }
    /* Nobody waits for these operations any more: what takes half of the time that is left is cut off, so that it does
     * not go on while TEMP and the undo store are closed. */
    for (DWORD waited = 0; cancel_after(server, milliseconds / 2) && waited < milliseconds; waited += 10) {
        WaitForSingleObject(server->emptied, 10);
    }
}
