#include "broker/rights/token.h"

#include "broker/rights/sid.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdlib.h>

#define WRITE_RESTRICTED_FLAG 0x8

static PSID logon_sid(HANDLE token) {
    TOKEN_GROUPS *groups = sid_token_information(token, TokenGroups);
    PSID sid = NULL;
    for (DWORD i = 0; groups && !sid && i < groups->GroupCount; i++) {
        if ((groups->Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID) {
            sid = sid_copy(groups->Groups[i].Sid);
        }
    }
    LocalFree(groups);
    return sid;
}

/* Objects that the child makes without a descriptor (pipes between its children above all) must name a restricting SID,
 * or the child cannot open them itself. */
static DWORD set_default_dacl(HANDLE token, PSID run_sid) {
    BYTE system[SECURITY_MAX_SID_SIZE];
    DWORD system_size = sizeof(system);
    PSID user = sid_user();
    if (!user || !CreateWellKnownSid(WinLocalSystemSid, NULL, system, &system_size)) {
        LocalFree(user);
        return last_error();
    }
    PSID sids[] = {user, system, run_sid};
    DWORD size = sizeof(ACL);
    for (size_t i = 0; i < 3; i++) {
        size += (DWORD)(sizeof(ACCESS_ALLOWED_ACE) - sizeof(DWORD)) + GetLengthSid(sids[i]);
    }
    ACL *dacl = LocalAlloc(LMEM_FIXED, size);
    DWORD error = dacl && InitializeAcl(dacl, size, ACL_REVISION) ? 0 : ERROR_OUTOFMEMORY;
    for (size_t i = 0; !error && i < 3; i++) {
        error = AddAccessAllowedAce(dacl, ACL_REVISION, GENERIC_ALL, sids[i]) ? 0 : last_error();
    }
    TOKEN_DEFAULT_DACL info = {dacl};
    if (!error && !SetTokenInformation(token, TokenDefaultDacl, &info, sizeof(info))) {
        error = last_error();
    }
    LocalFree(dacl);
    LocalFree(user);
    return error;
}

DWORD token_level(HANDLE token, DWORD unknown) {
    TOKEN_MANDATORY_LABEL *label = sid_token_information(token, TokenIntegrityLevel);
    DWORD level = label ? *GetSidSubAuthority(label->Label.Sid, 0) : unknown;
    LocalFree(label);
    return level;
}

static DWORD set_level(HANDLE token, DWORD level) {
    SID sid = {SID_REVISION, 1, {SECURITY_MANDATORY_LABEL_AUTHORITY}, {level}};
    TOKEN_MANDATORY_LABEL label = {{&sid, SE_GROUP_INTEGRITY}};
    return SetTokenInformation(token, TokenIntegrityLevel, &label, sizeof(label) + GetLengthSid(&sid)) ? 0
                                                                                                       : last_error();
}

/* LUA_TOKEN takes groups and privileges away and leaves the level: an elevated sbx would start its program at High. */
static DWORD lower_level(HANDLE token, bool low) {
    DWORD wanted = low ? SECURITY_MANDATORY_LOW_RID : SECURITY_MANDATORY_MEDIUM_RID;
    return low || token_level(token, SECURITY_MANDATORY_HIGH_RID) > wanted ? set_level(token, wanted) : 0;
}

static DWORD restrict_token(HANDLE own, const PSID *sids, size_t count, HANDLE *token) {
    BYTE everyone[SECURITY_MAX_SID_SIZE];
    DWORD everyone_size = sizeof(everyone);
    SID_AND_ATTRIBUTES *list = LocalAlloc(LPTR, (count + 2) * sizeof(*list));
    PSID logon = logon_sid(own);
    if (!list || !CreateWellKnownSid(WinWorldSid, NULL, everyone, &everyone_size)) {
        LocalFree(list);
        LocalFree(logon);
        return ERROR_OUTOFMEMORY;
    }
    DWORD used = 0;
    for (size_t i = 0; i < count; i++) {
        list[used++].Sid = sids[i];
    }
    if (logon) {
        list[used++].Sid = logon;
    }
    list[used++].Sid = everyone;
    DWORD error = 0;
    if (!CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED_FLAG, 0, NULL, 0, NULL, used,
                               list, token)) {
        error = last_error();
    }
    LocalFree(list);
    LocalFree(logon);
    return error;
}

DWORD token_create_strict(const PSID *sids, size_t count, PSID run_sid, bool low, HANDLE *token) {
    HANDLE own;
    *token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(),
                          TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, &own)) {
        return last_error();
    }
    DWORD error = restrict_token(own, sids, count, token);
    CloseHandle(own);
    if (!error) {
        error = set_default_dacl(*token, run_sid);
    }
    if (!error) {
        error = lower_level(*token, low);
    }
    if (error && *token) {
        CloseHandle(*token);
        *token = NULL;
    }
    return error;
}

bool token_is_elevated(void) {
    HANDLE own;
    TOKEN_ELEVATION elevation = {0};
    DWORD size;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own)) {
        return true;
    }
    if (!GetTokenInformation(own, TokenElevation, &elevation, sizeof(elevation), &size)) {
        elevation.TokenIsElevated = 1;
    }
    CloseHandle(own);
    return elevation.TokenIsElevated != 0;
}

DWORD token_for_operations(HANDLE *token) {
    HANDLE own, filtered;
    *token = NULL;
    if (!token_is_elevated()) {
        return 0;
    }
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY, &own)) {
        return last_error();
    }
    DWORD error = CreateRestrictedToken(own, LUA_TOKEN | DISABLE_MAX_PRIVILEGE, 0, NULL, 0, NULL, 0, NULL, &filtered)
                      ? 0
                      : last_error();
    CloseHandle(own);
    if (error) {
        return error;
    }
    if (!DuplicateTokenEx(filtered, TOKEN_QUERY | TOKEN_IMPERSONATE, NULL, SecurityImpersonation, TokenImpersonation,
                          token)) {
        error = last_error();
        *token = NULL;
    }
    CloseHandle(filtered);
    return error;
}
