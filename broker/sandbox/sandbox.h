/* One run, as the parts that serve it see it. Filled by run.c before the program exists; from then on only the counters
 * change. */
#ifndef SBX_BROKER_SANDBOX_SANDBOX_H
#define SBX_BROKER_SANDBOX_SANDBOX_H

#include "broker/sandbox/root_set.h"
#include "proto/message.h"

struct sandbox_counters {
    volatile LONG requests[SBX_OP_COUNT];
    volatile LONG refused;
    volatile LONG clients;
    volatile LONG turned_away; /* connections refused because there were too many */
    volatile LONG deleted;
    volatile LONG replaced;
    volatile LONG renamed;
};

struct sandbox {
    const struct root_set *set;
    bool low; /* Low integrity token and labels */
    HANDLE job;
    HANDLE operations_token; /* impersonated by every thread that touches files; NULL when sbx does not run elevated */
    PSID run_sid;
    struct low_list *low_list; /* NULL at Medium; see low_list.h */
    struct undo *undo;         /* NULL without --undo; see undo.h */
    volatile LONG ended;       /* the program has ended: no request is served any more */
    struct sandbox_counters counters;
};

#endif
