/* Deletions that the program may still take back.
 *
 * A deletion by disposition (no POSIX semantics) happens when the last handle closes, and until then DeleteFile = FALSE
 * takes it back. A file that is to be deleted cannot be opened again, so the only handle that can do this is the one
 * that asked for the deletion: the broker's. It is held until the shim says that the program closes its own handle,
 * the deletion is taken back, or the connection ends. */
#ifndef SBX_BROKER_SERVE_HELD_H
#define SBX_BROKER_SERVE_HELD_H

#include "broker/serve/client.h"
#include "broker/undo/undo.h"

/* Holds `object` (its disposition set) for `handle` of the client's process and takes it over, and `step`, which is
 * settled when it is let go; what was held for that handle before is let go. Returns false, with nothing taken over,
 * when too many are held, in all or for this process. */
bool held_hold(const struct client *client, uint64_t handle, HANDLE object, const struct undo_step *step)
    __attribute__((warn_unused_result));

/* Is something held for `handle` of the client's process? With `object`: the same file as that? (A handle that was
 * closed without the shim seeing it may stand for another file by now.) */
bool held_has(const struct client *client, uint64_t handle, HANDLE object);

/* Lets go of what is held for `handle`: with `take_back` its disposition is taken back first. Returns an NTSTATUS,
 * STATUS_NOT_FOUND when nothing is held. */
NTSTATUS held_let_go(const struct client *client, uint64_t handle, bool take_back);

/* Lets go of everything that was held through this connection. */
void held_forget(const struct client *client);

#endif
