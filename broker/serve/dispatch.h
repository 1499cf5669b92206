/* The one table of operations: what a request may be and who serves it. Nothing is done for a client outside it. */
#ifndef SBX_BROKER_SERVE_DISPATCH_H
#define SBX_BROKER_SERVE_DISPATCH_H

#include "broker/serve/client.h"

/* Serves one payload of `client`: fills *reply and returns true, or returns false when the bytes are no valid request
 * (or come before hello) and the connection is to be closed. */
bool dispatch(struct client *client, const uint8_t *payload, size_t size, struct sbx_reply *reply)
    __attribute__((warn_unused_result));

#endif
