/* Capability SIDs: told from all others, no two the same. */
#include "broker/rights/sid.h"

#include <sddl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_sids(void **state) {
    (void)state;
    PSID first = sid_new(), second = sid_new(), user = sid_user(), other;
    assert_true(sid_is_ours(first));
    assert_true(sid_is_ours(second));
    assert_false(EqualSid(first, second));
    assert_false(sid_is_ours(user));
    assert_true(ConvertStringSidToSidW(L"S-1-5-21-1-2-3-2147483649", &other));
    assert_false(sid_is_ours(other));
    (*GetSidSubAuthority(first, 2))++;
    assert_false(sid_is_ours(first));
    LocalFree(first);
    LocalFree(second);
    LocalFree(user);
    LocalFree(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sids)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
