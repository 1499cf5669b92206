/* `sbx doctor`: does what sbx relies on hold on this machine, and has anything been left behind? */
#include "broker/cmd/commands.h"

#include "broker/base/msg.h"
#include "broker/cmd/json.h"
#include "broker/object/path.h"
#include "broker/rights/access.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/run/options.h"
#include "broker/state/config_file.h"
#include "broker/state/hidden.h"
#include "broker/state/root_list.h"
#include "broker/state/root_map.h"
#include "broker/state/state.h"
#include "broker/undo/read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define LINE_UNITS 1024
#define PATH_UNITS (MAX_PATH + 96)
#define EXIT_FOUND 1

enum { OPTION_JSON };

const struct cli_option doctor_options[] = {
    {L"--json", NULL, L"One JSON object instead of text."},
    {NULL, NULL, NULL},
};

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_WARNING, LEVEL_FAILED };

struct report {
    json_t *checks; /* NULL: text */
    unsigned found; /* warnings and failures */
};

static void say(struct report *report, enum level level, const wchar_t *check, const wchar_t *format, ...) {
    static const wchar_t *const words[] = {L"ok", L"note", L"warning", L"FAILED"};
    static const char *const json_words[] = {"ok", "note", "warning", "failed"};
    wchar_t text[LINE_UNITS];
    va_list arguments;
    va_start(arguments, format);
    _vsnwprintf(text, LINE_UNITS - 1, format, arguments);
    va_end(arguments);
    text[LINE_UNITS - 1] = 0;
    report->found += level >= LEVEL_WARNING;
    if (report->checks) {
        json_array_append_new(report->checks, json_pack("{s:o,s:s,s:o}", "check", text_json(check), "level",
                                                        json_words[level], "text", text_json(text)));
    } else {
        msg_line("%-8ls %-11ls %ls", words[level], check, text);
    }
}

static void check_token(struct report *report) {
    struct access_subject subject;
    if (!access_open(NULL, 0, false, &subject)) {
        say(report, LEVEL_FAILED, L"token", L"a restricted token cannot be made: nothing can be run");
        access_close(&subject);
        return;
    }
    BYTE buffer[4096];
    TOKEN_PRIVILEGES *privileges = (TOKEN_PRIVILEGES *)buffer;
    DWORD size;
    bool queried = GetTokenInformation(subject.token, TokenPrivileges, buffer, sizeof(buffer), &size);
    if (!IsTokenRestricted(subject.token)) {
        say(report, LEVEL_FAILED, L"token",
            L"the system makes a token without restricting SIDs: programs would not be confined");
    } else if (!queried || privileges->PrivilegeCount > 1) {
        say(report, LEVEL_WARNING, L"token", L"the restricted token keeps %lu privileges",
            queried ? (unsigned long)privileges->PrivilegeCount : 0ul);
    } else {
        say(report, LEVEL_OK, L"token", L"restricted to %lu SIDs, privileges removed",
            (unsigned long)subject.restricting->GroupCount);
    }
    access_close(&subject);
    if (token_is_elevated()) {
        say(report, LEVEL_WARNING, L"elevation", L"sbx runs elevated; start it from an ordinary prompt");
    } else {
        say(report, LEVEL_OK, L"elevation", L"not elevated");
    }
}

/* Opens `path` for writing as a sandboxed program would. */
static DWORD open_confined(HANDLE token, const wchar_t *path) {
    if (!ImpersonateLoggedOnUser(token)) {
        return last_error();
    }
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              OPEN_EXISTING, 0, NULL);
    DWORD error = file == INVALID_HANDLE_VALUE ? last_error() : 0;
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
    }
    RevertToSelf();
    return error;
}

static void report_confinement(struct report *report, DWORD without, DWORD with) {
    if (without == ERROR_ACCESS_DENIED && !with) {
        say(report, LEVEL_OK, L"confinement",
            L"a write is denied without the capability SID's entry and allowed with it");
    } else if (!without) {
        say(report, LEVEL_FAILED, L"confinement",
            L"the system lets a restricted token write anywhere: nothing is confined here");
    } else {
        say(report, LEVEL_FAILED, L"confinement", L"a stamped file cannot be written under a restricted token: %ls",
            msg_win32_text(without == ERROR_ACCESS_DENIED ? with : without));
    }
}

