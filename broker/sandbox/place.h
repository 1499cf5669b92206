/* Where a request points, once it is resolved. */
#ifndef SBX_BROKER_SANDBOX_PLACE_H
#define SBX_BROKER_SANDBOX_PLACE_H

#include "broker/object/object.h"

/* A verified directory and one leaf in it. */
struct place {
    HANDLE directory;        /* close with NtClose */
    struct policy_name leaf; /* points into the request or a name */
    size_t root;             /* index of the innermost root */
};

/* What the request wants of the place or object. */
enum place_use { PLACE_WRITE, PLACE_DESTROY };

#endif
