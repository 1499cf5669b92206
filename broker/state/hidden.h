/* What is hidden from programs at Low, and the labels that were there before: the file hidden.json of the state.
 *
 * A path is hidden by a label on it and on all below it (label_hide). What had a label gets it back, byte for byte,
 * when the path is no longer hidden; the label is written to the file before it is replaced. */
#ifndef SBX_BROKER_STATE_HIDDEN_H
#define SBX_BROKER_STATE_HIDDEN_H

#include "broker/state/claims.h"

/* The beginning of the names of claims on hidden paths. */
#define HIDDEN_CLAIM L"hide"
/* Objects below one path. */
#define HIDDEN_MAX_OBJECTS 100000u

struct hidden; /* the list in memory, with the lock that keeps others from changing it */

/* Takes the lock and reads the list. NULL after a message. */
struct hidden *hidden_open(void) __attribute__((warn_unused_result));
/* Reads the list without the lock, to look at it. NULL after a message. */
struct hidden *hidden_look(void) __attribute__((warn_unused_result));
void hidden_close(struct hidden *hidden);

/* Is there a list at all? */
bool hidden_any(void) __attribute__((warn_unused_result));

/* Hides `path` (final spelling), which is open as `object` (READ_CONTROL), and all below it, and writes it to the list;
 * `lasting`: until `sbx hide remove`. What is hidden already is only looked at. Returns false after a message, with the
 * path on the list when anything was changed. */
bool hidden_put(struct hidden *hidden, const wchar_t *path, HANDLE object, bool lasting)
    __attribute__((warn_unused_result));

/* Takes `path` off the list, and the label off what no claim of `live` and no other lasting path needs. A path that is
 * gone is just forgotten. Returns false after a message. */
bool hidden_lift(struct hidden *hidden, const wchar_t *path, const struct claims *live)
    __attribute__((warn_unused_result));

/* Lifts the paths of runs that were killed. Messages, no result: the next run tries again. */
void hidden_sweep(struct hidden *hidden, const struct claims *live);

/* Is `path` on the list to stay? */
bool hidden_is_lasting(const struct hidden *hidden, const wchar_t *path) __attribute__((warn_unused_result));

/* Calls `visit` for each path of the list. */
typedef void hidden_visit(void *context, const wchar_t *path, bool lasting);
void hidden_each(const struct hidden *hidden, hidden_visit *visit, void *context);

#endif
