/* The connection to the broker: a few pipe handles shared by all threads, one synchronous request at a time on each. */
#ifndef SBX_SHIM_CLIENT_H
#define SBX_SHIM_CLIENT_H

#include "nt.h"
#include "proto/message.h"

#include <stdbool.h>

/* Sends `request` and waits for its reply, at most the bound of the settings. Returns false when the broker is gone,
 * does not answer or refused the connection: the caller then lets the original denial stand. Allocates nothing after
 * the first use of a connection and takes no lock that is held while waiting. */
bool client_call(const struct sbx_request *request, struct sbx_reply *reply);

/* From here on the process is ending: its other threads are gone, and a connection that one of them was using is never
 * free again, so nobody waits for one. */
void client_last_calls(void);

#endif
