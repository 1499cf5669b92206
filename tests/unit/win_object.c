/* Names of open objects. */
#include "broker/object/object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

static struct policy_name name_of(const wchar_t *text) {
    struct policy_name name = {(const uint16_t *)text, wcslen(text)};
    return name;
}

/* `text` as NtQueryObject leaves it: behind a UNICODE_STRING in the storage. */
static void give(struct object_name *name, const wchar_t *text) {
    uint16_t *units = (uint16_t *)name->storage + 8;
    memcpy(units, text, wcslen(text) * sizeof(wchar_t));
    name->name.units = units;
    name->name.length = wcslen(text);
}

static void assert_name(const struct object_name *name, const wchar_t *text) {
    assert_int_equal(name->name.length, wcslen(text));
    assert_memory_equal(name->name.units, text, wcslen(text) * sizeof(wchar_t));
}

static void test_replace_end(void **state) {
    static struct object_name name;
    (void)state;
    give(&name, L"\\Device\\Disk1\\RUNNER~1\\a.txt");
    assert_true(object_replace_end(&name, name_of(L"\\RUNNER~1\\a.txt"), name_of(L"\\runneradmin\\a.txt")));
    assert_name(&name, L"\\Device\\Disk1\\runneradmin\\a.txt");
    assert_true(object_replace_end(&name, name_of(L"\\runneradmin\\a.txt"), name_of(L"\\r")));
    assert_name(&name, L"\\Device\\Disk1\\r");
}

static void test_what_is_no_end_stays(void **state) {
    static struct object_name name;
    (void)state;
    give(&name, L"\\Device\\Disk1\\A~1");
    assert_false(object_replace_end(&name, name_of(L"\\B~1"), name_of(L"\\x")));
    assert_false(object_replace_end(&name, name_of(L"\\Device\\Disk1\\A~1\\and\\more"), name_of(L"\\x")));
    assert_name(&name, L"\\Device\\Disk1\\A~1");
}

static void test_no_room(void **state) {
    static struct object_name name;
    size_t units = sizeof(name.storage) / 2 - 8, kept = wcslen(L"\\Device\\Disk1");
    wchar_t *much = malloc(units * sizeof(wchar_t));
    (void)state;
    assert_non_null(much);
    wmemset(much, L'x', units);
    give(&name, L"\\Device\\Disk1\\A~1");
    struct policy_name fits = {(const uint16_t *)much, units - kept},
                       too_long = {(const uint16_t *)much, units - kept + 1};
    assert_false(object_replace_end(&name, name_of(L"\\A~1"), too_long));
    assert_name(&name, L"\\Device\\Disk1\\A~1");
    assert_true(object_replace_end(&name, name_of(L"\\A~1"), fits));
    assert_int_equal(name.name.length, units);
    free(much);
}

/* The kernel's own name of a file whose name has a tilde. */
static void test_query_name(void **state) {
    static struct object_name name;
    wchar_t temp[MAX_PATH - 40], path[MAX_PATH];
    (void)state;
    assert_true(GetTempPathW(MAX_PATH - 40, temp));
    _snwprintf(path, MAX_PATH - 1, L"%lsa~1 sbx %lu", temp, (unsigned long)GetCurrentProcessId());
    HANDLE file = CreateFileW(path, GENERIC_READ | DELETE, 7, NULL, CREATE_NEW, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
    assert_int_equal(object_query_name(file, &name), STATUS_SUCCESS);
    const wchar_t *leaf = wcsrchr(path, L'\\');
    assert_true(name.name.length > wcslen(leaf));
    assert_memory_equal(name.name.units + name.name.length - wcslen(leaf), leaf, wcslen(leaf) * sizeof(wchar_t));
    CloseHandle(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replace_end),
        cmocka_unit_test(test_what_is_no_end_stays),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_query_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
