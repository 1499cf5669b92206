#include "broker/rights/sid.h"

#include "broker/base/text.h"

#include <bcrypt.h>
#include <sddl.h>
#include <wchar.h>

#define SID_WORDS 5u

struct own_sid {
    BYTE revision, count;
    SID_IDENTIFIER_AUTHORITY authority;
    DWORD words[SID_WORDS];
};

/* The last word of a SID of ours: a mix of the random ones. The top bit is never set in an account's number. */
static DWORD last_word(const DWORD *random) {
    DWORD mix = 0x5B783A11u;
    for (unsigned i = 0; i < 3; i++) {
        mix = (mix ^ random[i]) * 0x9E3779B1u;
        mix ^= mix >> 15;
    }
    return mix | 0x80000000u;
}

PSID sid_new(void) {
    struct own_sid sid = {SID_REVISION, SID_WORDS, {SECURITY_NT_AUTHORITY}, {SECURITY_NT_NON_UNIQUE}};
    if (BCryptGenRandom(NULL, (PUCHAR)&sid.words[1], 3 * sizeof(DWORD), BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0) {
        return NULL;
    }
    sid.words[4] = last_word(&sid.words[1]);
    PSID copy = LocalAlloc(LMEM_FIXED, sizeof(sid));
    if (copy && !CopySid(sizeof(sid), copy, &sid)) {
        LocalFree(copy);
        copy = NULL;
    }
    return copy;
}

bool sid_is_ours(PSID sid) {
    static const SID_IDENTIFIER_AUTHORITY nt_authority = {SECURITY_NT_AUTHORITY};
    if (*GetSidSubAuthorityCount(sid) != SID_WORDS || *GetSidSubAuthority(sid, 0) != SECURITY_NT_NON_UNIQUE) {
        return false;
    }
    const SID_IDENTIFIER_AUTHORITY *authority = GetSidIdentifierAuthority(sid);
    for (unsigned i = 0; i < sizeof(authority->Value); i++) {
        if (authority->Value[i] != nt_authority.Value[i]) {
            return false;
        }
    }
    return *GetSidSubAuthority(sid, 4) == last_word(GetSidSubAuthority(sid, 1));
}

PSID sid_copy(PSID sid) {
    DWORD size = GetLengthSid(sid);
    PSID copy = LocalAlloc(LMEM_FIXED, size);
    if (copy && !CopySid(size, copy, sid)) {
        LocalFree(copy);
        copy = NULL;
    }
    return copy;
}

void *sid_token_information(HANDLE token, TOKEN_INFORMATION_CLASS class) {
    DWORD size = 0;
    GetTokenInformation(token, class, NULL, 0, &size);
    void *data = size ? LocalAlloc(LMEM_FIXED, size) : NULL;
    if (data && !GetTokenInformation(token, class, data, size, &size)) {
        LocalFree(data);
        data = NULL;
    }
    return data;
}

static BOOL CALLBACK ask_user(PINIT_ONCE once, PVOID parameter, PVOID *user) {
    HANDLE token;
    (void)once;
    (void)parameter;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        return FALSE;
    }
    *user = sid_token_information(token, TokenUser);
    CloseHandle(token);
    return *user != NULL;
}

/* Asked of the system once: a thread that impersonates a restricted token may be refused the token of its own process.
 */
PSID sid_user(void) {
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    void *user;
    if (!InitOnceExecuteOnce(&once, ask_user, NULL, &user)) {
        return NULL;
    }
    return sid_copy(((TOKEN_USER *)user)->User.Sid);
}

/* Integrity levels, which have no account to look up everywhere. */
static const wchar_t *level_name(PSID sid) {
    static const struct {
        WELL_KNOWN_SID_TYPE type;
        const wchar_t *name;
    } levels[] = {
        {WinUntrustedLabelSid, L"Mandatory Label\\Untrusted Mandatory Level"},
        {WinLowLabelSid, L"Mandatory Label\\Low Mandatory Level"},
        {WinMediumLabelSid, L"Mandatory Label\\Medium Mandatory Level"},
        {WinHighLabelSid, L"Mandatory Label\\High Mandatory Level"},
        {WinSystemLabelSid, L"Mandatory Label\\System Mandatory Level"},
    };
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (IsWellKnownSid(sid, levels[i].type)) {
            return levels[i].name;
        }
    }
    return NULL;
}

void sid_text(PSID sid, wchar_t *text, size_t size) {
    wchar_t name[400], domain[400];
    DWORD name_units = 400, domain_units = 400;
    SID_NAME_USE use;
    wchar_t *string = NULL;
    text[0] = 0;
    if (level_name(sid)) {
        text_append(text, size, level_name(sid));
    } else if (!sid_is_ours(sid) && LookupAccountSidW(NULL, sid, name, &name_units, domain, &domain_units, &use) &&
               name[0]) {
        text_append(text, size, domain);
        text_append(text, size, domain[0] ? L"\\" : L"");
        text_append(text, size, name);
    } else if (ConvertSidToStringSidW(sid, &string)) {
        text_append(text, size, string);
    }
    LocalFree(string);
}
