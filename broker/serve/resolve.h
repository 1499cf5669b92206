/* Where a request points: objects by handle and new names by directory handle and leaf, each judged by the kernel's
 * name of the very handle that is used afterwards. */
#ifndef SBX_BROKER_SERVE_RESOLVE_H
#define SBX_BROKER_SERVE_RESOLVE_H

#include "broker/sandbox/place.h"
#include "broker/serve/client.h"

/* What a request is about, opened by the broker and judged. */
struct subject {
    HANDLE object; /* the broker's: NtClose */
    size_t root;   /* the root that it lies in */
    struct object_facts facts;
};

/* Opens the object behind the client's handle once more with `access` and judges its kernel name, which is then in
 * client->subject. When the outcome is a failure subject->object is NULL. */
struct outcome resolve_object(struct client *client, uint64_t handle, ACCESS_MASK access, enum place_use use,
                              struct subject *subject) __attribute__((warn_unused_result));

/* Resolves a new name: (0, full NT path), (directory handle, relative path) or (0, bare leaf) beside `beside`, the
 * kernel name of the object (NULL where a bare leaf makes no sense). On success `name` is the full kernel name that it
 * has or would have. */
struct outcome resolve_name(struct client *client, uint64_t directory, const struct sbx_name *wire, enum place_use use,
                            const struct object_name *beside, struct object_name *name, struct place *place)
    __attribute__((warn_unused_result));

/* The same for the new name of a rename or link beside client->subject; it is then in client->target. A name that no
 * file can have ends in STATUS_OBJECT_NAME_INVALID, as the file system answers, and is no refusal. */
struct outcome resolve_new_name(struct client *client, const struct sbx_rename *rename, enum place_use use,
                                struct place *place) __attribute__((warn_unused_result));

#endif
