/* Undo: what is about to be deleted or replaced is kept in a store outside every root. */
#ifndef SBX_BROKER_UNDO_H
#define SBX_BROKER_UNDO_H

#include "client.h"

/* Keeps the object behind `object` (its kernel name is in `name`) before `operation` ("delete", "replace", "rename") happens to
 * it; `target` is the new name of a rename, else NULL. Does nothing without --undo. A refusal to keep it is a refusal of the
 * operation only when the user asked for that: returns false with the reason reported once. */
bool undo_keep(struct client *client, HANDLE object, const struct policy_name *name, const char *operation,
               const struct policy_name *target) __attribute__((warn_unused_result));

#endif
