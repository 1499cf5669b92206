/* The tree operations of `sbx roots` and the evaluation behind `sbx explain`, on real trees and a real restricted
 * token. */
#include "broker/object/path.h"
#include "broker/object/sd.h"
#include "broker/rights/access.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/state/root_tree.h"

#include <sddl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

static wchar_t base[MAX_PATH];
static unsigned serial;

/* The test tree: names below its top; a backslash at the end makes a directory. */
static const wchar_t *const names[] = {
    L"a\\", L"a\\deep\\", L"a\\deep\\tool.exe", L"a\\deep\\notes.txt", L"b.txt", L"script.cmd", L"image", L"empty\\"};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

struct tree {
    wchar_t top[MAX_PATH];
    struct sd before[NAME_COUNT + 1];
};

static void path_of(const struct tree *tree, size_t index, wchar_t *path) {
    _snwprintf(path, MAX_PATH - 1, L"%ls\\%ls", tree->top, index < NAME_COUNT ? names[index] : L"");
    path[MAX_PATH - 1] = 0;
    path[wcslen(path) - 1] = path[wcslen(path) - 1] == L'\\' ? 0 : path[wcslen(path) - 1];
}

static HANDLE open_path(const wchar_t *path) {
    HANDLE object =
        CreateFileW(path, ACL_STAMP_ACCESS | WRITE_OWNER, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(object != INVALID_HANDLE_VALUE);
    return object;
}

static struct sd read_path(const wchar_t *path) {
    struct sd sd;
    HANDLE object = open_path(path);
    assert_int_equal(sd_read(object, &sd), STATUS_SUCCESS);
    CloseHandle(object);
    return sd;
}

static void set_dacl(const wchar_t *path, const wchar_t *sddl) {
    PSECURITY_DESCRIPTOR descriptor;
    PACL dacl;
    BOOL present, defaulted;
    SECURITY_DESCRIPTOR_CONTROL control;
    DWORD revision;
    HANDLE object = open_path(path);
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL));
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &dacl, &defaulted));
    assert_true(GetSecurityDescriptorControl(descriptor, &control, &revision));
    assert_int_equal(sd_write_dacl(object, dacl, control), STATUS_SUCCESS);
    LocalFree(descriptor);
    CloseHandle(object);
}

static void make_file(const wchar_t *path, const char *text) {
    DWORD written;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    assert_true(WriteFile(file, text, (DWORD)strlen(text), &written, NULL));
    CloseHandle(file);
}

static struct tree *make_tree(void) {
    static const wchar_t *const dacls[] = {L"D:AI(D;;DC;;;S-1-5-32-546)(A;OICI;FA;;;AU)(A;OICIID;FA;;;SY)",
                                           L"D:P(A;;FA;;;AU)(A;;FR;;;WD)"};
    struct tree *tree = calloc(1, sizeof(*tree));
    wchar_t path[MAX_PATH];
    assert_non_null(tree);
    _snwprintf(tree->top, MAX_PATH - 1, L"%ls\\t%u", base, serial++);
    assert_true(CreateDirectoryW(tree->top, NULL));
    for (size_t i = 0; i <= NAME_COUNT; i++) {
        path_of(tree, i, path);
        if (i < NAME_COUNT && names[i][wcslen(names[i]) - 1] == L'\\') {
            assert_true(CreateDirectoryW(path, NULL));
        } else if (i < NAME_COUNT) {
            make_file(path, wcscmp(names[i], L"image") ? "text" : "MZ and more");
        }
        set_dacl(path, dacls[i % 2]);
        tree->before[i] = read_path(path);
    }
    return tree;
}

static void free_tree(struct tree *tree) {
    for (size_t i = 0; i <= NAME_COUNT; i++) {
        sd_free(&tree->before[i]);
    }
    free(tree);
}

static void assert_as_before(const struct tree *tree) {
    for (size_t i = 0; i <= NAME_COUNT; i++) {
        wchar_t path[MAX_PATH];
        path_of(tree, i, path);
        struct sd now = read_path(path);
        assert_int_equal(now.control & ~SE_SACL_PRESENT, tree->before[i].control & ~SE_SACL_PRESENT);
        assert_int_equal(now.dacl->AclSize, tree->before[i].dacl->AclSize);
        assert_memory_equal(now.dacl, tree->before[i].dacl, now.dacl->AclSize);
        assert_int_equal(sd_level(&now), SECURITY_MANDATORY_MEDIUM_RID);
        sd_free(&now);
    }
}

static struct acl_state state_of(const struct tree *tree, size_t index, PSID sid) {
    wchar_t path[MAX_PATH];
    struct acl_state state;
    path_of(tree, index, path);
    bool directory = index >= NAME_COUNT || names[index][wcslen(names[index]) - 1] == L'\\';
    HANDLE object = open_path(path);
    assert_int_equal(acl_query(object, directory, sid, &state), STATUS_SUCCESS);
    CloseHandle(object);
    return state;
}

