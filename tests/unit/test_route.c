#include "broker/policy/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NAME(text) ((struct policy_name){(const uint16_t *)(text), sizeof(text) / sizeof(uint16_t) - 1})

static uint16_t fold(uint16_t unit) { return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 32) : unit; }

static const struct policy_name no_name = {0};

static enum policy_verdict find(bool has_handle, struct policy_name path, const struct policy_name *beside,
                                struct route *route) {
    const struct policy_name spelled[] = {NAME(u"\\??\\C:\\w"), NAME(u"\\??\\C:\\LONG~1"), NAME(u"\\??\\C:\\w\\in"),
                                          NAME(u"\\??\\D:\\")};
    const struct policy_name kernel[] = {NAME(u"\\Device\\V1\\w"), NAME(u"\\Device\\V1\\w\\in")};
    const struct route_roots roots = {spelled, kernel, 2, fold};
    return route_find(&roots, has_handle, path, beside, route);
}

static void assert_name(struct policy_name got, struct policy_name wanted) {
    assert_int_equal(got.length, wanted.length);
    if (wanted.units) {
        assert_memory_equal(got.units, wanted.units, got.length * sizeof(uint16_t));
    }
}

static void full_names_begin_at_the_innermost_root(void **state) {
    struct route route;
    (void)state;
    assert_int_equal(find(false, NAME(u"\\??\\c:\\W\\a\\b"), NULL, &route), POLICY_ALLOWED);
    assert_false(route.from_handle);
    assert_int_equal(route.root, 0);
    assert_name(route.parent, NAME(u"a"));
    assert_name(route.leaf, NAME(u"b"));
    assert_int_equal(find(false, NAME(u"\\??\\C:\\w\\in\\b"), NULL, &route), POLICY_ALLOWED);
    assert_int_equal(route.root, 1);
    assert_name(route.parent, no_name);
    assert_int_equal(find(false, NAME(u"\\??\\C:\\long~1\\b"), NULL, &route), POLICY_ALLOWED);
    assert_int_equal(route.root, 0);
    assert_int_equal(find(false, NAME(u"\\??\\D:\\b"), NULL, &route), POLICY_ALLOWED);
    assert_int_equal(route.root, 1);
}

static void what_is_not_below_a_root_has_no_way(void **state) {
    struct route route;
    (void)state;
    assert_int_equal(find(false, NAME(u"\\??\\C:\\wider\\b"), NULL, &route), POLICY_OUTSIDE);
    assert_int_equal(find(false, NAME(u"\\??\\C:\\w"), NULL, &route), POLICY_IS_ROOT);
    assert_int_equal(find(false, NAME(u"b"), NULL, &route), POLICY_OUTSIDE);
    assert_int_not_equal(find(false, NAME(u"\\??\\C:\\w\\..\\b"), NULL, &route), POLICY_ALLOWED);
    assert_int_not_equal(find(false, NAME(u"\\??\\C:\\w\\a/b"), NULL, &route), POLICY_ALLOWED);
    assert_int_not_equal(find(false, no_name, NULL, &route), POLICY_ALLOWED);
}

static void relative_names_begin_at_the_handle(void **state) {
    struct route route;
    (void)state;
    assert_int_equal(find(true, NAME(u"a\\b"), NULL, &route), POLICY_ALLOWED);
    assert_true(route.from_handle);
    assert_name(route.parent, NAME(u"a"));
    assert_name(route.leaf, NAME(u"b"));
    assert_int_not_equal(find(true, NAME(u"..\\b"), NULL, &route), POLICY_ALLOWED);
    assert_int_not_equal(find(true, NAME(u"\\??\\C:\\w\\b"), NULL, &route), POLICY_ALLOWED);
}

static void a_bare_name_stands_beside_the_object(void **state) {
    const struct policy_name object = NAME(u"\\Device\\V1\\W\\dir\\old"), root = NAME(u"\\Device\\V1\\w"),
                             outside = NAME(u"\\Device\\V1\\x\\old");
    struct route route;
    (void)state;
    assert_int_equal(find(false, NAME(u"new"), &object, &route), POLICY_ALLOWED);
    assert_int_equal(route.root, 0);
    assert_name(route.parent, NAME(u"dir"));
    assert_name(route.leaf, NAME(u"new"));
    assert_int_equal(find(false, NAME(u"\\??\\C:\\w\\new\\"), &object, &route), POLICY_ALLOWED);
    assert_name(route.leaf, NAME(u"new"));
    assert_int_equal(find(false, NAME(u"new"), &root, &route), POLICY_IS_ROOT);
    assert_int_equal(find(false, NAME(u"new"), &outside, &route), POLICY_OUTSIDE);
    assert_int_not_equal(find(false, NAME(u".."), &object, &route), POLICY_ALLOWED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_names_begin_at_the_innermost_root),
        cmocka_unit_test(what_is_not_below_a_root_has_no_way),
        cmocka_unit_test(relative_names_begin_at_the_handle),
        cmocka_unit_test(a_bare_name_stands_beside_the_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
