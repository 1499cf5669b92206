/* `sbx roots`, `sbx explain` and `sbx doctor` as a person calls them: exit codes and what is said. */
#include "broker/cmd/commands.h"
#include "broker/rights/acl.h"
#include "broker/state/root_map.h"
#include "broker/state/state.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define MAX_WORDS 6
#define OUTPUT_MAX (1 << 20)

static wchar_t base[MAX_PATH], root[MAX_PATH], file[MAX_PATH], outside[MAX_PATH];
static char *output;

typedef int command(int argc, wchar_t **argv);

/* Calls a command with stdout going to a file; its text is in `output` afterwards. */
static int call(command *run, ...) {
    wchar_t *words[MAX_WORDS], path[MAX_PATH];
    int count = 0;
    va_list arguments;
    va_start(arguments, run);
    /* clang-tidy 14 does not know va_start of Windows. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    while (count < MAX_WORDS && (words[count] = va_arg(arguments, wchar_t *))) {
        count++;
    }
    va_end(arguments);
    _snwprintf(path, MAX_PATH - 1, L"%ls\\output", base);
    HANDLE stdout_before = GetStdHandle(STD_OUTPUT_HANDLE);
    HANDLE to = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(to != INVALID_HANDLE_VALUE);
    SetStdHandle(STD_OUTPUT_HANDLE, to);
    int code = run(count, words);
    SetStdHandle(STD_OUTPUT_HANDLE, stdout_before);
    CloseHandle(to);
    size_t size;
    DWORD error;
    free(output);
    output = state_read(path, OUTPUT_MAX, &size, &error);
    assert_non_null(output);
    return code;
}

static bool said(const char *text) { return strstr(output, text) != NULL; }

static json_t *json_output(void) {
    json_error_t error;
    json_t *value = json_loads(output, 0, &error);
    assert_non_null(value);
    return value;
}

static void make_file(const wchar_t *path) {
    HANDLE handle = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(handle != INVALID_HANDLE_VALUE);
    CloseHandle(handle);
}

static void stamp(enum acl_integrity integrity) {
    PSID sid;
    struct acl_change change;
    assert_true(roots_sid_for(root, ROOT_ADDED, &sid));
    HANDLE directory = CreateFileW(root, ACL_STAMP_ACCESS, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                                   FILE_FLAG_BACKUP_SEMANTICS, NULL);
    assert_true(directory != INVALID_HANDLE_VALUE);
    assert_int_equal(acl_stamp(directory, true, sid, integrity, &change), STATUS_SUCCESS);
    CloseHandle(directory);
    LocalFree(sid);
}

static int fresh(void **state) {
    (void)state;
    static unsigned serial;
    _snwprintf(root, MAX_PATH - 1, L"%ls\\root%u", base, serial);
    _snwprintf(file, MAX_PATH - 1, L"%ls\\root%u\\file.txt", base, serial);
    _snwprintf(outside, MAX_PATH - 1, L"%ls\\outside%u", base, serial++);
    if (!CreateDirectoryW(root, NULL)) {
        return 1;
    }
    make_file(file);
    make_file(outside);
    stamp(ACL_LABEL_LOW);
    return 0;
}

static int clean_up(void **state) {
    (void)state;
    return call(cmd_roots, L"clean", L"--all", NULL);
}

static void test_list(void **state) {
    (void)state;
    assert_int_equal(call(cmd_roots, L"list", NULL), 0);
    assert_true(said("stamped, Low"));
    assert_int_equal(call(cmd_roots, L"list", L"--json", NULL), 0);
    json_t *all = json_output();
    json_t *first = json_array_get(json_object_get(all, "roots"), 0);
    assert_true(json_is_true(json_object_get(first, "ok")));
    assert_int_equal(json_array_size(json_object_get(all, "roots")), 1);
    json_decref(all);
}

static void test_show_and_repair(void **state) {
    (void)state;
    assert_int_equal(call(cmd_roots, L"show", root, NULL), 0);
    assert_true(said("Everyone:(CI)(DENY)(DC)  <- sbx"));
    assert_true(said(":(OI)(CI)(RX,W)  <- sbx"));
    assert_true(said("Low Mandatory Level:(CI)(NW)  <- sbx"));
    HANDLE directory =
        CreateFileW(root, ACL_STAMP_ACCESS, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    struct acl_change change;
    assert_int_equal(acl_unstamp(directory, true, NULL, 0, &change), STATUS_SUCCESS);
    CloseHandle(directory);
    assert_int_equal(call(cmd_roots, L"show", root, NULL), 1);
    assert_true(said("not stamped"));
    assert_false(said("<- sbx"));
    assert_int_equal(call(cmd_roots, L"repair", root, NULL), 0);
    assert_int_equal(call(cmd_roots, L"show", root, NULL), 0);
    assert_int_equal(call(cmd_roots, L"show", outside, NULL), 0);
    assert_true(said("below no root of sbx"));
}

static void test_clean_forgets(void **state) {
    (void)state;
    assert_int_equal(call(cmd_roots, L"clean", root, NULL), 0);
    assert_int_equal(call(cmd_roots, L"list", L"--json", NULL), 0);
    assert_true(said("\"roots\":[]"));
    assert_int_equal(call(cmd_roots, L"show", root, NULL), 0);
    assert_false(said("<- sbx"));
}

static void test_clean_of_a_root_that_is_gone(void **state) {
    (void)state;
    assert_true(DeleteFileW(file) && RemoveDirectoryW(root));
    assert_int_equal(call(cmd_roots, L"list", NULL), 0);
    assert_true(said("gone"));
    assert_int_equal(call(cmd_roots, L"clean", root, NULL), 0);
    assert_int_equal(call(cmd_roots, L"list", L"--json", NULL), 0);
    assert_true(said("\"roots\":[]"));
}

static void test_wrong_words(void **state) {
    (void)state;
    assert_int_equal(call(cmd_roots, L"frob", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"show", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"clean", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"clean", root, L"--all", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"list", L"--all", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"list", L"--jsn", NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_roots, L"repair", outside, NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_explain, NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_explain, L"--op", L"eat", root, NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_explain, L"--integrity", L"none", root, NULL), SBX_EXIT_FAILED);
    assert_int_equal(call(cmd_doctor, L"much", NULL), SBX_EXIT_FAILED);
}

static void test_explain(void **state) {
    (void)state;
    assert_int_equal(call(cmd_explain, L"--op", L"read", outside, NULL), 0);
    assert_int_equal(call(cmd_explain, L"--op", L"write", outside, NULL), 1);
    assert_true(said("--add-dir"));
    assert_int_equal(call(cmd_explain, L"--op", L"delete", outside, NULL), 1);
    assert_int_equal(call(cmd_explain, L"--op", L"write", file, NULL), 0);
    assert_int_equal(call(cmd_explain, L"--op", L"delete", file, NULL), 0);
    assert_true(said("--broker"));
    assert_int_equal(call(cmd_explain, L"--op", L"delete", root, NULL), 1);
    assert_true(said("writable root itself"));
    assert_int_equal(call(cmd_explain, root, L"--json", NULL), 0);
    json_t *all = json_output();
    assert_int_equal(json_array_size(json_object_get(all, "operations")), 5);
    json_decref(all);
}

static void test_doctor(void **state) {
    (void)state;
    int code = call(cmd_doctor, L"--json", NULL);
    json_t *all = json_output();
    json_t *check;
    size_t index;
    bool confined = false;
    json_array_foreach(json_object_get(all, "checks"), index, check) {
        const char *name = json_string_value(json_object_get(check, "check"));
        const char *level = json_string_value(json_object_get(check, "level"));
        confined = confined || (!strcmp(name, "confinement") && !strcmp(level, "ok"));
    }
    assert_true(confined);
    assert_int_equal(code, json_is_true(json_object_get(all, "ok")) ? 0 : 1);
    json_decref(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_show_and_repair, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_clean_forgets, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_clean_of_a_root_that_is_gone, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_wrong_words, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_explain, fresh, clean_up),
        cmocka_unit_test_setup_teardown(test_doctor, fresh, clean_up),
    };
    wchar_t temp[MAX_PATH - 40];
    if (!GetTempPathW(MAX_PATH - 40, temp)) {
        return 1;
    }
    _snwprintf(base, MAX_PATH - 1, L"%lssbx-commands-%lu", temp, (unsigned long)GetCurrentProcessId());
    if (!CreateDirectoryW(base, NULL) || !SetEnvironmentVariableW(L"LOCALAPPDATA", base)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
