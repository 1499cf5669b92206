/* The operations themselves, each by handle: check, hold, act. One function for each request, called by dispatch.c. */
#ifndef SBX_BROKER_SERVE_OPS_H
#define SBX_BROKER_SERVE_OPS_H

#include "broker/serve/client.h"

/* Each leaves the kernel name of what it acted on in client->subject and, where there is one, the new name in
 * client->target, for the event. Every handle opened on the object and its parent is closed on return: the child may
 * remove the parent next. */
struct outcome op_delete(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));
struct outcome op_rename(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));
struct outcome op_link(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));
struct outcome op_open(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));
struct outcome op_stamp(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));

struct outcome op_security(struct client *client, const struct sbx_request *request)
    __attribute__((warn_unused_result));
struct outcome op_ended(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));

/* A DACL is read, changed and written: two writers at once would lose one of the changes. */
extern SRWLOCK ops_dacl_lock;

#endif
