/* broker/roots.c and state.c: the map of capability SIDs is stable, private, and survives damage and concurrent runs.
 */
#include "broker/object/sd.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/state/root_map.h"
#include "broker/state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define RUNS 8
#define ROOTS_PER_RUN 6

static wchar_t base[MAX_PATH], map[MAX_PATH + 40], program[MAX_PATH];

static void put_map(const char *text, size_t size) { assert_int_equal(state_write(map, text, size), 0); }

static char *get_map(size_t *size) {
    DWORD error;
    char *text = state_read(map, 1 << 20, size, &error);
    assert_non_null(text);
    return text;
}

static void root_path(unsigned number, wchar_t *path) {
    _snwprintf(path, MAX_PATH - 1, L"%ls\\r%u", base, number);
    CreateDirectoryW(path, NULL);
}

static PSID sid_for(unsigned number, enum root_kind kind) {
    wchar_t path[MAX_PATH];
    PSID sid = NULL;
    root_path(number, path);
    assert_true(roots_sid_for(path, kind, &sid));
    assert_non_null(sid);
    return sid;
}

struct tally {
    unsigned count;
    const wchar_t *path;
    PSID sid;
};

static bool tally_one(void *context, const wchar_t *path, PSID sid) {
    struct tally *tally = context;
    tally->count++;
    if (tally->path && CompareStringOrdinal(path, -1, tally->path, -1, TRUE) == CSTR_EQUAL &&
        EqualSid(sid, tally->sid)) {
        tally->path = NULL;
    }
    return true;
}

static unsigned count_roots(void) {
    struct tally tally = {0};
    assert_true(roots_each(tally_one, &tally));
    return tally.count;
}

static unsigned count_files(const wchar_t *pattern) {
    wchar_t path[MAX_PATH + 40];
    WIN32_FIND_DATAW found;
    unsigned count = 0;
    _snwprintf(path, MAX_PATH + 39, L"%ls\\sbx\\%ls", base, pattern);
    HANDLE search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE) {
        return 0;
    }
    do {
        count++;
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return count;
}

static int fresh(void **state) {
    (void)state;
    wchar_t path[MAX_PATH];
    DeleteFileW(map);
    for (unsigned i = 0; i < 4; i++) {
        root_path(i, path);
    }
    return 0;
}

static void test_stable_and_shared(void **state) {
    (void)state;
    PSID first = sid_for(0, ROOT_ADDED), again = sid_for(0, ROOT_ADDED), other = sid_for(1, ROOT_ADDED);
    PSID as_workspace = sid_for(0, ROOT_WORKSPACE), temp = sid_for(0, ROOT_TEMP);
    assert_true(EqualSid(first, again));
    assert_true(EqualSid(first, as_workspace));
    assert_false(EqualSid(first, other));
    assert_false(EqualSid(first, temp));
    assert_true(sid_is_ours(first));
    assert_int_equal(count_roots(), 2);

    wchar_t path[MAX_PATH + 2];
    root_path(0, path);
    struct tally tally = {.path = path, .sid = first};
    assert_true(roots_each(tally_one, &tally));
    assert_null(tally.path);
    PSID upper;
    CharUpperW(path);
    wcscat(path, L"\\");
    assert_true(roots_sid_for(path, ROOT_ADDED, &upper));
    assert_true(EqualSid(first, upper));
    assert_int_equal(count_roots(), 2);

    PSID sids[] = {first, again, other, as_workspace, temp, upper};
    for (size_t i = 0; i < sizeof(sids) / sizeof(sids[0]); i++) {
        LocalFree(sids[i]);
    }
}

static void test_known_root_changes_nothing(void **state) {
    (void)state;
    size_t before_size, after_size;
    LocalFree(sid_for(0, ROOT_WORKSPACE));
    char *before = get_map(&before_size);
    LocalFree(sid_for(0, ROOT_WORKSPACE));
    char *after = get_map(&after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, after_size);
    assert_non_null(strstr(after, "\"workspace_by_cwd\""));
    assert_non_null(strstr(after, "\"writable_root_by_path\""));
    free(before);
    free(after);
}

