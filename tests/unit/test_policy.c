/* Decisions about names: each rule with the cases right beside it. */
#include "broker/policy/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAME(text) ((struct policy_name){(const uint16_t *)(text), sizeof(text) / sizeof(*(text)) - 1})
#define VOLUME u"\\Device\\HarddiskVolume1"

/* Enough of the file system's upper-casing for the tests. */
static uint16_t fold(uint16_t unit) {
    return (unit >= 'a' && unit <= 'z') || (unit >= 0xe0 && unit <= 0xf6) ? (uint16_t)(unit - 32) : unit;
}

static void expect_name(struct policy_name name, struct policy_name expected) {
    assert_int_equal(name.length, expected.length);
    if (name.length) {
        assert_memory_equal(name.units, expected.units, name.length * 2);
    }
}

static void expect_under(struct policy_name path, struct policy_name top, struct policy_name rest) {
    struct policy_name got;
    assert_true(policy_under(path, top, fold, &got));
    expect_name(got, rest);
}

static void expect_not_under(struct policy_name path, struct policy_name top) {
    struct policy_name got;
    assert_false(policy_under(path, top, fold, &got));
}

static void under_goes_by_whole_components(void **state) {
    (void)state;
    expect_under(NAME(u"\\w"), NAME(u"\\w"), NAME(u""));
    expect_under(NAME(u"\\w\\a"), NAME(u"\\w"), NAME(u"a"));
    expect_under(NAME(u"\\w\\a\\b"), NAME(u"\\w"), NAME(u"a\\b"));
    expect_under(NAME(u"\\w\\"), NAME(u"\\w"), NAME(u""));
    expect_not_under(NAME(u"\\wide"), NAME(u"\\w"));
    expect_not_under(NAME(u"\\w.txt"), NAME(u"\\w"));
    expect_not_under(NAME(u"\\w:stream"), NAME(u"\\w"));
    expect_not_under(NAME(u"\\w/a"), NAME(u"\\w"));
    expect_not_under(NAME(u"\\"), NAME(u"\\w"));
    expect_not_under(NAME(u""), NAME(u"\\w"));
    expect_not_under(NAME(u"x\\w\\a"), NAME(u"\\w"));
}

static void under_takes_a_drive_s_root(void **state) {
    (void)state;
    expect_under(NAME(u"\\??\\C:\\a"), NAME(u"\\??\\C:\\"), NAME(u"a"));
    expect_under(NAME(u"\\??\\C:\\"), NAME(u"\\??\\C:\\"), NAME(u""));
    expect_under(NAME(u"\\??\\C:"), NAME(u"\\??\\C:\\"), NAME(u""));
    expect_not_under(NAME(u"\\??\\D:\\a"), NAME(u"\\??\\C:\\"));
    expect_not_under(NAME(u"\\??\\C:a"), NAME(u"\\??\\C:\\"));
}

static void nothing_is_under_an_empty_top(void **state) {
    (void)state;
    expect_not_under(NAME(u"\\w"), NAME(u""));
    expect_not_under(NAME(u"\\w"), NAME(u"\\"));
    expect_not_under(NAME(u""), NAME(u""));
}

static void case_does_not_count(void **state) {
    (void)state;
    expect_under(NAME(u"\\Work\\A"), NAME(u"\\wORK"), NAME(u"A"));
    expect_under(NAME(u"\\\u00e9t\u00e9\\a"), NAME(u"\\\u00c9T\u00c9"), NAME(u"a"));
    /* Half of a surrogate pair is a unit like any other. */
    static const uint16_t lone[] = {'\\', 0xd83d, '\\', 'a'};
    struct policy_name path = {lone, 4}, top = {lone, 2};
    expect_under(path, top, NAME(u"a"));
    expect_not_under(NAME(u"\\\ue000\\a"), top);
}

static void component_has_to_be_one_name(void **state) {
    (void)state;
    uint16_t longest[POLICY_LEAF_MAX + 1];
    for (size_t i = 0; i <= POLICY_LEAF_MAX; i++) {
        longest[i] = 'x';
    }
    assert_int_equal(policy_component((struct policy_name){longest, POLICY_LEAF_MAX}), POLICY_ALLOWED);
    assert_int_equal(policy_component((struct policy_name){longest, POLICY_LEAF_MAX + 1}), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"a.txt")), POLICY_ALLOWED);
    assert_int_equal(policy_component(NAME(u"...")), POLICY_ALLOWED);
    assert_int_equal(policy_component(NAME(u".git")), POLICY_ALLOWED);
    assert_int_equal(policy_component(NAME(u"..a")), POLICY_ALLOWED);
    assert_int_equal(policy_component(NAME(u"")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u".")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"..")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"a\\b")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"a/b")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"a\0b")), POLICY_BAD_NAME);
    assert_int_equal(policy_component(NAME(u"a:b")), POLICY_STREAM);
    assert_int_equal(policy_component(NAME(u"::$DATA")), POLICY_STREAM);
    assert_int_equal(policy_component(NAME(u"a::$INDEX_ALLOCATION")), POLICY_STREAM);
}

