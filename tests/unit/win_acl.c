/* broker/acl.c on real objects: what is put, in which order, and that taking it away leaves the DACL's bytes as they
 * were. */
#include "broker/object/sd.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"

#include <sddl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPEN_ACCESS (ACL_STAMP_ACCESS | WRITE_OWNER)
#define CANONICAL                                                                                                      \
    L"D:AI(D;;DC;;;S-1-5-32-546)(A;OICI;FA;;;S-1-5-32-544)(A;;0x1200a9;;;S-1-5-32-545)(A;OICIID;FA;;;SY)(A;OICIID;FA;" \
    L";;AU)"
#define INHERITED_FIRST L"D:(A;OICIID;FA;;;SY)(D;;WD;;;S-1-5-32-546)(A;OICIID;FA;;;AU)"
#define PROTECTED L"D:P(A;OICI;FA;;;AU)(D;;DC;;;S-1-5-32-546)"
#define EMPTY L"D:"

static wchar_t base[MAX_PATH];
static unsigned serial;

static HANDLE make(bool directory, const wchar_t *sddl) {
    wchar_t path[MAX_PATH + 40];
    _snwprintf(path, MAX_PATH + 39, L"%ls\\o%u", base, serial++);
    if (directory) {
        assert_true(CreateDirectoryW(path, NULL));
    } else {
        HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
        assert_true(file != INVALID_HANDLE_VALUE);
        CloseHandle(file);
    }
    HANDLE object = CreateFileW(path, OPEN_ACCESS, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(object != INVALID_HANDLE_VALUE);
    PSECURITY_DESCRIPTOR descriptor;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL));
    PACL dacl;
    BOOL present, defaulted;
    SECURITY_DESCRIPTOR_CONTROL control;
    DWORD revision;
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted));
    assert_true(GetSecurityDescriptorControl(descriptor, &control, &revision));
    assert_int_equal(sd_write_dacl(object, dacl, control), STATUS_SUCCESS);
    LocalFree(descriptor);
    return object;
}

static struct sd read_back(HANDLE object) {
    struct sd sd;
    assert_int_equal(sd_read(object, &sd), STATUS_SUCCESS);
    return sd;
}

static void assert_same_dacl(const struct sd *before, const struct sd *after) {
    assert_int_equal(before->control & ~SE_SACL_PRESENT, after->control & ~SE_SACL_PRESENT);
    assert_non_null(before->dacl);
    assert_non_null(after->dacl);
    assert_int_equal(before->dacl->AclSize, after->dacl->AclSize);
    assert_memory_equal(before->dacl, after->dacl, before->dacl->AclSize);
}

static void check_round_trip(bool directory, const wchar_t *sddl, enum acl_integrity integrity) {
    HANDLE object = make(directory, sddl);
    PSID sid = sid_new();
    struct acl_change change;
    struct acl_state state;
    struct sd before = read_back(object);

    assert_int_equal(acl_query(object, directory, sid, &state), STATUS_SUCCESS);
    assert_false(state.allow);
    assert_false(state.low);
    assert_int_equal(acl_stamp(object, directory, sid, integrity, &change), STATUS_SUCCESS);
    assert_true(change.changed);
    assert_int_equal(acl_query(object, directory, sid, &state), STATUS_SUCCESS);
    assert_true(state.allow);
    assert_true(state.deny);
    assert_int_equal(state.low, integrity == ACL_LABEL_LOW);

    struct sd stamped = read_back(object);
    assert_int_equal(stamped.control & (SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED),
                     before.control & (SE_DACL_PROTECTED | SE_DACL_AUTO_INHERITED));
    assert_int_equal(stamped.dacl->AceCount, before.dacl->AceCount + (directory ? 2 : 1));
    assert_int_equal(acl_stamp(object, directory, sid, integrity, &change), STATUS_SUCCESS);
    assert_false(change.changed);
    struct sd again = read_back(object);
    assert_same_dacl(&stamped, &again);

    assert_int_equal(acl_unstamp(object, directory, &sid, 1, &change), STATUS_SUCCESS);
    assert_true(change.changed);
    struct sd after = read_back(object);
    assert_same_dacl(&before, &after);
    assert_int_equal(sd_level(&after), SECURITY_MANDATORY_MEDIUM_RID);
    assert_int_equal(acl_unstamp(object, directory, &sid, 1, &change), STATUS_SUCCESS);
    assert_false(change.changed);

    sd_free(&before);
    sd_free(&stamped);
    sd_free(&again);
    sd_free(&after);
    LocalFree(sid);
    CloseHandle(object);
}

