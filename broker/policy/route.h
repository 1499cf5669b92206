/* Where the way to a new name begins, and which components it has: from a request's path, before anything is opened.
 *
 * The broker opens a directory by going down from a handle that it holds, one component after the other, and never by a
 * path: what is above a root, drive letters and the current directory do not matter. No Windows headers. */
#ifndef SBX_BROKER_POLICY_ROUTE_H
#define SBX_BROKER_POLICY_ROUTE_H

#include "broker/policy/policy.h"

#include <stdbool.h>
#include <stddef.h>

/* The roots by their names. Both arrays are the caller's. */
struct route_roots {
    const struct policy_name *spelled; /* as requests spell them: two of each root, one after the other */
    const struct policy_name *kernel;  /* as the kernel names the open roots: one of each */
    size_t count;                      /* of roots */
    policy_fold *fold;
};

struct route {
    bool from_handle;          /* the way begins at the request's directory handle, else at a root */
    size_t root;               /* which */
    struct policy_name parent; /* what to go down from there, empty for nothing */
    struct policy_name leaf;   /* the new name itself, one component */
};

/* Finds the way for `path`, the new name of a request.
 *
 * `has_handle`: the request has a directory handle, and `path` is relative to it. Without one `path` is a full NT path
 * below a root; or, with `beside` (the kernel's name of the object that is renamed or linked, else NULL), one component
 * in the same directory. *route points into `path` and `beside`. Returns POLICY_ALLOWED, or why not: POLICY_OUTSIDE,
 * POLICY_IS_ROOT, or what policy_component says of a component. The object that the way leads to is judged by its own
 * name afterwards (place.c). */
enum policy_verdict route_find(const struct route_roots *roots, bool has_handle, struct policy_name path,
                               const struct policy_name *beside, struct route *route)
    __attribute__((warn_unused_result));

#endif