static void split_checks_every_component(void **state) {
    (void)state;
    struct policy_name directory, leaf;
    assert_int_equal(policy_split(NAME(u"a"), &directory, &leaf), POLICY_ALLOWED);
    expect_name(directory, NAME(u""));
    expect_name(leaf, NAME(u"a"));
    assert_int_equal(policy_split(NAME(u"a\\b\\c"), &directory, &leaf), POLICY_ALLOWED);
    expect_name(directory, NAME(u"a\\b"));
    expect_name(leaf, NAME(u"c"));
    static const struct {
        struct policy_name path;
        enum policy_verdict verdict;
    } refused[] = {
        {{u"", 0}, POLICY_BAD_NAME},       {{u"\\a", 2}, POLICY_BAD_NAME},   {{u"a\\", 2}, POLICY_BAD_NAME},
        {{u"a\\\\b", 4}, POLICY_BAD_NAME}, {{u"..\\a", 4}, POLICY_BAD_NAME}, {{u"a\\..\\b", 6}, POLICY_BAD_NAME},
        {{u"a\\..", 4}, POLICY_BAD_NAME},  {{u".\\a", 3}, POLICY_BAD_NAME},  {{u"a/b\\c", 5}, POLICY_BAD_NAME},
        {{u"C:\\a", 4}, POLICY_STREAM},    {{u"a:b\\c", 5}, POLICY_STREAM},  {{u"a\\b:c", 5}, POLICY_STREAM},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(policy_split(refused[i].path, &directory, &leaf), refused[i].verdict);
    }
}

static void innermost_is_the_longest_top(void **state) {
    (void)state;
    const struct policy_name tops[] = {NAME(u"\\w"), NAME(u"\\w\\a\\b"), NAME(u"\\w\\a"), NAME(u"\\v")};
    struct policy_name rest;
    assert_int_equal(policy_innermost(NAME(u"\\w\\a\\b\\c"), tops, 4, fold, &rest), 1);
    expect_name(rest, NAME(u"c"));
    assert_int_equal(policy_innermost(NAME(u"\\W\\A\\x"), tops, 4, fold, &rest), 2);
    expect_name(rest, NAME(u"x"));
    assert_int_equal(policy_innermost(NAME(u"\\w\\ab"), tops, 4, fold, &rest), 0);
    assert_int_equal(policy_innermost(NAME(u"\\x"), tops, 4, fold, &rest), -1);
    assert_int_equal(policy_innermost(NAME(u"\\w"), tops, 0, fold, &rest), -1);
}

static const struct policy_name roots[] = {
    {VOLUME u"\\work", sizeof(VOLUME u"\\work") / 2 - 1},
    {VOLUME u"\\work\\deep\\inner", sizeof(VOLUME u"\\work\\deep\\inner") / 2 - 1},
};
static const struct policy_name protect[] = {
    {VOLUME u"\\work\\.git\\hooks", sizeof(VOLUME u"\\work\\.git\\hooks") / 2 - 1},
};
static const struct policy_rules rules = {roots, 2, protect, 1, fold};

static enum policy_verdict destroy(struct policy_name path) {
    struct policy_object object = {path, false};
    return policy_may_destroy(&rules, &object);
}

static enum policy_verdict change(struct policy_name path) {
    struct policy_object object = {path, false};
    return policy_may_write(&rules, &object);
}

static void destroying_is_for_what_lies_in_a_root(void **state) {
    (void)state;
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\a")), POLICY_ALLOWED);
    assert_int_equal(destroy(NAME(VOLUME u"\\WORK\\sub\\a")), POLICY_ALLOWED);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\deep\\inner\\a")), POLICY_ALLOWED);
    assert_int_equal(destroy(NAME(VOLUME u"\\workshop\\a")), POLICY_OUTSIDE);
    assert_int_equal(destroy(NAME(VOLUME)), POLICY_OUTSIDE);
    assert_int_equal(destroy(NAME(VOLUME u"0\\work\\a")), POLICY_OUTSIDE);
    assert_int_equal(destroy(NAME(u"")), POLICY_OUTSIDE);
}

static void a_root_and_what_holds_one_stays(void **state) {
    (void)state;
    assert_int_equal(destroy(NAME(VOLUME u"\\work")), POLICY_IS_ROOT);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\")), POLICY_IS_ROOT);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\DEEP\\inner")), POLICY_IS_ROOT);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\deep")), POLICY_IS_ROOT);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\deeper")), POLICY_ALLOWED);
}

static void a_protected_path_and_what_holds_one_stays(void **state) {
    (void)state;
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\.git\\hooks")), POLICY_PROTECTED);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\.GIT\\Hooks\\pre-commit")), POLICY_PROTECTED);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\.git")), POLICY_ABOVE_PROTECTED);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\.git\\index.lock")), POLICY_ALLOWED);
    assert_int_equal(destroy(NAME(VOLUME u"\\work\\.git\\hooks2")), POLICY_ALLOWED);
}

