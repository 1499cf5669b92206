#include "broker/rights/access.h"

#include "broker/base/msg.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"

#include <stdlib.h>

/* What WRITE_RESTRICTED checks a second time. FILE_DELETE_CHILD is not in it: that is the known hole. */
#define SECOND_CHECK ((FILE_GENERIC_WRITE & ~(READ_CONTROL | SYNCHRONIZE)) | DELETE | WRITE_DAC | WRITE_OWNER)
#define NOT_WRITING (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE)

static GENERIC_MAPPING file_rights(void) {
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    return mapping;
}

bool access_open(const PSID *sids, size_t count, bool low, struct access_subject *subject) {
    *subject = (struct access_subject){.level = low ? SECURITY_MANDATORY_LOW_RID : SECURITY_MANDATORY_MEDIUM_RID};
    PSID run = sid_new();
    HANDLE primary = NULL;
    PSID *all = calloc(count + 1, sizeof(*all));
    DWORD error = run && all ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    if (!error) {
        for (size_t i = 0; i < count; i++) {
            all[i] = sids[i];
        }
        all[count] = run;
        error = token_create_strict(all, count + 1, run, low, &primary);
    }
    if (!error && !DuplicateTokenEx(primary, TOKEN_QUERY | TOKEN_IMPERSONATE, NULL, SecurityImpersonation,
                                    TokenImpersonation, &subject->token)) {
        error = last_error();
    }
    if (primary) {
        CloseHandle(primary);
    }
    free(all);
    LocalFree(run);
    if (!error) {
        subject->user = sid_token_information(subject->token, TokenUser);
        subject->groups = sid_token_information(subject->token, TokenGroups);
        subject->restricting = sid_token_information(subject->token, TokenRestrictedSids);
        if (!subject->restricting) {
            /* A system without restricting SIDs (Wine as it comes): the list is empty, and doctor says what that means.
             */
            subject->restricting = LocalAlloc(LPTR, sizeof(*subject->restricting));
        }
        error = subject->user && subject->groups && subject->restricting ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (error) {
        msg_error("cannot make the token of a run: %ls", msg_win32_text(error));
    }
    return !error;
}

void access_close(struct access_subject *subject) {
    if (subject->token) {
        CloseHandle(subject->token);
    }
    LocalFree(subject->user);
    LocalFree(subject->groups);
    LocalFree(subject->restricting);
    *subject = (struct access_subject){0};
}

static bool is_denying(const struct sd_ace *ace) { return ace->type == ACCESS_DENIED_ACE_TYPE; }

/* Does `ace` speak of the user or one of his groups? */
static bool names_user(const struct access_subject *subject, const struct sd_ace *ace) {
    if (EqualSid(ace->sid, subject->user->User.Sid)) {
        return true;
    }
    for (DWORD i = 0; i < subject->groups->GroupCount; i++) {
        const SID_AND_ATTRIBUTES *group = &subject->groups->Groups[i];
        bool counts = (group->Attributes & SE_GROUP_ENABLED) ||
                      ((group->Attributes & SE_GROUP_USE_FOR_DENY_ONLY) && is_denying(ace));
        if (counts && EqualSid(ace->sid, group->Sid)) {
            return true;
        }
    }
    return false;
}

static bool names_restricting(const struct access_subject *subject, const struct sd_ace *ace) {
    for (DWORD i = 0; i < subject->restricting->GroupCount; i++) {
        if (EqualSid(ace->sid, subject->restricting->Groups[i].Sid)) {
            return true;
        }
    }
    return false;
}

/* One pass over the DACL. Returns whether all of `access` is granted; *ace is the entry that granted the last of it, or
 * the one that denied. */
static bool pass(const struct access_subject *subject, const struct sd *sd, ACCESS_MASK access,
                 bool (*names)(const struct access_subject *, const struct sd_ace *), struct access_verdict *verdict) {
    GENERIC_MAPPING mapping = file_rights();
    verdict->has_ace = false;
    for (struct sd_ace ace = {0}; access && sd_next(sd->dacl, &ace);) {
        if ((ace.flags & INHERIT_ONLY_ACE) || !ace.sid || (ace.type != ACCESS_ALLOWED_ACE_TYPE && !is_denying(&ace)) ||
            !names(subject, &ace)) {
            continue;
        }
        DWORD mask = ace.mask;
        MapGenericMask(&mask, &mapping);
        if (!(mask & access)) {
            continue;
        }
        verdict->has_ace = true;
        verdict->ace = ace;
        if (is_denying(&ace)) {
            return false;
        }
        access &= ~mask;
    }
    verdict->has_ace = verdict->has_ace && !access;
    return !access || !sd->dacl;
}

static bool system_allows(const struct access_subject *subject, const struct sd *sd, ACCESS_MASK access) {
    GENERIC_MAPPING mapping = file_rights();
    BYTE privileges[256];
    DWORD size = sizeof(privileges), granted = 0;
    BOOL allowed = FALSE;
    return AccessCheck(sd->bytes, subject->token, access, &mapping, (PPRIVILEGE_SET)privileges, &size, &granted,
                       &allowed) &&
           allowed;
}

struct access_verdict access_evaluate(const struct access_subject *subject, const struct sd *sd, ACCESS_MASK access) {
    struct access_verdict verdict = {.reason = ACCESS_GRANTED};
    GENERIC_MAPPING mapping = file_rights();
    DWORD wanted = access;
    MapGenericMask(&wanted, &mapping);
    /* Wine's AccessCheck leaves labels out; on Windows this says the same as the call below. */
    if (subject->level < sd_level(sd) && ((wanted & ~NOT_WRITING) || label_is_hiding(sd))) {
        verdict.reason = ACCESS_BY_LEVEL;
    } else if (!pass(subject, sd, wanted, names_user, &verdict)) {
        verdict.reason = ACCESS_BY_USER;
    } else {
        struct access_verdict by_user = verdict;
        if ((wanted & SECOND_CHECK) && !pass(subject, sd, wanted & SECOND_CHECK, names_restricting, &verdict)) {
            verdict.reason = ACCESS_BY_SANDBOX;
        } else if (!(wanted & SECOND_CHECK)) {
            verdict = by_user;
        }
    }
    if (verdict.reason == ACCESS_GRANTED && !system_allows(subject, sd, wanted)) {
        verdict = (struct access_verdict){.reason = ACCESS_BY_SYSTEM};
    }
    return verdict;
}
