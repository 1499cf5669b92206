/* Handles of the broker that last as long as one of the program's: deletions that may still be taken back, and opens
 * for deletion that do not share it.
 *
 * A deletion by disposition (no POSIX semantics) happens when the last handle closes, and until then DeleteFile = FALSE
 * takes it back. A file that is to be deleted cannot be opened again, so the only handle that can do this is the one
 * that asked for the deletion: the broker's. It is held until the shim says that the program closes its own handle or
 * gives it away, the deletion is taken back (by a copy of the handle too), the process is ended by another one of the
 * run, or the connection ends.
 *
 * A file that was opened with DELETE and without sharing it can be opened for deletion by nobody else, the broker
 * included. What the program gets is a handle without DELETE to the broker's file object; the broker keeps one with it.
 */
#ifndef SBX_BROKER_SERVE_HELD_H
#define SBX_BROKER_SERVE_HELD_H

#include "broker/serve/client.h"
#include "broker/undo/undo.h"

/* Holds `object` (its disposition set) for `handle` of the client's process and takes it over, and `step`, which is
 * settled when it is let go; what was held for that handle before is let go. Returns false, with nothing taken over,
 * when too many are held, in all or for this process. */
bool held_hold(const struct client *client, uint64_t handle, HANDLE object, const struct undo_step *step)
    __attribute__((warn_unused_result));

/* Keeps `object`, which has DELETE, for `handle` of the client's process and takes it over. Returns false, with nothing
 * taken over, when too much is held. */
bool held_keep(const struct client *client, uint64_t handle, HANDLE object) __attribute__((warn_unused_result));

/* Is a handle with DELETE kept for `handle` of the client's process? */
bool held_keeps(const struct client *client, uint64_t handle) __attribute__((warn_unused_result));

/* A duplicate of what is kept of the file object behind `taken`, whoever has it: NULL when nothing is. The caller
 * closes it with NtClose. */
HANDLE held_borrow(HANDLE taken) __attribute__((warn_unused_result));

/* Is a deletion held for `handle` of the client's process? With `object`: of the same file as that? (A handle that was
 * closed without the shim seeing it may stand for another file by now.) */
bool held_has(const struct client *client, uint64_t handle, HANDLE object);

/* Lets go of what is held for `handle`; with `take_back` its deletion alone is taken back. Returns an NTSTATUS,
 * STATUS_NOT_FOUND when there is nothing of the kind. */
NTSTATUS held_let_go(const struct client *client, uint64_t handle, bool take_back);

/* Is anything held through this connection? */
bool held_any(const struct client *client) __attribute__((warn_unused_result));

/* Lets go of everything that is held for `process`, if that is one of the run's and ends within a second. `client` is
 * who says so. */
void held_end(const struct client *client, HANDLE process);

/* Lets go of everything that was held through this connection. */
void held_forget(const struct client *client);

#endif