static void test_stamp_and_clean(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    PSID sid = sid_new();
    assert_int_equal(tree_stamp(tree->top, sid, ACL_LABEL_LOW, &count), STATUS_SUCCESS);
    assert_int_equal(count.seen, NAME_COUNT + 1);
    assert_int_equal(count.changed, NAME_COUNT + 1);
    assert_int_equal(count.failed, 0);
    for (size_t i = 0; i <= NAME_COUNT; i++) {
        struct acl_state state = state_of(tree, i, sid);
        assert_true(state.allow && state.deny && state.low);
    }
    assert_int_equal(tree_stamp(tree->top, sid, ACL_LABEL_LOW, &count), STATUS_SUCCESS);
    assert_int_equal(count.changed, 0);
    assert_int_equal(tree_clean(tree->top, NULL, 0, &count), STATUS_SUCCESS);
    assert_int_equal(count.changed, NAME_COUNT + 1);
    assert_as_before(tree);
    assert_int_equal(tree_clean(tree->top, NULL, 0, &count), STATUS_SUCCESS);
    assert_int_equal(count.changed, 0);
    LocalFree(sid);
    free_tree(tree);
}

/* A root inside a root: cleaning the outer one leaves what belongs to the inner one. */
static void test_nested_roots(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    wchar_t inner[MAX_PATH];
    PSID outer_sid = sid_new(), inner_sid = sid_new();
    path_of(tree, 0, inner);
    assert_int_equal(tree_stamp(tree->top, outer_sid, ACL_LABEL_NONE, &count), STATUS_SUCCESS);
    assert_int_equal(tree_stamp(inner, inner_sid, ACL_LABEL_NONE, &count), STATUS_SUCCESS);
    assert_int_equal(tree_clean(tree->top, &inner_sid, 1, &count), STATUS_SUCCESS);
    assert_false(state_of(tree, 0, outer_sid).allow);
    assert_true(state_of(tree, 0, inner_sid).allow && state_of(tree, 0, inner_sid).deny);
    assert_true(state_of(tree, 3, inner_sid).allow);
    assert_false(state_of(tree, NAME_COUNT, outer_sid).deny);
    assert_int_equal(tree_clean(inner, NULL, 0, &count), STATUS_SUCCESS);
    assert_as_before(tree);
    LocalFree(outer_sid);
    LocalFree(inner_sid);
    free_tree(tree);
}

/* A file with a second name outside is never stamped. */
static void test_hard_links_are_left(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    wchar_t path[MAX_PATH], outside[MAX_PATH];
    PSID sid = sid_new();
    path_of(tree, 4, path);
    _snwprintf(outside, MAX_PATH - 1, L"%ls\\outside%u", base, serial);
    assert_true(CreateHardLinkW(outside, path, NULL));
    assert_int_equal(tree_stamp(tree->top, sid, ACL_LABEL_NONE, &count), STATUS_SUCCESS);
    assert_int_equal(count.links, 1);
    assert_int_equal(count.changed, NAME_COUNT);
    assert_false(state_of(tree, 4, sid).allow);
    assert_true(state_of(tree, 5, sid).allow);
    LocalFree(sid);
    free_tree(tree);
}

/* Entries of a root are for what lies in it: a path that leads elsewhere than it says is not followed. */
static void test_a_path_that_leads_elsewhere_is_not_stamped(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    wchar_t path[MAX_PATH];
    PSID sid = sid_new();
    _snwprintf(path, MAX_PATH - 1, L"%ls\\a\\..\\empty", tree->top);
    assert_int_equal(tree_stamp(path, sid, ACL_LABEL_LOW, &count), STATUS_REPARSE_POINT_ENCOUNTERED);
    assert_int_equal(count.changed, 0);
    assert_as_before(tree);
    LocalFree(sid);
    free_tree(tree);
}

static void test_relabel(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    PSID sid = sid_new();
    assert_int_equal(tree_stamp(tree->top, sid, ACL_LABEL_LOW, &count), STATUS_SUCCESS);
    assert_int_equal(tree_relabel(tree->top, 0, &count), STATUS_SUCCESS);
    assert_int_equal(count.changed, 3);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        bool executable =
            !wcscmp(names[i], L"a\\deep\\tool.exe") || !wcscmp(names[i], L"script.cmd") || !wcscmp(names[i], L"image");
        struct acl_state state = state_of(tree, i, sid);
        assert_int_equal(state.low, !executable);
        assert_true(state.allow);
    }
    LocalFree(sid);
    free_tree(tree);
}

