/* broker/undo_record.c and undo_plan.c: what a journal's lines are, and what they come to. */
#include "broker/undo/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define BEGUN 1000
#define OLD 10

static struct undo_record records[64];
static struct undo_run run;

static void add(enum undo_type type, const wchar_t *path, const wchar_t *to, enum undo_kind kind, LONGLONG created) {
    struct undo_record *record = &records[run.record_count++];
    memset(record, 0, sizeof(*record));
    record->type = type;
    record->number = (unsigned long)run.record_count;
    record->path = _wcsdup(path);
    record->to = to ? _wcsdup(to) : NULL;
    record->kind = kind;
    record->how = kind == UNDO_DIRECTORY ? UNDO_EMPTY : UNDO_LINKED;
    record->basic.CreationTime.QuadPart = created;
}

static void gone(const wchar_t *path) { add(UNDO_GONE, path, NULL, UNDO_FILE, OLD); }
static void gone_directory(const wchar_t *path) { add(UNDO_GONE, path, NULL, UNDO_DIRECTORY, OLD); }
static void moved(const wchar_t *path, const wchar_t *to) { add(UNDO_MOVED, path, to, UNDO_FILE, OLD); }
static void moved_directory(const wchar_t *path, const wchar_t *to) { add(UNDO_MOVED, path, to, UNDO_DIRECTORY, OLD); }

static int begin(void **state) {
    (void)state;
    run = (struct undo_run){.records = records, .begun = BEGUN};
    return 0;
}

static int end(void **state) {
    (void)state;
    for (size_t i = 0; i < run.record_count; i++) {
        undo_record_free(&records[i]);
    }
    return 0;
}

static void has(const struct undo_plan *plan, const wchar_t *origin, const wchar_t *current, bool live, bool born) {
    for (size_t i = 0; i < plan->count; i++) {
        const struct undo_item *item = &plan->items[i];
        if (!wcscmp(item->origin, origin) && !wcscmp(item->current, current) && item->live == live) {
            assert_int_equal(item->born, born);
            return;
        }
    }
    fail_msg("no item %ls -> %ls", origin, current);
}

static void test_names_of_any_units_come_back(void **state) {
    static const wchar_t *const names[] = {L"C:\\w\\plain", L"C:\\w\\\u00e4\u4e2d", L"C:\\w\\lone\xd800",
                                           L"C:\\w\\\xdc00x\"\\y"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_t *packed = undo_path_pack(names[i]);
        wchar_t *path = undo_path_unpack(packed);
        assert_non_null(path);
        assert_int_equal(wcscmp(path, names[i]), 0);
        free(path);
        json_decref(packed);
    }
}

static void test_keys_know_no_case(void **state) {
    char *one = undo_path_key(L"c:\\W\\\u00e9%", 7), *two = undo_path_key(L"C:\\w\\\u00c9%", 7);
    char *three = undo_path_key(L"C:\\w\\x", 6);
    (void)state;
    assert_string_equal(one, two);
    assert_string_not_equal(one, three);
    free(one);
    free(two);
    free(three);
}

static void test_record_comes_back(void **state) {
    struct undo_record back;
    (void)state;
    gone(L"C:\\w\\f");
    records[0].id = 0xFFFFFFFFFFFFFFF1u;
    records[0].size = 1ull << 40;
    records[0].basic.FileAttributes = 0x23;
    records[0].dacl = _wcsdup(L"D:P(A;;FA;;;WD)");
    json_t *line = undo_record_pack(&records[0]);
    assert_true(undo_record_unpack(line, &back));
    assert_int_equal(back.number, 1);
    assert_true(back.id == records[0].id && back.size == records[0].size);
    assert_memory_equal(&back.basic, &records[0].basic, sizeof(back.basic.FileAttributes) + 4 * sizeof(LARGE_INTEGER));
    assert_int_equal(wcscmp(back.path, L"C:\\w\\f"), 0);
    assert_int_equal(wcscmp(back.dacl, records[0].dacl), 0);
    undo_record_free(&back);
    json_decref(line);
}

/* Each member taken away or made of another type in turn: never a record. */
static void test_damaged_records_are_refused(void **state) {
    static const char *const members[] = {"what",  "n",          "path", "kind",  "id",
                                          "times", "attributes", "how",  "store", "size"};
    struct undo_record back;
    (void)state;
    gone(L"C:\\w\\f");
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *line = undo_record_pack(&records[0]);
        assert_non_null(json_object_get(line, members[i]));
        json_object_set_new(line, members[i], json_true());
        assert_false(undo_record_unpack(line, &back));
        undo_record_free(&back);
        json_object_del(line, members[i]);
        assert_false(undo_record_unpack(line, &back));
        undo_record_free(&back);
        json_decref(line);
    }
    assert_false(undo_record_unpack(NULL, &back));
}

