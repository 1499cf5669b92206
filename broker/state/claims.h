/* What runs protect or hide at the moment. Each run holds a file of the state open for each path; the file says the
 * path. The entries on a path are lifted only when no claim needs them. All of it under a lock of the caller's. */
#ifndef SBX_BROKER_STATE_CLAIMS_H
#define SBX_BROKER_STATE_CLAIMS_H

#include "broker/base/nt.h"

#include <stdbool.h>
#include <stddef.h>

struct claims {
    wchar_t **paths;
    size_t count;
};

enum claimed { CLAIMED_NOT, CLAIMED_BELOW, CLAIMED_WHOLE };

/* Claims the open `object` at `path`, whose identity is `id`; `kind` is the beginning of the file's name. NULL with the
 * error in GetLastError(). */
HANDLE claim_open(const wchar_t *kind, HANDLE object, ULONGLONG id, const wchar_t *path)
    __attribute__((warn_unused_result));

/* Gives up a claim of this run; the file goes with the last one. */
void claim_close(const wchar_t *kind, HANDLE object, ULONGLONG id, HANDLE claim);

/* The claims of that kind that are held, when this run has given up its own. False when one cannot be read, and could
 * be any path. Free with claims_free, also after a failure. */
bool claims_read(const wchar_t *kind, struct claims *live) __attribute__((warn_unused_result));
bool claims_add(struct claims *live, const wchar_t *path) __attribute__((warn_unused_result));
void claims_free(struct claims *live);

/* Is `path` claimed, or what it lies in (WHOLE), or something below it (BELOW)? */
enum claimed claims_of(const struct claims *live, const wchar_t *path) __attribute__((warn_unused_result));

#endif
