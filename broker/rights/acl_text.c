#include "broker/rights/acl.h"

#include "broker/base/msg.h"
#include "broker/base/text.h"
#include "broker/object/sd.h"
#include "broker/rights/sid.h"

#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

#define PRINT_NAME 400
#define PRINT_LINE 1200

struct name {
    ACCESS_MASK mask;
    const wchar_t *text;
};

/* icacls's simple rights, the widest first. SYNCHRONIZE is neither shown nor asked for, as there.
 * NOLINTBEGIN(misc-redundant-expression): the masks of winnt.h share bits. */
static const struct name simple_rights[] = {
    {FILE_ALL_ACCESS & ~SYNCHRONIZE, L"F"},
    {(FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE | DELETE) & ~SYNCHRONIZE, L"M"},
    {(FILE_GENERIC_READ | FILE_GENERIC_EXECUTE) & ~SYNCHRONIZE, L"RX"},
    {FILE_GENERIC_READ & ~SYNCHRONIZE, L"R"},
    {FILE_GENERIC_WRITE & ~SYNCHRONIZE, L"W"},
    {DELETE, L"D"},
};
/* NOLINTEND(misc-redundant-expression) */

static const struct name single_rights[] = {
    {DELETE, L"DE"},
    {READ_CONTROL, L"RC"},
    {WRITE_DAC, L"WDAC"},
    {WRITE_OWNER, L"WO"},
    {SYNCHRONIZE, L"S"},
    {ACCESS_SYSTEM_SECURITY, L"AS"},
    {MAXIMUM_ALLOWED, L"MA"},
    {GENERIC_READ, L"GR"},
    {GENERIC_WRITE, L"GW"},
    {GENERIC_EXECUTE, L"GE"},
    {GENERIC_ALL, L"GA"},
    {FILE_READ_DATA, L"RD"},
    {FILE_WRITE_DATA, L"WD"},
    {FILE_APPEND_DATA, L"AD"},
    {FILE_READ_EA, L"REA"},
    {FILE_WRITE_EA, L"WEA"},
    {FILE_EXECUTE, L"X"},
    {FILE_DELETE_CHILD, L"DC"},
    {FILE_READ_ATTRIBUTES, L"RA"},
    {FILE_WRITE_ATTRIBUTES, L"WA"},
};

static const struct name inheritance[] = {
    {INHERITED_ACE, L"(I)"},     {OBJECT_INHERIT_ACE, L"(OI)"},       {CONTAINER_INHERIT_ACE, L"(CI)"},
    {INHERIT_ONLY_ACE, L"(IO)"}, {NO_PROPAGATE_INHERIT_ACE, L"(NP)"},
};

static void append_right(wchar_t *text, size_t size, const wchar_t *right, bool *first) {
    if (!*first) {
        text_append(text, size, L",");
    }
    text_append(text, size, right);
    *first = false;
}

/* Simple rights while whole ones fit, then single bits for what is left. */
static void append_mask(ACCESS_MASK mask, wchar_t *text, size_t size) {
    bool first = true;
    ACCESS_MASK left = mask & ~SYNCHRONIZE;
    text_append(text, size, L"(");
    for (size_t i = 0; i < sizeof(simple_rights) / sizeof(simple_rights[0]); i++) {
        ACCESS_MASK right = simple_rights[i].mask;
        if ((mask & right) == right && (left & right & ~READ_CONTROL)) {
            append_right(text, size, simple_rights[i].text, &first);
            left &= ~right;
        }
    }
    for (size_t i = 0; i < sizeof(single_rights) / sizeof(single_rights[0]); i++) {
        if (left & single_rights[i].mask) {
            append_right(text, size, single_rights[i].text, &first);
        }
    }
    if (first) {
        text_append(text, size, mask & SYNCHRONIZE ? L"S" : L"N");
    }
    text_append(text, size, L")");
}

void acl_rights_text(BYTE type, BYTE flags, ACCESS_MASK mask, wchar_t *text, size_t size) {
    text[0] = 0;
    for (size_t i = 0; i < sizeof(inheritance) / sizeof(inheritance[0]); i++) {
        if (flags & inheritance[i].mask) {
            text_append(text, size, inheritance[i].text);
        }
    }
    if (type == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
        text_append(text, size, mask & SYSTEM_MANDATORY_LABEL_NO_WRITE_UP ? L"(NW)" : L"");
        text_append(text, size, mask & SYSTEM_MANDATORY_LABEL_NO_READ_UP ? L"(NR)" : L"");
        text_append(text, size, mask & SYSTEM_MANDATORY_LABEL_NO_EXECUTE_UP ? L"(NX)" : L"");
        return;
    }
    if (type == ACCESS_DENIED_ACE_TYPE || type == ACCESS_DENIED_CALLBACK_ACE_TYPE) {
        text_append(text, size, L"(DENY)");
    }
    append_mask(mask, text, size);
}

static bool is_ours(PSID sid, const PSID *sids, size_t count) {
    for (size_t i = 0; sid && i < count; i++) {
        if (EqualSid(sid, sids[i])) {
            return true;
        }
    }
    return sid && sid_is_ours(sid);
}

/* The deny of FILE_DELETE_CHILD names Everyone: it counts as ours beside an entry that is. */
static bool is_deny_child(const struct sd_ace *ace) {
    return ace->type == ACCESS_DENIED_ACE_TYPE && ace->mask == FILE_DELETE_CHILD && ace->sid &&
           IsWellKnownSid(ace->sid, WinWorldSid);
}

static NTSTATUS print_ace(const struct sd_ace *ace, bool ours, void (*emit)(void *context, const char *line),
                          void *context) {
    wchar_t line[PRINT_LINE], rights[PRINT_NAME];
    if (!ace->sid) {
        _snwprintf(line, PRINT_NAME, L"(entry of type %u)", ace->type);
    } else {
        sid_text(ace->sid, line, PRINT_LINE - PRINT_NAME);
        acl_rights_text(ace->type, ace->flags, ace->mask, rights, PRINT_NAME);
        text_append(line, PRINT_LINE, L":");
        text_append(line, PRINT_LINE, rights);
    }
    text_append(line, PRINT_LINE, ours ? L"  <- sbx" : L"");
    char *bytes = msg_utf8(line);
    if (!bytes) {
        return STATUS_NO_MEMORY;
    }
    emit(context, bytes);
    free(bytes);
    return STATUS_SUCCESS;
}

NTSTATUS acl_print(HANDLE object, const PSID *sids, size_t count, void (*emit)(void *context, const char *line),
                   void *context) {
    struct sd sd;
    NTSTATUS status = sd_read(object, &sd);
    if (!NT_SUCCESS(status)) {
        sd_free(&sd);
        return status;
    }
    bool any = false;
    for (struct sd_ace ace = {0}; sd_next(sd.dacl, &ace);) {
        any = any || is_ours(ace.sid, sids, count);
    }
    if (!sd.dacl) {
        emit(context, "no DACL: everybody may do everything");
    }
    for (struct sd_ace ace = {0}; NT_SUCCESS(status) && sd_next(sd.dacl, &ace);) {
        status = print_ace(&ace, is_ours(ace.sid, sids, count) || (any && is_deny_child(&ace)), emit, context);
    }
    for (struct sd_ace ace = {0}; NT_SUCCESS(status) && sd_next(sd.labels, &ace);) {
        if (ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            status = print_ace(&ace, any && sd_level(&sd) <= SECURITY_MANDATORY_LOW_RID, emit, context);
        }
    }
    sd_free(&sd);
    return status;
}