static void writing_is_refused_outside_and_in_protected_paths(void **state) {
    (void)state;
    assert_int_equal(change(NAME(VOLUME u"\\work\\a")), POLICY_ALLOWED);
    assert_int_equal(change(NAME(VOLUME u"\\work")), POLICY_ALLOWED);
    assert_int_equal(change(NAME(VOLUME u"\\work\\.git")), POLICY_ALLOWED);
    assert_int_equal(change(NAME(VOLUME u"\\work\\.git\\hooks\\x")), POLICY_PROTECTED);
    assert_int_equal(change(NAME(VOLUME u"\\other\\a")), POLICY_OUTSIDE);
}

static void a_protected_identity_counts_under_any_name(void **state) {
    (void)state;
    struct policy_object alias = {NAME(VOLUME u"\\work\\GIT~1\\x"), true};
    assert_int_equal(policy_may_destroy(&rules, &alias), POLICY_PROTECTED);
    assert_int_equal(policy_may_write(&rules, &alias), POLICY_PROTECTED);
}

static void without_roots_nothing_is_allowed(void **state) {
    (void)state;
    struct policy_rules none = {NULL, 0, NULL, 0, fold};
    struct policy_object object = {NAME(VOLUME u"\\work\\a"), false};
    assert_int_equal(policy_may_destroy(&none, &object), POLICY_OUTSIDE);
    assert_int_equal(policy_may_write(&none, &object), POLICY_OUTSIDE);
}

static void a_directory_is_not_known_by_a_stream(void **state) {
    (void)state;
    assert_true(policy_is_stream_of_directory(NAME(u".git\\hooks:$I30:$INDEX_ALLOCATION"), true));
    assert_true(policy_is_stream_of_directory(NAME(u".git\\hooks:$I30:$INDEX_ALLOCATION\\pre-commit"), false));
    assert_true(policy_is_stream_of_directory(NAME(u".git::$INDEX_ALLOCATION\\hooks"), true));
    assert_false(policy_is_stream_of_directory(NAME(u"setup.exe:Zone.Identifier"), false));
    assert_false(policy_is_stream_of_directory(NAME(u"a\\b"), true));
    assert_false(policy_is_stream_of_directory(NAME(u""), true));
}

static void content_of_hard_links_needs_every_name_inside(void **state) {
    (void)state;
    assert_int_equal(policy_may_change_content(1, 0), POLICY_ALLOWED);
    assert_int_equal(policy_may_change_content(2, 0), POLICY_HARD_LINK);
    assert_int_equal(policy_may_change_content(2, 1), POLICY_HARD_LINK);
    assert_int_equal(policy_may_change_content(2, 2), POLICY_ALLOWED);
    assert_int_equal(policy_may_change_content(1024, 1023), POLICY_HARD_LINK);
}

static void a_child_s_handle_lacks_the_rights_to_destroy(void **state) {
    (void)state;
    assert_int_equal(policy_handle_access(0x001f01ff), 0x001201bf); /* FILE_ALL_ACCESS */
    assert_int_equal(policy_handle_access(0x00120116), 0x00120116); /* FILE_GENERIC_WRITE */
    assert_int_equal(policy_handle_access(0x030d0040), 0);          /* each right that is never given */
}

static void every_verdict_has_its_words(void **state) {
    (void)state;
    for (unsigned a = 0; a < POLICY_VERDICT_COUNT; a++) {
        const char *name = policy_verdict_name((enum policy_verdict)a);
        assert_non_null(name);
        assert_non_null(policy_verdict_text((enum policy_verdict)a));
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (unsigned b = 0; b < a; b++) {
            assert_string_not_equal(name, policy_verdict_name((enum policy_verdict)b));
        }
    }
    assert_string_equal(policy_verdict_name(POLICY_VERDICT_COUNT), "unknown");
    assert_string_equal(policy_verdict_text(POLICY_VERDICT_COUNT), "unknown rule");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(under_goes_by_whole_components),
        cmocka_unit_test(under_takes_a_drive_s_root),
        cmocka_unit_test(nothing_is_under_an_empty_top),
        cmocka_unit_test(case_does_not_count),
        cmocka_unit_test(component_has_to_be_one_name),
        cmocka_unit_test(split_checks_every_component),
        cmocka_unit_test(innermost_is_the_longest_top),
        cmocka_unit_test(destroying_is_for_what_lies_in_a_root),
        cmocka_unit_test(a_root_and_what_holds_one_stays),
        cmocka_unit_test(a_protected_path_and_what_holds_one_stays),
        cmocka_unit_test(writing_is_refused_outside_and_in_protected_paths),
        cmocka_unit_test(a_protected_identity_counts_under_any_name),
        cmocka_unit_test(without_roots_nothing_is_allowed),
        cmocka_unit_test(a_directory_is_not_known_by_a_stream),
        cmocka_unit_test(content_of_hard_links_needs_every_name_inside),
        cmocka_unit_test(a_child_s_handle_lacks_the_rights_to_destroy),
        cmocka_unit_test(every_verdict_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
