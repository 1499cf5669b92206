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
struct outcome op_replace(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));
struct outcome op_stamp(struct client *client, const struct sbx_request *request) __attribute__((warn_unused_result));

/* Short forms for the operations. */
struct outcome outcome_refused(enum policy_verdict verdict) __attribute__((warn_unused_result));
struct outcome outcome_status(NTSTATUS status) __attribute__((warn_unused_result));
bool outcome_failed(struct outcome outcome) __attribute__((warn_unused_result));

/* NtSetInformationFile with a rename or link class, built in client->rename. */
NTSTATUS fileops_set_name(struct client *client, HANDLE object, HANDLE directory, struct policy_name leaf, ULONG flags,
                          ULONG info_class) __attribute__((warn_unused_result));

#endif