/* A real file, a real token: the write must fail before the stamp and work after it. */
static void check_confinement(struct report *report) {
    wchar_t path[PATH_UNITS], name[40];
    struct access_subject subject = {0};
    _snwprintf(name, 39, L"doctor-%lu.tmp", (unsigned long)GetCurrentProcessId());
    PSID sid = sid_new();
    struct acl_change change = {0};
    if (sid && state_path(name, path, PATH_UNITS) && access_open(&sid, 1, false, &subject) &&
        !state_write(path, "x", 1)) {
        DWORD without = open_confined(subject.token, path);
        HANDLE file = CreateFileW(path, ACL_STAMP_ACCESS, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                                  OPEN_EXISTING, 0, NULL);
        NTSTATUS status =
            file == INVALID_HANDLE_VALUE ? STATUS_ACCESS_DENIED : acl_stamp(file, false, sid, ACL_LABEL_LOW, &change);
        report_confinement(report, without, open_confined(subject.token, path));
        if (change.label_refused) {
            say(report, LEVEL_WARNING, L"labels",
                L"integrity labels cannot be set here: --integrity low does not work");
        } else if (!NT_SUCCESS(status)) {
            say(report, LEVEL_FAILED, L"labels", L"an access control list cannot be changed: %ls",
                msg_status_text(status));
        } else {
            say(report, LEVEL_OK, L"labels", L"integrity labels can be set");
        }
        if (file != INVALID_HANDLE_VALUE) {
            CloseHandle(file);
        }
        DeleteFileW(path);
    } else {
        say(report, LEVEL_FAILED, L"confinement", L"cannot be tried: no test file in the state directory");
    }
    say(report, LEVEL_NOTE, L"integrity",
        L"--integrity medium leaves deletes open in every directory where you have Full Control; see sbx explain "
        L"--integrity medium");
    access_close(&subject);
    LocalFree(sid);
}

static void check_shim(struct report *report) {
    wchar_t path[MAX_PATH];
    DWORD units = GetModuleFileNameW(NULL, path, MAX_PATH - 16);
    wchar_t *slash = units ? wcsrchr(path, L'\\') : NULL;
    if (!slash) {
        return;
    }
    wcscpy(slash + 1, L"sbxshim.dll");
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        say(report, LEVEL_FAILED, L"shim", L"%ls is missing: --broker cannot work", path);
    } else {
        say(report, LEVEL_OK, L"shim", L"%ls", path);
    }
}

static void check_filesystem(struct report *report, const wchar_t *what, const wchar_t *path) {
    wchar_t *final, system[64] = L"";
    DWORD error, flags = 0;
    HANDLE handle = path_open(path, READ_CONTROL, &final, &error);
    if (!handle) {
        say(report, LEVEL_WARNING, L"filesystem", L"%ls %ls cannot be opened: %ls", what, path, msg_win32_text(error));
        return;
    }
    if (!GetVolumeInformationByHandleW(handle, NULL, 0, NULL, NULL, &flags, system, 64) ||
        !(flags & FILE_PERSISTENT_ACLS)) {
        say(report, LEVEL_WARNING, L"filesystem", L"%ls %ls (%ls) keeps no access control lists: it cannot be a root",
            what, final, system);
    } else {
        say(report, LEVEL_OK, L"filesystem", L"%ls %ls (%ls)%ls", what, final, system,
            flags & FILE_SUPPORTS_HARD_LINKS ? L"" : L", no hard links: sbx run --undo keeps copies");
    }
    CloseHandle(handle);
    free(final);
}

static void check_roots(struct report *report, const struct roots_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        struct acl_state state;
        enum root_health health = roots_list_check(list, i, &state);
        const wchar_t *text = roots_health_text(health, &state);
        if (health == ROOT_OK) {
            say(report, LEVEL_OK, L"root", L"%ls: %ls", list->paths[i], text);
        } else if (health == ROOT_GONE) {
            say(report, LEVEL_NOTE, L"root", L"%ls: %ls; forget it with sbx roots clean \"%ls\"", list->paths[i], text,
                list->paths[i]);
        } else {
            say(report, LEVEL_WARNING, L"root", L"%ls: %ls; sbx roots repair \"%ls\"", list->paths[i], text,
                list->paths[i]);
        }
    }
    if (!list->count) {
        say(report, LEVEL_NOTE, L"root", L"no roots yet");
    }
}

/* Names in the state directory that a run should have removed. */
static void check_leftovers(struct report *report) {
    static const struct {
        const wchar_t *pattern, *what;
    } kinds[] = {
        {L"cap_sid.json.broken-*", L"a damaged list of roots was set aside"},
        {L"*.new", L"a file that was being written when sbx was ended"},
        {L"temp\\*", L"TEMP of a run that still goes on or was ended"},
    };
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        wchar_t pattern[PATH_UNITS];
        WIN32_FIND_DATAW entry;
        if (!state_path(kinds[i].pattern, pattern, PATH_UNITS)) {
            return;
        }
        HANDLE search = FindFirstFileW(pattern, &entry);
        for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &entry)) {
            if (wcscmp(entry.cFileName, L".") != 0 && wcscmp(entry.cFileName, L"..") != 0) {
                say(report, LEVEL_NOTE, L"leftover", L"%ls: %ls", entry.cFileName, kinds[i].what);
                found++;
            }
        }
        if (search != INVALID_HANDLE_VALUE) {
            FindClose(search);
        }
    }
    if (!found) {
        say(report, LEVEL_OK, L"leftover", L"nothing in the state directory");
    }
}