static void test_round_trips(void **state) {
    (void)state;
    static const wchar_t *const descriptors[] = {CANONICAL, INHERITED_FIRST, PROTECTED, EMPTY};
    for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
        for (int kind = 0; kind < 4; kind++) {
            check_round_trip(kind & 1, descriptors[i], kind & 2 ? ACL_LABEL_LOW : ACL_LABEL_NONE);
        }
    }
}

/* The foreign entries keep their order; the deny is first; the allow stands behind the explicit denies and before what
 * is inherited. */
static void test_order(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    PSID sid = sid_new();
    struct acl_change change;
    struct sd before = read_back(object);
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_NONE, &change), STATUS_SUCCESS);
    struct sd after = read_back(object);
    struct sd_ace old = {0}, now = {0};
    assert_true(sd_next(after.dacl, &now));
    assert_int_equal(now.type, ACCESS_DENIED_ACE_TYPE);
    assert_int_equal(now.mask, FILE_DELETE_CHILD);
    assert_int_equal(now.flags, CONTAINER_INHERIT_ACE);
    assert_true(IsWellKnownSid(now.sid, WinWorldSid));
    unsigned found = 0;
    while (sd_next(after.dacl, &now)) {
        if (EqualSid(now.sid, sid)) {
            assert_int_equal(now.index, 4);
            assert_int_equal(now.flags, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
            assert_int_equal(now.mask & (DELETE | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER), 0);
            assert_int_equal(now.mask, FILE_GENERIC_READ | FILE_GENERIC_WRITE | FILE_GENERIC_EXECUTE);
            found++;
            continue;
        }
        assert_true(sd_next(before.dacl, &old));
        assert_int_equal(old.size, now.size);
        assert_memory_equal((const BYTE *)before.dacl + old.offset, (const BYTE *)after.dacl + now.offset, old.size);
    }
    assert_false(sd_next(before.dacl, &old));
    assert_int_equal(found, 1);
    sd_free(&before);
    sd_free(&after);
    LocalFree(sid);
    CloseHandle(object);
}

/* A deny that stands behind an allow of FILE_DELETE_CHILD denies nothing. */
static void test_late_deny_does_not_count(void **state) {
    (void)state;
    HANDLE object = make(true, L"D:(A;OICI;FA;;;AU)(D;CIID;DC;;;WD)");
    PSID sid = sid_new();
    struct acl_state now;
    struct acl_change change;
    assert_int_equal(acl_query(object, true, sid, &now), STATUS_SUCCESS);
    assert_false(now.deny);
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_NONE, &change), STATUS_SUCCESS);
    assert_int_equal(acl_query(object, true, sid, &now), STATUS_SUCCESS);
    assert_true(now.deny);
    LocalFree(sid);
    CloseHandle(object);
}