static void test_forget_and_prune(void **state) {
    (void)state;
    wchar_t path[MAX_PATH];
    PSID first = sid_for(0, ROOT_ADDED), second = sid_for(1, ROOT_ADDED);
    root_path(0, path);
    assert_true(roots_forget(path));
    assert_true(roots_forget(path));
    assert_int_equal(count_roots(), 1);
    PSID renewed = sid_for(0, ROOT_ADDED);
    assert_false(EqualSid(first, renewed));
    root_path(1, path);
    assert_true(RemoveDirectoryW(path));
    assert_int_equal(count_roots(), 2);
    LocalFree(sid_for(2, ROOT_ADDED));
    assert_int_equal(count_roots(), 2);
    LocalFree(first);
    LocalFree(second);
    LocalFree(renewed);
}

static void expect_set_aside(const char *text, size_t size) {
    unsigned before = count_files(L"cap_sid.json.broken-*");
    put_map(text, size);
    LocalFree(sid_for(0, ROOT_ADDED));
    assert_int_equal(count_files(L"cap_sid.json.broken-*"), before + 1);
    assert_int_equal(count_roots(), 1);
}

static void test_damage_is_set_aside(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"version\":1} trailing",
        "{\"version\":\"1\"}",
        "{\"version\":1,\"workspace\":5}",
        "{\"version\":1,\"workspace_by_cwd\":[]}",
        "{\"version\":1,\"writable_root_by_path\":{\"C:\\\\a\":7}}",
        "{\"version\":1,\"writable_root_by_path\":{\"C:\\\\a\":\"S-1-1-0\"}}",
        "{\"version\":1,\"writable_root_by_path\":{\"C:\\\\a\":\"no SID\"}}",
        "{\"version\":1,\"version\":1}",
        "{\"version\":1,\"workspace\":\"\xff\"}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        expect_set_aside(texts[i], strlen(texts[i]));
    }
}

static void test_later_version_is_left(void **state) {
    (void)state;
    static const char text[] = "{\"version\":2,\"new\":true}";
    wchar_t path[MAX_PATH];
    PSID sid;
    size_t size;
    put_map(text, strlen(text));
    root_path(0, path);
    assert_false(roots_sid_for(path, ROOT_ADDED, &sid));
    assert_null(sid);
    assert_false(roots_forget(path));
    char *after = get_map(&size);
    assert_string_equal(after, text);
    free(after);
}

/* Any cut or changed byte either still reads as a map or is set aside; the root gets a SID of ours in the end. */
static void test_every_kind_of_damage(void **state) {
    (void)state;
    size_t size;
    LocalFree(sid_for(0, ROOT_ADDED));
    LocalFree(sid_for(1, ROOT_WORKSPACE));
    char *sound = get_map(&size);
    for (size_t at = 0; at < size; at += 7) {
        char *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, sound, size);
        copy[at] = (char)(copy[at] ^ (1 << (at % 8)));
        put_map(copy, at % 2 ? size : at);
        free(copy);
        wchar_t path[MAX_PATH];
        PSID sid;
        root_path(0, path);
        if (roots_sid_for(path, ROOT_ADDED, &sid)) {
            assert_true(sid_is_ours(sid));
            LocalFree(sid);
            assert_true(count_roots() >= 1);
        }
    }
    free(sound);
}

