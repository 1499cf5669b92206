/* Tokens: the child's strict restricted token, and the one the broker's own file operations run under. */
#ifndef SBX_BROKER_RIGHTS_TOKEN_H
#define SBX_BROKER_RIGHTS_TOKEN_H

#include <stdbool.h>
#include <windows.h>

/* CreateRestrictedToken(DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED) of the process's own token; restricting
 * SIDs: the `count` SIDs given (run and roots), the logon SID, Everyone. Default DACL: user, SYSTEM, and run_sid
 * (full). The integrity level is Low with `low`, else Medium at most. *token is a primary token owned by the caller
 * (CloseHandle). Returns a Win32 error, 0 for success. */
DWORD token_create_strict(const PSID *sids, size_t count, PSID run_sid, bool low, HANDLE *token)
    __attribute__((warn_unused_result));

/* An impersonation token for the broker's file operations when sbx was started elevated: the same user without
 * administrator rights (LUA_TOKEN). *token is NULL when sbx does not run elevated. Returns a Win32 error. */
DWORD token_for_operations(HANDLE *token) __attribute__((warn_unused_result));

/* The integrity level of `token` (TOKEN_QUERY) as the last part of a label's SID; `unknown` when it does not say. */
DWORD token_level(HANDLE token, DWORD unknown) __attribute__((warn_unused_result));

/* Does the process's token hold administrator rights (TokenElevation)? */
bool token_is_elevated(void);

#endif