static void test_replaced_again_and_again(void **state) {
    struct undo_plan plan;
    (void)state;
    for (int i = 0; i < 3; i++) {
        gone(L"C:\\w\\a");
        add(UNDO_MOVED, L"C:\\w\\a.tmp", L"C:\\w\\a", UNDO_FILE, BEGUN + 1);
    }
    assert_true(undo_plan_make(&run, &plan));
    assert_int_equal(plan.count, 4);
    has(&plan, L"C:\\w\\a", L"C:\\w\\a", false, false);
    has(&plan, L"C:\\w\\a.tmp", L"C:\\w\\a", true, true);
    assert_true(undo_plan_select(&plan, NULL, 0, false));
    size_t wanted = 0;
    for (size_t i = 0; i < plan.count; i++) {
        wanted += plan.items[i].wanted;
        assert_true(!plan.items[i].wanted || !plan.items[i].born);
    }
    assert_int_equal(wanted, 1);
    undo_plan_free(&plan);
}

static void test_through_renamed_directories(void **state) {
    struct undo_plan plan;
    (void)state;
    moved_directory(L"C:\\w\\d", L"C:\\w\\e");
    gone(L"C:\\w\\E\\f");
    moved(L"C:\\w\\e\\g", L"C:\\w\\h");
    moved_directory(L"C:\\w\\e", L"C:\\w\\x");
    gone_directory(L"C:\\w\\x");
    gone(L"C:\\w\\h");
    moved(L"C:\\w\\dd", L"C:\\w\\ee");
    assert_true(undo_plan_make(&run, &plan));
    assert_int_equal(plan.count, 4);
    has(&plan, L"C:\\w\\d", L"C:\\w\\x", false, false);
    has(&plan, L"C:\\w\\d\\f", L"C:\\w\\x\\f", false, false);
    has(&plan, L"C:\\w\\d\\g", L"C:\\w\\h", false, false);
    has(&plan, L"C:\\w\\dd", L"C:\\w\\ee", true, false);
    undo_plan_free(&plan);
}

static void test_selection_takes_the_directories_above(void **state) {
    struct undo_plan plan;
    wchar_t *path = L"c:\\W\\d\\e\\f";
    (void)state;
    gone(L"C:\\w\\d\\e\\f");
    gone(L"C:\\w\\d\\g");
    gone_directory(L"C:\\w\\d\\e");
    gone_directory(L"C:\\w\\d");
    assert_true(undo_plan_make(&run, &plan));
    assert_true(undo_plan_select(&plan, &path, 1, false));
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.items[i].wanted, wcscmp(plan.items[i].origin, L"C:\\w\\d\\g") != 0);
        assert_true(!i || wcscmp(plan.items[i - 1].origin, plan.items[i].origin) < 0);
    }
    undo_plan_free(&plan);
}

static void test_made_in_a_made_directory(void **state) {
    struct undo_plan plan;
    (void)state;
    add(UNDO_MOVED, L"C:\\w\\new", L"C:\\w\\newer", UNDO_DIRECTORY, BEGUN);
    gone(L"C:\\w\\newer\\f");
    moved(L"C:\\w\\old", L"C:\\w\\newer\\old");
    moved_directory(L"C:\\w\\newer", L"C:\\w\\newest");
    assert_true(undo_plan_make(&run, &plan));
    has(&plan, L"C:\\w\\new", L"C:\\w\\newest", true, true);
    has(&plan, L"C:\\w\\new\\f", L"C:\\w\\newest\\f", false, true);
    has(&plan, L"C:\\w\\old", L"C:\\w\\newest\\old", true, false);
    undo_plan_free(&plan);
}

static void test_ids_of_runs(void **state) {
    (void)state;
    assert_true(undo_is_id(L"0123456789abcdef"));
    assert_false(undo_is_id(L"0123456789abcde"));
    assert_false(undo_is_id(L"0123456789abcdef0"));
    assert_false(undo_is_id(L"..\\3456789abcdef"));
    assert_false(undo_is_id(L""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_any_units_come_back),
        cmocka_unit_test(test_keys_know_no_case),
        cmocka_unit_test_setup_teardown(test_record_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(test_damaged_records_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_replaced_again_and_again, begin, end),
        cmocka_unit_test_setup_teardown(test_through_renamed_directories, begin, end),
        cmocka_unit_test_setup_teardown(test_selection_takes_the_directories_above, begin, end),
        cmocka_unit_test_setup_teardown(test_made_in_a_made_directory, begin, end),
        cmocka_unit_test(test_ids_of_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