static void test_private(void **state) {
    (void)state;
    LocalFree(sid_for(0, ROOT_ADDED));
    wchar_t directory[MAX_PATH];
    assert_true(state_directory(directory, MAX_PATH));
    const wchar_t *const paths[] = {directory, map};
    for (int i = 0; i < 2; i++) {
        HANDLE object = CreateFileW(paths[i], READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                    NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        assert_true(object != INVALID_HANDLE_VALUE);
        struct sd sd;
        assert_int_equal(sd_read(object, &sd), STATUS_SUCCESS);
        assert_true(sd.control & SE_DACL_PROTECTED);
        assert_int_equal(sd.dacl->AceCount, i ? 2 : 3);
        struct sd_ace ace = {0};
        while (sd_next(sd.dacl, &ace)) {
            assert_true(ace.type == ACCESS_DENIED_ACE_TYPE || !IsWellKnownSid(ace.sid, WinWorldSid));
        }
        sd_free(&sd);
        CloseHandle(object);
    }
}

/* A state directory that was there before is kept from being emptied by FILE_DELETE_CHILD as well. */
static void test_old_directory_is_hardened(void **state) {
    (void)state;
    wchar_t other[MAX_PATH], path[MAX_PATH];
    struct acl_state found;
    _snwprintf(other, MAX_PATH - 1, L"%ls\\elsewhere", base);
    _snwprintf(path, MAX_PATH - 1, L"%ls\\sbx", other);
    assert_true(CreateDirectoryW(other, NULL) && CreateDirectoryW(path, NULL));
    for (int i = 0; i < 2; i++) {
        HANDLE directory =
            CreateFileW(path, READ_CONTROL, NT_SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        assert_int_equal(acl_query(directory, true, NULL, &found), STATUS_SUCCESS);
        assert_int_equal(found.deny, i);
        CloseHandle(directory);
        assert_true(SetEnvironmentVariableW(L"LOCALAPPDATA", other));
        assert_true(state_directory(path, MAX_PATH));
        assert_true(SetEnvironmentVariableW(L"LOCALAPPDATA", base));
    }
}

/* What each of the concurrent runs does: asks for the same roots, in another order. */
static int run_as_one_of_many(unsigned seed) {
    for (unsigned i = 0; i < ROOTS_PER_RUN; i++) {
        wchar_t path[MAX_PATH];
        PSID sid;
        root_path(100 + (i * 5 + seed) % ROOTS_PER_RUN, path);
        if (!roots_sid_for(path, ROOT_ADDED, &sid)) {
            return 1;
        }
        LocalFree(sid);
    }
    return 0;
}

static void test_concurrent_runs(void **state) {
    (void)state;
    PROCESS_INFORMATION runs[RUNS];
    for (unsigned i = 0; i < RUNS; i++) {
        wchar_t line[MAX_PATH + 40];
        STARTUPINFOW startup = {.cb = sizeof(startup)};
        _snwprintf(line, MAX_PATH + 39, L"\"%ls\" --one-of-many %u", program, i);
        assert_true(CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &runs[i]));
    }
    for (unsigned i = 0; i < RUNS; i++) {
        DWORD code = 99;
        assert_int_equal(WaitForSingleObject(runs[i].hProcess, 60000), WAIT_OBJECT_0);
        assert_true(GetExitCodeProcess(runs[i].hProcess, &code));
        assert_int_equal(code, 0);
        CloseHandle(runs[i].hProcess);
        CloseHandle(runs[i].hThread);
    }
    assert_int_equal(count_roots(), ROOTS_PER_RUN);
    assert_int_equal(count_files(L"*.new"), 0);
}

static void test_unusable_names(void **state) {
    (void)state;
    const wchar_t lone[] = {L'C', L':', L'\\', 0xD800, L'x', 0};
    PSID sid;
    assert_false(roots_sid_for(lone, ROOT_ADDED, &sid));
    assert_null(sid);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_stable_and_shared, fresh),
        cmocka_unit_test_setup(test_known_root_changes_nothing, fresh),
        cmocka_unit_test_setup(test_forget_and_prune, fresh),
        cmocka_unit_test_setup(test_damage_is_set_aside, fresh),
        cmocka_unit_test_setup(test_later_version_is_left, fresh),
        cmocka_unit_test_setup(test_every_kind_of_damage, fresh),
        cmocka_unit_test_setup(test_private, fresh),
        cmocka_unit_test_setup(test_concurrent_runs, fresh),
        cmocka_unit_test_setup(test_unusable_names, fresh),
        cmocka_unit_test(test_old_directory_is_hardened),
    };
    if (argc == 3 && !strcmp(argv[1], "--one-of-many")) {
        return GetEnvironmentVariableW(L"LOCALAPPDATA", base, MAX_PATH)
                   ? run_as_one_of_many((unsigned)strtoul(argv[2], NULL, 10))
                   : 1;
    }
    wchar_t temp[MAX_PATH - 40];
    if (!GetTempPathW(MAX_PATH - 40, temp) || !GetModuleFileNameW(NULL, program, MAX_PATH)) {
        return 1;
    }
    _snwprintf(base, MAX_PATH - 1, L"%lssbx-roots-%lu", temp, (unsigned long)GetCurrentProcessId());
    if (!CreateDirectoryW(base, NULL) || !SetEnvironmentVariableW(L"LOCALAPPDATA", base) ||
        !state_path(L"cap_sid.json", map, MAX_PATH + 40)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
