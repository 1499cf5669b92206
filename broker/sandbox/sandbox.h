/* The state of one run that the broker's parts share. Filled by run.c before the child exists and then only read, but
 * for the counters and the event sink, which have locks of their own. */
#ifndef SBX_BROKER_SANDBOX_SANDBOX_H
#define SBX_BROKER_SANDBOX_SANDBOX_H

#include "broker/base/nt.h"
#include "broker/policy/policy.h"
#include "proto/config.h"
#include "proto/message.h"

#include <stdbool.h>

#define SANDBOX_MAX_ROOTS 30u /* each has room for an alias in the shim's settings */
#define SANDBOX_MAX_PROTECT 64u

struct sandbox_root {
    wchar_t *dos_path;       /* as shown to people, full, no trailing backslash */
    wchar_t *nt_path;        /* \??\ + dos_path: what the shim compares with */
    wchar_t *alias;          /* the same for the spelling the user gave, NULL when that is the final one */
    struct policy_name name; /* the kernel's name of the open directory, with the volume; owned */
    HANDLE handle;           /* held for the run: relative opens start here */
    PSID sid;                /* capability SID */
    bool stamped;            /* carries our entries; else writes go through the broker's open */
    bool temp;               /* the run's private TEMP */
};

struct sandbox_protect {
    wchar_t *dos_path;
    HANDLE handle; /* held for the run, so that its identity cannot be reused */
    ULONGLONG file_id;
    HANDLE claim; /* an open file of the state that other runs see; NULL while the path carries no entries of ours */
};

struct sandbox_counters {
    volatile LONG requests[SBX_OP_COUNT];
    volatile LONG refused;
    volatile LONG clients;
    volatile LONG deleted;
    volatile LONG replaced;
    volatile LONG renamed;
};

struct sandbox {
    struct sandbox_root roots[SANDBOX_MAX_ROOTS];
    size_t root_count;
    struct sandbox_protect protect[SANDBOX_MAX_PROTECT];
    size_t protect_count;
    /* the same for policy.c */
    struct policy_name root_names[SANDBOX_MAX_ROOTS];
    struct policy_name protect_names[SANDBOX_MAX_PROTECT];
    struct policy_rules rules;
    bool low; /* Low integrity token and labels */
    HANDLE job;
    HANDLE operations_token; /* impersonated by every thread that touches files; NULL when sbx does not run elevated */
    PSID run_sid;
    struct undo *undo; /* NULL without --undo; see undo.h */
    struct sandbox_counters counters;
};

#endif