struct hidden_count {
    unsigned lasting, left;
};

static void count_hidden(void *context, const wchar_t *path, bool lasting) {
    struct hidden_count *count = context;
    (void)path;
    count->lasting += lasting;
    count->left += !lasting;
}

static void check_hidden(struct report *report) {
    struct hidden_count count = {0};
    struct hidden *hidden = hidden_look();
    if (!hidden) {
        say(report, LEVEL_WARNING, L"hidden", L"the list of hidden paths cannot be read: no run can hide anything");
        return;
    }
    hidden_each(hidden, count_hidden, &count);
    hidden_close(hidden);
    say(report, count.left ? LEVEL_NOTE : LEVEL_OK, L"hidden",
        L"%u paths for good, %u by runs that go on or were ended (the next run shows those again)", count.lasting,
        count.left);
}

static bool carries_our_sid(const struct sd *sd) {
    for (struct sd_ace ace = {0}; sd_next(sd->dacl, &ace);) {
        if (ace.sid && sid_is_ours(ace.sid)) {
            return true;
        }
    }
    return false;
}

/* The files of `directory` that carry an entry of sbx: their number, and the path of one of them. A file keeps its
 * entries when it is moved, so one from a root stays writable for that root's programs. */
static unsigned find_strays(const wchar_t *directory, wchar_t *one, size_t size) {
    wchar_t path[PATH_UNITS];
    WIN32_FIND_DATAW found;
    unsigned strays = 0;
    int units = _snwprintf(path, PATH_UNITS, L"%ls\\*", directory);
    HANDLE search = units > 0 && units < PATH_UNITS ? FindFirstFileW(path, &found) : INVALID_HANDLE_VALUE;
    for (BOOL more = search != INVALID_HANDLE_VALUE; more; more = FindNextFileW(search, &found)) {
        struct sd sd = {0};
        units = _snwprintf(path, PATH_UNITS, L"%ls\\%ls", directory, found.cFileName);
        if ((found.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) || units < 0 ||
            units >= PATH_UNITS) {
            continue;
        }
        HANDLE file = CreateFileW(path, READ_CONTROL, NT_SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
        if (file != INVALID_HANDLE_VALUE && NT_SUCCESS(sd_read(file, &sd)) && carries_our_sid(&sd)) {
            _snwprintf(one, size - 1, L"%ls", path);
            one[size - 1] = 0;
            strays++;
        }
        sd_free(&sd);
        if (file != INVALID_HANDLE_VALUE) {
            CloseHandle(file);
        }
    }
    if (search != INVALID_HANDLE_VALUE) {
        FindClose(search);
    }
    return strays;
}

/* A directory from which programs are started: what is planted there runs outside. */
struct undo_total {
    unsigned runs, broken;
    ULONGLONG bytes;
};

static bool add_undo_run(void *context, struct undo_run *run) {
    struct undo_total *total = context;
    total->runs++;
    total->broken += run->broken || run->damaged;
    total->bytes += undo_run_bytes(run);
    return true;
}

static void check_undo(struct report *report) {
    struct undo_total total = {0};
    undo_each_run(add_undo_run, &total);
    if (total.broken) {
        say(report, LEVEL_WARNING, L"undo", L"%u of %u journals have damaged lines; see sbx undo list", total.broken,
            total.runs);
    } else if (total.runs) {
        say(report, LEVEL_NOTE, L"undo", L"%u runs hold %llu MiB; sbx undo prune --all removes them", total.runs,
            total.bytes >> 20);
    } else {
        say(report, LEVEL_OK, L"undo", L"nothing is kept");
    }
}

static void check_path_directory(struct report *report, const struct roots_list *list,
                                 const struct access_subject *subject, const wchar_t *path) {
    wchar_t *final;
    DWORD error;
    struct sd sd = {0};
    HANDLE handle = path_open(path, READ_CONTROL, &final, &error);
    if (!handle) {
        return;
    }
    int root = roots_list_find(list, final);
    if (root >= 0) {
        say(report, LEVEL_WARNING, L"PATH", L"%ls is in the root %ls: a sandboxed program can plant programs there",
            final, list->paths[root]);
    } else if (NT_SUCCESS(sd_read(handle, &sd)) && carries_our_sid(&sd)) {
        say(report, LEVEL_WARNING, L"PATH", L"%ls carries entries of sbx and is not a root; sbx roots clean \"%ls\"",
            final, final);
    } else if (sd.bytes && access_evaluate(subject, &sd, FILE_ADD_FILE).reason == ACCESS_GRANTED) {
        say(report, LEVEL_WARNING, L"PATH", L"%ls is writable for every sandboxed program (see sbx explain \"%ls\")",
            final, final);
    }
    wchar_t stray[PATH_UNITS];
    unsigned strays = root < 0 ? find_strays(final, stray, PATH_UNITS) : 0;
    if (strays) {
        /* A program chose the name of the file: it is not put into a command that somebody copies into a shell. */
        say(report, LEVEL_WARNING, L"PATH",
            L"%u file(s) in %ls carry entries of sbx, %ls is one; sbx roots clean FILE takes them off", strays, final,
            stray);
    }
    sd_free(&sd);
    CloseHandle(handle);
    free(final);
}

static void check_search_path(struct report *report, const struct roots_list *list) {
    DWORD units = GetEnvironmentVariableW(L"PATH", NULL, 0);
    wchar_t *path = units ? malloc(units * sizeof(wchar_t)) : NULL;
    struct access_subject subject;
    unsigned before = report->found;
    if (access_open(NULL, 0, false, &subject) && path && GetEnvironmentVariableW(L"PATH", path, units) < units) {
        for (wchar_t *next = path; next;) {
            wchar_t *end = wcschr(next, L';');
            if (end) {
                *end = 0;
            }
            if (next[0] && next[0] != L'.' && next[0] != L'"') {
                check_path_directory(report, list, &subject, next);
            }
            next = end ? end + 1 : NULL;
        }
    }
    if (report->found == before) {
        say(report, LEVEL_OK, L"PATH", L"no directory on it is writable for a sandboxed program");
    }
    access_close(&subject);
    free(path);
}

static bool look_only(void *context, int option, const wchar_t *value) {
    (void)context;
    (void)option;
    (void)value;
    return true;
}

static void check_config(struct report *report) {
    wchar_t path[PATH_UNITS];
    if (!state_path(L"config.json", path, PATH_UNITS)) {
        return;
    }
    switch (config_read(path, NULL, run_options, look_only, NULL)) {
    case CONFIG_READ: say(report, LEVEL_OK, L"config", L"%ls is read by every run", path); break;
    case CONFIG_MISSING: say(report, LEVEL_OK, L"config", L"there is no %ls", path); break;
    default:
        say(report, LEVEL_WARNING, L"config", L"%ls is damaged: every run without --no-config ends with 125", path);
    }
}

/* What is known of the programs most often run inside. */
static void check_programs(struct report *report) {
    static const struct {
        const wchar_t *name, *known;
    } programs[] = {
        {L"python.exe", L"os.replace, os.remove and tempfile need --broker; mkdtemp's own DACL (3.12.4 and later) is "
                        L"mended by the shim"},
        {L"node.exe", L"fs.rename, fs.rm and npm need --broker"},
        {L"git.exe", L"its lock files are renamed: needs --broker"},
    };
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        wchar_t path[MAX_PATH];
        DWORD units = SearchPathW(NULL, programs[i].name, NULL, MAX_PATH, path, NULL);
        if (units && units < MAX_PATH) {
            say(report, LEVEL_NOTE, L"program", L"%ls: %ls", path, programs[i].known);
        }
    }
}