static void test_missing_top(void **unused) {
    (void)unused;
    struct tree_count count;
    wchar_t path[MAX_PATH];
    _snwprintf(path, MAX_PATH - 1, L"%ls\\nothing", base);
    assert_false(NT_SUCCESS(tree_clean(path, NULL, 0, &count)));
}

static enum access_reason reason(const struct access_subject *subject, const struct tree *tree, size_t index,
                                 ACCESS_MASK access) {
    wchar_t path[MAX_PATH];
    path_of(tree, index, path);
    struct sd sd = read_path(path);
    struct access_verdict verdict = access_evaluate(subject, &sd, access);
    sd_free(&sd);
    return verdict.reason;
}

static void test_reasons(void **unused) {
    (void)unused;
    struct tree *tree = make_tree();
    struct tree_count count;
    wchar_t sddl[300], path[MAX_PATH], *user_text;
    PSID sid = sid_new(), user = sid_user();
    struct access_subject medium, low;
    assert_true(ConvertSidToStringSidW(user, &user_text));
    path_of(tree, NAME_COUNT, path);
    _snwprintf(sddl, 299, L"D:(A;OICI;FA;;;%ls)", user_text);
    set_dacl(path, sddl);
    path_of(tree, 4, path);
    set_dacl(path, sddl);
    path_of(tree, 5, path);
    set_dacl(path, L"D:(A;;FA;;;SY)");
    path_of(tree, 6, path);
    set_dacl(path, L"D:(A;;FA;;;WD)");
    assert_true(access_open(&sid, 1, false, &medium));
    assert_true(access_open(&sid, 1, true, &low));

    assert_int_equal(reason(&medium, tree, 4, FILE_GENERIC_READ), ACCESS_GRANTED);
    assert_int_equal(reason(&medium, tree, 4, FILE_WRITE_DATA), ACCESS_BY_SANDBOX);
    assert_int_equal(reason(&medium, tree, 4, DELETE), ACCESS_BY_SANDBOX);
    assert_int_equal(reason(&low, tree, 4, FILE_WRITE_DATA), ACCESS_BY_LEVEL);
    assert_int_equal(reason(&low, tree, 4, FILE_GENERIC_READ), ACCESS_GRANTED);
    assert_int_equal(reason(&medium, tree, 5, FILE_GENERIC_READ), ACCESS_BY_USER);
    assert_int_equal(reason(&medium, tree, 6, DELETE), ACCESS_GRANTED);
    assert_int_equal(reason(&medium, tree, NAME_COUNT, FILE_DELETE_CHILD), ACCESS_GRANTED);
    assert_int_equal(reason(&low, tree, NAME_COUNT, FILE_DELETE_CHILD), ACCESS_BY_LEVEL);

    path_of(tree, 5, path);
    assert_int_equal(tree_stamp(tree->top, sid, ACL_LABEL_LOW, &count), STATUS_SUCCESS);
    assert_int_equal(reason(&low, tree, 4, FILE_WRITE_DATA), ACCESS_GRANTED);
    assert_int_equal(reason(&low, tree, 4, DELETE), ACCESS_BY_SANDBOX);
    assert_int_equal(reason(&low, tree, NAME_COUNT, FILE_ADD_FILE), ACCESS_GRANTED);
    assert_int_equal(reason(&low, tree, NAME_COUNT, FILE_DELETE_CHILD), ACCESS_BY_USER);
    assert_int_equal(reason(&medium, tree, NAME_COUNT, FILE_DELETE_CHILD), ACCESS_BY_USER);

    access_close(&medium);
    access_close(&low);
    LocalFree(user_text);
    LocalFree(user);
    LocalFree(sid);
    free_tree(tree);
}

static void test_below(void **unused) {
    (void)unused;
    assert_true(path_below(L"C:\\a\\b", L"c:\\A"));
    assert_true(path_below(L"C:\\a", L"C:\\a"));
    assert_true(path_below(L"C:\\a", L"C:\\"));
    assert_false(path_below(L"C:\\ab", L"C:\\a"));
    assert_false(path_below(L"C:\\", L"C:\\a"));
    assert_false(path_below(L"D:\\a", L"C:\\a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamp_and_clean),
        cmocka_unit_test(test_nested_roots),
        cmocka_unit_test(test_hard_links_are_left),
        cmocka_unit_test(test_a_path_that_leads_elsewhere_is_not_stamped),
        cmocka_unit_test(test_relabel),
        cmocka_unit_test(test_missing_top),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_below),
    };
    wchar_t temp[MAX_PATH - 40];
    if (!GetTempPathW(MAX_PATH - 40, temp)) {
        return 1;
    }
    _snwprintf(base, MAX_PATH - 1, L"%lssbx-tree-%lu", temp, (unsigned long)GetCurrentProcessId());
    if (!CreateDirectoryW(base, NULL)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
