/* What a sandboxed program may do to an object, and which entry decides: the system's own access check with the token
 * that a run would have, and beside it the same steps taken one by one for the explanation. */
#ifndef SBX_BROKER_RIGHTS_ACCESS_H
#define SBX_BROKER_RIGHTS_ACCESS_H

#include "broker/object/sd.h"

#include <stddef.h>

struct access_subject {
    HANDLE token; /* impersonation token, restricted as in a run */
    TOKEN_USER *user;
    TOKEN_GROUPS *groups;
    TOKEN_GROUPS *restricting;
    ULONG level; /* SECURITY_MANDATORY_..._RID */
};

enum access_reason {
    ACCESS_GRANTED,
    ACCESS_BY_LEVEL,   /* the object's integrity level is above the program's */
    ACCESS_BY_USER,    /* the user himself may not */
    ACCESS_BY_SANDBOX, /* the user may, no restricting SID may */
    ACCESS_BY_SYSTEM   /* the system denies it for a reason that is not in the descriptor */
};

struct access_verdict {
    enum access_reason reason;
    bool has_ace; /* the entry that grants or denies; without one nothing grants it */
    struct sd_ace ace;
};

/* The program of a run with the capability SIDs `sids`. Returns false with a message. Close it with access_close, also
 * after a failure. */
bool access_open(const PSID *sids, size_t count, bool low, struct access_subject *subject)
    __attribute__((warn_unused_result));
void access_close(struct access_subject *subject);

/* May the program open the object that `sd` belongs to with all of `access`? The ACE points into `sd`. */
struct access_verdict access_evaluate(const struct access_subject *subject, const struct sd *sd, ACCESS_MASK access);

#endif
