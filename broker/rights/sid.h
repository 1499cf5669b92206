/* SIDs: the random ones that sbx makes for roots and runs, the user's, and how they are shown. */
#ifndef SBX_BROKER_RIGHTS_SID_H
#define SBX_BROKER_RIGHTS_SID_H

#include "broker/base/nt.h"

#include <stdbool.h>

/* A new SID for a root or a run: S-1-5-21 and 96 random bits, the last word made from them with its top bit set, so
 * that it is no account's and can be told from every other SID. LocalAlloc'ed, owned by the caller; NULL on failure. */
PSID sid_new(void);

/* Was `sid` made by sid_new? */
bool sid_is_ours(PSID sid) __attribute__((warn_unused_result));

/* A copy, LocalAlloc'ed, owned by the caller; NULL on failure. */
PSID sid_copy(PSID sid);

/* The user of this process, LocalAlloc'ed, owned by the caller; NULL on failure. */
PSID sid_user(void);

/* What the token says of `class`, LocalAlloc'ed, owned by the caller; NULL on failure. */
void *sid_token_information(HANDLE token, TOKEN_INFORMATION_CLASS class);

/* "DOMAIN\\name", or the SID's own text where it has no name. `text` has room for `size` units. */
void sid_text(PSID sid, wchar_t *text, size_t size);

#endif
