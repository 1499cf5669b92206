/* What an operation came to. */
#ifndef SBX_BROKER_SERVE_OUTCOME_H
#define SBX_BROKER_SERVE_OUTCOME_H

#include "broker/base/nt.h"
#include "broker/policy/policy.h"

#include <stdbool.h>

/* A verdict other than POLICY_ALLOWED is a refusal: the child gets STATUS_ACCESS_DENIED. */
struct outcome {
    NTSTATUS status;
    enum policy_verdict verdict;
    ULONG_PTR information;
    uint64_t handle; /* in the client's process */
};

/* A refusal by `verdict`. */
struct outcome outcome_refused(enum policy_verdict verdict) __attribute__((warn_unused_result));

/* What the system said, good or bad; a reparse point on the way is a refusal. */
struct outcome outcome_status(NTSTATUS status) __attribute__((warn_unused_result));

/* Was it refused, or did it fail? */
bool outcome_failed(struct outcome outcome) __attribute__((warn_unused_result));

#endif
