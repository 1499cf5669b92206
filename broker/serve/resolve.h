/* Where a request points: objects by handle and new names by directory handle and leaf, each judged by the kernel's
 * name of the very handle that is used afterwards. */
#ifndef SBX_BROKER_SERVE_RESOLVE_H
#define SBX_BROKER_SERVE_RESOLVE_H

#include "broker/serve/client.h"

/* A verified directory and one leaf in it. */
struct place {
    HANDLE directory;        /* close with NtClose */
    struct policy_name leaf; /* points into the request or a name */
    size_t root;             /* index of the innermost root */
};

/* What the request wants of the place or object. */
enum place_use { PLACE_WRITE, PLACE_DESTROY };

/* Opens the object behind the client's handle once more with `access` and judges its name. On success *object is a
 * handle of the broker (NtClose) and `name` its kernel name; *root its root. */
struct outcome place_object(struct client *client, uint64_t handle, ACCESS_MASK access, enum place_use use,
                            struct object_name *name, HANDLE *object, size_t *root) __attribute__((warn_unused_result));

/* Resolves a new name: (0, full NT path), (directory handle, relative path) or (0, bare leaf) beside `beside`, the
 * kernel name of the object (NULL where a bare leaf makes no sense). On success `name` is the full kernel name that it
 * has or would have. */
struct outcome place_resolve(struct client *client, uint64_t directory, const struct sbx_name *wire, enum place_use use,
                             const struct object_name *beside, struct object_name *name, struct place *place)
    __attribute__((warn_unused_result));

/* Judges a handle of the broker's own by its kernel name, which is left in `name`. */
enum policy_verdict place_judge(struct sandbox *sandbox, HANDLE object, enum place_use use, struct object_name *name,
                                size_t *root) __attribute__((warn_unused_result));

/* May content or security of the open object be changed: is every name it has in an active root? */
enum policy_verdict place_links(struct sandbox *sandbox, HANDLE object, const struct object_facts *facts,
                                struct object_name *scratch) __attribute__((warn_unused_result));

#endif
