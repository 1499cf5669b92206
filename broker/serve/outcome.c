#include "broker/serve/outcome.h"

struct outcome outcome_refused(enum policy_verdict verdict) {
    return (struct outcome){.status = STATUS_ACCESS_DENIED, .verdict = verdict};
}

struct outcome outcome_status(NTSTATUS status) {
    return (struct outcome){.status = status,
                            .verdict = status == STATUS_REPARSE_POINT_ENCOUNTERED ? POLICY_REPARSE : POLICY_ALLOWED};
}

bool outcome_failed(struct outcome outcome) { return outcome.verdict != POLICY_ALLOWED || !NT_SUCCESS(outcome.status); }
