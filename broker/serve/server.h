/* The pipe of a run: its instances, its clients and their limits. */
#ifndef SBX_BROKER_SERVE_SERVER_H
#define SBX_BROKER_SERVE_SERVER_H

#include "broker/sandbox/sandbox.h"

#define SERVER_MAX_CLIENTS 256u /* connections at the same time; for one more the longest idle one is cut off */
#define SERVER_MAX_CLIENTS_PER_PROCESS 32u /* of one process */
/* After that long the watchdog cancels the I/O of an operation, of a reply that is not read, of a request that does not
 * come whole, or of a connection without a hello; the last three end the connection. */
#define SERVER_OPERATION_LIMIT_MS 10000u

struct server;

/* Makes the pipe (random name, first instance, remote clients rejected, DACL: user and run SID without
 * FILE_CREATE_PIPE_INSTANCE; Low label when the child is Low) and starts to accept. Returns a Win32
 * error. */
DWORD server_start(struct sandbox *sandbox, struct server **server);

/* NT path of the pipe (\??\pipe\...). */
const wchar_t *server_pipe_path(const struct server *server);

/* Cancels the I/O of what takes longer than SERVER_OPERATION_LIMIT_MS. Called by a timer of the run. */
void server_watchdog(struct server *server);

/* Stops accepting and waits up to `milliseconds` for the running operations, after the job is empty; the I/O of what
 * takes more than half of that is cancelled. Threads of clients that hang on are left behind: the process ends next. */
void server_stop(struct server *server, DWORD milliseconds);

#endif