int cmd_doctor(int argc, wchar_t **argv) {
    struct report report = {0};
    struct roots_list list;
    int next = 0, option;
    const wchar_t *value;
    bool json = false;
    while ((option = cli_next(doctor_options, argc, argv, &next, &value)) != CLI_END) {
        if (option != OPTION_JSON) {
            if (option == CLI_WORD) {
                msg_error("sbx doctor takes no %ls", value);
            }
            return SBX_EXIT_FAILED;
        }
        json = true;
    }
    wchar_t state[MAX_PATH];
    if (!state_directory(state, MAX_PATH) || !roots_list_load(&list)) {
        return SBX_EXIT_FAILED;
    }
    report.checks = json ? json_array() : NULL;
    check_token(&report);
    check_confinement(&report);
    check_shim(&report);
    check_filesystem(&report, L"state", state);
    check_filesystem(&report, L"current directory", L".");
    check_roots(&report, &list);
    check_leftovers(&report);
    check_hidden(&report);
    check_undo(&report);
    check_search_path(&report, &list);
    check_config(&report);
    check_programs(&report);
    roots_list_free(&list);
    int code = report.found ? EXIT_FOUND : 0;
    if (json) {
        int printed = json_print(json_pack("{s:b,s:o}", "ok", !report.found, "checks", report.checks));
        code = printed ? printed : code;
    } else if (report.found) {
        msg_line("%u found", report.found);
    }
    return code;
}
