/* One connection of the shim, served by a thread of its own: a client that stalls stalls only itself. */
#ifndef SBX_BROKER_SERVE_CLIENT_H
#define SBX_BROKER_SERVE_CLIENT_H

#include "broker/object/object.h"
#include "broker/sandbox/sandbox.h"
#include "broker/serve/outcome.h"
#include "proto/frame.h"

/* Everything a request needs, allocated with the connection: serving one allocates nothing. */
struct client {
    struct sandbox *sandbox;
    HANDLE pipe;
    HANDLE process; /* opened once from the pipe's other end, found to be in the job */
    DWORD pid;
    bool greeted;                 /* said hello with our version */
    HANDLE thread;                /* for CancelSynchronousIo by the watchdog */
    volatile LONGLONG since;      /* tick count at which the running operation began, 0 when none */
    volatile LONGLONG idle_since; /* tick count at which it began to wait for its next request, 0 when it does not */
    struct object_name subject;
    struct object_name target;
    struct object_name scratch;
    uint16_t wide[SBX_NAME_MAX / 2]; /* the name of the request, aligned */
    uint8_t frame[SBX_FRAME_HEADER + SBX_FRAME_MAX];
};

#endif