static void test_two_roots_share_the_deny(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    PSID first = sid_new(), second = sid_new();
    struct acl_state now;
    struct acl_change change;
    struct sd before = read_back(object);
    assert_int_equal(acl_stamp(object, true, first, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_int_equal(acl_stamp(object, true, second, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_int_equal(acl_unstamp(object, true, &first, 1, &change), STATUS_SUCCESS);
    assert_int_equal(acl_query(object, true, second, &now), STATUS_SUCCESS);
    assert_true(now.allow && now.deny && now.low);
    assert_int_equal(acl_query(object, true, first, &now), STATUS_SUCCESS);
    assert_false(now.allow);
    assert_int_equal(acl_unstamp(object, true, NULL, 0, &change), STATUS_SUCCESS);
    struct sd after = read_back(object);
    assert_same_dacl(&before, &after);
    sd_free(&before);
    sd_free(&after);
    LocalFree(first);
    LocalFree(second);
    CloseHandle(object);
}

static void test_null_dacl_is_left(void **state) {
    (void)state;
    HANDLE object = make(false, EMPTY);
    PSID sid = sid_new();
    struct acl_state now;
    struct sd sd;
    struct acl_change change;
    BYTE bytes[sizeof(SECURITY_DESCRIPTOR_RELATIVE)] = {0};
    SECURITY_DESCRIPTOR_RELATIVE head = {.Revision = SECURITY_DESCRIPTOR_REVISION,
                                         .Control = SE_SELF_RELATIVE | SE_DACL_PRESENT};
    memcpy(bytes, &head, sizeof(head));
    assert_int_equal(sd_parse(bytes, sizeof(bytes), &sd), STATUS_SUCCESS);
    assert_null(sd.dacl);
    assert_int_equal(sd_write_dacl(object, NULL, 0), STATUS_SUCCESS);
    sd = read_back(object);
    assert_int_equal(acl_query(object, false, sid, &now), STATUS_SUCCESS);
    assert_int_equal(now.no_dacl, !sd.dacl);
    if (now.no_dacl) {
        assert_int_equal(acl_stamp(object, false, sid, ACL_LABEL_NONE, &change), STATUS_NOT_SUPPORTED);
        assert_false(change.changed);
    }
    sd_free(&sd);
    LocalFree(sid);
    CloseHandle(object);
}

static void test_explicit_label_is_not_lowered(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    PSID sid = sid_new();
    struct acl_change change;
    BYTE level[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(level);
    struct acl_state now;
    assert_true(CreateWellKnownSid(WinMediumLabelSid, NULL, level, &size));
    ACL *label = sd_insert(NULL, 0, SYSTEM_MANDATORY_LABEL_ACE_TYPE, 0, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP, level);
    assert_int_equal(sd_write_label(object, label, 0), STATUS_SUCCESS);
    free(label);
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_true(change.label_refused);
    assert_true(change.changed);
    assert_int_equal(acl_query(object, true, sid, &now), STATUS_SUCCESS);
    assert_true(now.allow && now.deny);
    assert_false(now.low);
    LocalFree(sid);
    CloseHandle(object);
}

static void test_protect(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    PSID sid = sid_new();
    struct acl_change change;
    struct acl_state now;
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    struct sd before = read_back(object);
    assert_int_equal(acl_protect(object, true, sid, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_true(change.changed);
    assert_int_equal(acl_query(object, true, sid, &now), STATUS_SUCCESS);
    assert_true(now.protected_entry);
    assert_false(now.low);
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_LOW, &change), STATUS_ACCESS_DENIED);
    assert_int_equal(acl_protect(object, true, sid, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_false(change.changed);
    struct sd denied = read_back(object);
    struct sd_ace ace = {0};
    assert_true(sd_next(denied.dacl, &ace));
    assert_int_equal(ace.mask & (READ_CONTROL | SYNCHRONIZE | FILE_READ_DATA | FILE_EXECUTE), 0);
    assert_int_equal(acl_unprotect(object, &change), STATUS_SUCCESS);
    struct sd after = read_back(object);
    assert_same_dacl(&before, &after);
    sd_free(&before);
    sd_free(&denied);
    sd_free(&after);
    LocalFree(sid);
    CloseHandle(object);
}

/* What an earlier program may leave: a deny that stands behind an allow and says nothing. */
static void test_protect_puts_its_deny_first(void **state) {
    (void)state;
    PSID sid = sid_new();
    wchar_t *text, sddl[400];
    struct acl_change change;
    struct sd_ace ace = {0};
    assert_true(ConvertSidToStringSidW(sid, &text));
    _snwprintf(sddl, 399, L"D:P(A;OICI;FA;;;WD)(D;;0x2;;;%ls)", text);
    HANDLE object = make(true, sddl);
    assert_int_equal(acl_protect(object, true, sid, ACL_LABEL_NONE, &change), STATUS_SUCCESS);
    assert_true(change.changed);
    struct sd now = read_back(object);
    assert_true(sd_next(now.dacl, &ace));
    assert_int_equal(ace.type, ACCESS_DENIED_ACE_TYPE);
    assert_int_equal(ace.mask, ACL_PROTECT_MASK);
    assert_true(EqualSid(ace.sid, sid));
    /* FILE_DELETE_CHILD is not checked against restricting SIDs: the deny of it is for Everyone. */
    assert_true(sd_next(now.dacl, &ace));
    assert_int_equal(ace.type, ACCESS_DENIED_ACE_TYPE);
    assert_int_equal(ace.mask, FILE_DELETE_CHILD);
    assert_true(IsWellKnownSid(ace.sid, WinWorldSid));
    sd_free(&now);
    assert_int_equal(acl_unprotect(object, &change), STATUS_SUCCESS);
    now = read_back(object);
    ace = (struct sd_ace){0};
    assert_true(sd_next(now.dacl, &ace));
    assert_int_equal(ace.type, ACCESS_ALLOWED_ACE_TYPE);
    assert_false(sd_next(now.dacl, &ace));
    sd_free(&now);
    LocalFree(text);
    LocalFree(sid);
    CloseHandle(object);
}

/* The stamp lets a token that is restricted to the SID write, and not delete; without the stamp it may not write. */
static bool may(HANDLE token, HANDLE object, ACCESS_MASK access) {
    const SECURITY_INFORMATION what = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                      DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION;
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    BYTE bytes[4096];
    PRIVILEGE_SET privileges;
    DWORD size = sizeof(privileges), granted;
    ULONG needed;
    BOOL allowed = FALSE;
    assert_int_equal(NtQuerySecurityObject(object, what, bytes, sizeof(bytes), &needed), STATUS_SUCCESS);
    assert_true(AccessCheck(bytes, token, access, &mapping, &privileges, &size, &granted, &allowed));
    return allowed;
}

static void test_what_the_kernel_says(void **state) {
    (void)state;
    wchar_t sddl[300], *user_text;
    PSID user = sid_user(), sid = sid_new();
    HANDLE primary, token;
    struct acl_change change;
    assert_true(ConvertSidToStringSidW(user, &user_text));
    _snwprintf(sddl, 299, L"D:(A;OICI;FA;;;%ls)", user_text);
    HANDLE object = make(true, sddl);
    assert_int_equal(token_create_strict(&sid, 1, sid, false, &primary), 0);
    assert_true(DuplicateTokenEx(primary, TOKEN_QUERY | TOKEN_IMPERSONATE, NULL, SecurityImpersonation,
                                 TokenImpersonation, &token));

    assert_true(may(token, object, FILE_READ_DATA));
    assert_false(may(token, object, FILE_WRITE_DATA));
    assert_false(may(token, object, DELETE));
    assert_true(may(token, object, FILE_DELETE_CHILD));
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_NONE, &change), STATUS_SUCCESS);
    assert_true(may(token, object, FILE_WRITE_DATA));
    assert_true(may(token, object, FILE_READ_DATA));
    assert_false(may(token, object, DELETE));
    assert_false(may(token, object, FILE_DELETE_CHILD));
    assert_false(may(token, object, WRITE_DAC));
    assert_int_equal(acl_protect(object, true, sid, ACL_LABEL_NONE, &change), STATUS_SUCCESS);
    assert_true(may(token, object, FILE_READ_DATA));
    assert_false(may(token, object, FILE_WRITE_DATA));

    CloseHandle(token);
    CloseHandle(primary);
    CloseHandle(object);
    LocalFree(user_text);
    LocalFree(user);
    LocalFree(sid);
}

/* The label needs WRITE_OWNER. Who may change the DACL gives himself that for the moment; the DACL is as before
 * afterwards. Without the right in both passes of the check the label is refused, and the DACL is put back all the
 * same. */
static void check_label_without_write_owner(bool user_counts) {
    wchar_t sddl[400], *user_text, *sid_text;
    PSID user = sid_user(), sid = sid_new();
    SID_AND_ATTRIBUTES restricting = {user_counts ? user : sid, 0};
    HANDLE own, primary, token;
    struct acl_change change;
    assert_true(ConvertSidToStringSidW(user, &user_text));
    assert_true(ConvertSidToStringSidW(sid, &sid_text));
    _snwprintf(sddl, 399, L"D:(A;;0x1601bf;;;%ls)(A;;0x1601bf;;;%ls)", user_text, sid_text);
    HANDLE object = make(false, sddl);
    struct sd before = read_back(object);
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
    assert_true(
        CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE | LUA_TOKEN, 0, NULL, 0, NULL, 1, &restricting, &primary));
    assert_true(DuplicateTokenEx(primary, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation, &token));
    assert_true(ImpersonateLoggedOnUser(token));
    NTSTATUS status = acl_stamp(object, false, sid, ACL_LABEL_LOW, &change);
    assert_true(RevertToSelf());
    struct sd after = read_back(object);
    assert_int_equal(status, STATUS_SUCCESS);
    assert_int_equal(change.label_refused, !user_counts);
    assert_int_equal(change.changed, user_counts);
    assert_int_equal(sd_level(&after), user_counts ? SECURITY_MANDATORY_LOW_RID : SECURITY_MANDATORY_MEDIUM_RID);
    assert_same_dacl(&before, &after);
    sd_free(&before);
    sd_free(&after);
    HANDLE handles[] = {own, primary, token, object};
    for (int i = 0; i < 4; i++) {
        CloseHandle(handles[i]);
    }
    LocalFree(user_text);
    LocalFree(sid_text);
    LocalFree(user);
    LocalFree(sid);
}

static void test_label_without_write_owner(void **state) {
    (void)state;
    check_label_without_write_owner(true);
    check_label_without_write_owner(false);
}

/* Every cut and every changed byte of a descriptor is either read or refused, never read past its end. */
static void test_damaged_descriptors(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    struct sd sd = read_back(object);
    unsigned refused = 0;
    for (ULONG cut = 0; cut < sd.size; cut++) {
        for (int flip = 0; flip < 2; flip++) {
            ULONG size = flip ? sd.size : cut;
            BYTE *copy = malloc(size ? size : 1);
            struct sd parsed;
            assert_non_null(copy);
            memcpy(copy, sd.bytes, size);
            if (flip) {
                copy[cut] ^= 0xFF;
            }
            NTSTATUS status = sd_parse(copy, size, &parsed);
            refused += !NT_SUCCESS(status);
            if (NT_SUCCESS(status)) {
                ULONG aces = 0;
                for (struct sd_ace ace = {0}; sd_next(parsed.dacl, &ace);) {
                    aces++;
                    assert_true(ace.offset + ace.size <= parsed.dacl->AclSize);
                }
                assert_int_equal(aces, parsed.dacl ? parsed.dacl->AceCount : 0);
            }
            free(copy);
        }
    }
    assert_true(refused > 20);
    sd_free(&sd);
    CloseHandle(object);
}

struct lines {
    unsigned count, ours;
    char first[300];
};

static void take_line(void *context, const char *line) {
    struct lines *lines = context;
    if (!lines->count++) {
        strncpy(lines->first, line, sizeof(lines->first) - 1);
    }
    lines->ours += strstr(line, "  <- sbx") != NULL;
}

static void test_print(void **state) {
    (void)state;
    HANDLE object = make(true, CANONICAL);
    PSID sid = sid_new();
    struct acl_change change;
    struct lines lines = {0};
    wchar_t text[100];
    assert_int_equal(acl_stamp(object, true, sid, ACL_LABEL_LOW, &change), STATUS_SUCCESS);
    assert_int_equal(acl_print(object, &sid, 1, take_line, &lines), STATUS_SUCCESS);
    assert_int_equal(lines.count, 8);
    assert_int_equal(lines.ours, 3);
    assert_non_null(strstr(lines.first, ":(CI)(DENY)(DC)  <- sbx"));
    acl_rights_text(ACCESS_ALLOWED_ACE_TYPE, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE, ACL_ALLOW_MASK, text, 100);
    assert_true(!wcscmp(text, L"(OI)(CI)(RX,W)"));
    acl_rights_text(ACCESS_ALLOWED_ACE_TYPE, INHERITED_ACE, FILE_ALL_ACCESS, text, 100);
    assert_true(!wcscmp(text, L"(I)(F)"));
    LocalFree(sid);
    CloseHandle(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_late_deny_does_not_count),
        cmocka_unit_test(test_two_roots_share_the_deny),
        cmocka_unit_test(test_null_dacl_is_left),
        cmocka_unit_test(test_explicit_label_is_not_lowered),
        cmocka_unit_test(test_protect),
        cmocka_unit_test(test_protect_puts_its_deny_first),
        cmocka_unit_test(test_what_the_kernel_says),
        cmocka_unit_test(test_label_without_write_owner),
        cmocka_unit_test(test_damaged_descriptors),
        cmocka_unit_test(test_print),
    };
    wchar_t temp[MAX_PATH - 40];
    if (!GetTempPathW(MAX_PATH - 40, temp)) {
        return 1;
    }
    _snwprintf(base, MAX_PATH - 1, L"%lssbx-acl-%lu", temp, (unsigned long)GetCurrentProcessId());
    if (!CreateDirectoryW(base, NULL)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
