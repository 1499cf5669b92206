/* The floor: a named pipe with nothing behind it, served by blocking calls and by libuv. */
#include "bench.h"

#include <stdlib.h>
#include <uv.h>

/* A rename request with a short name, and a reply. */
#define REQUEST_BYTES 52
#define REPLY_BYTES 11

int echo_blocking(const wchar_t *name) {
    char request[REQUEST_BYTES], reply[REPLY_BYTES] = {0};
    HANDLE pipe = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE || (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)) {
        fail(L"the echo's pipe");
    }
    for (;;) {
        DWORD got = 0, have = 0;
        while (have < REQUEST_BYTES) {
            if (!ReadFile(pipe, request + have, REQUEST_BYTES - have, &got, NULL) || !got) {
                return 0;
            }
            have += got;
        }
        if (!WriteFile(pipe, reply, REPLY_BYTES, &got, NULL)) {
            return 0;
        }
    }
}

struct connection {
    uv_pipe_t pipe;
    uv_write_t write;
    size_t have;
    char buffer[4096];
};

static char reply_bytes[REPLY_BYTES];

static void give_room(uv_handle_t *handle, size_t size, uv_buf_t *room) {
    struct connection *connection = handle->data;
    (void)size;
    *room = uv_buf_init(connection->buffer, sizeof(connection->buffer));
}

static void written(uv_write_t *write, int status) {
    (void)write;
    (void)status;
}

static void arrived(uv_stream_t *stream, ssize_t size, const uv_buf_t *room) {
    struct connection *connection = stream->data;
    uv_buf_t reply = uv_buf_init(reply_bytes, REPLY_BYTES);
    (void)room;
    if (size < 0) {
        exit(0);
    }
    connection->have += (size_t)size;
    if (connection->have >= REQUEST_BYTES) {
        connection->have -= REQUEST_BYTES;
        if (uv_try_write(stream, &reply, 1) != REPLY_BYTES) {
            uv_write(&connection->write, stream, &reply, 1, written);
        }
    }
}

static void connected(uv_stream_t *server, int status) {
    static struct connection connection;
    if (status || uv_pipe_init(server->loop, &connection.pipe, 0)) {
        exit(1);
    }
    connection.pipe.data = &connection;
    if (uv_accept(server, (uv_stream_t *)&connection.pipe) ||
        uv_read_start((uv_stream_t *)&connection.pipe, give_room, arrived)) {
        exit(1);
    }
}

int echo_libuv(const wchar_t *name) {
    char utf8[256];
    uv_loop_t *loop = uv_default_loop();
    uv_pipe_t server;
    if (!WideCharToMultiByte(CP_UTF8, 0, name, -1, utf8, sizeof(utf8), NULL, NULL) || uv_pipe_init(loop, &server, 0) ||
        uv_pipe_bind(&server, utf8) || uv_listen((uv_stream_t *)&server, 1, connected)) {
        fail(L"the libuv echo's pipe");
    }
    return uv_run(loop, UV_RUN_DEFAULT);
}

HANDLE echo_connect(const wchar_t *name) {
    /* GENERIC_WRITE has the right to make instances in it, which the broker's pipe gives to nobody. */
    DWORD access = FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE;
    for (unsigned i = 0; i < 500; i++) {
        HANDLE pipe = CreateFileW(name, access, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe != INVALID_HANDLE_VALUE) {
            return pipe;
        }
        Sleep(10);
    }
    fail(name);
}

int64_t echo_round_trip(HANDLE pipe) {
    char request[REQUEST_BYTES] = {0}, reply[REPLY_BYTES];
    DWORD done, have = 0;
    int64_t began = now_ns();
    if (!WriteFile(pipe, request, REQUEST_BYTES, &done, NULL)) {
        fail(L"the echo");
    }
    for (; have < REPLY_BYTES; have += done) {
        if (!ReadFile(pipe, reply + have, REPLY_BYTES - have, &done, NULL) || !done) {
            fail(L"the echo");
        }
    }
    return now_ns() - began;
}
