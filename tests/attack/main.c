/* The hostile program: its ways to be started, and the loop through the table. */
#include "attack.h"

#include <fcntl.h>
#include <io.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct scene scene;

static char detail_text[300];

void detail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail_text, sizeof(detail_text), format, arguments);
    va_end(arguments);
}

static const struct {
    unsigned bit;
    const char *name;
} outcomes[] = {{REFUSED, "refused"}, {CLOSED, "closed"}, {FAILED, "failed"}, {SERVED, "served"},
                {DENIED, "denied"},   {HELD, "held"},     {OPEN, "open"},     {HUNG, "hung"}};

/* "refused or denied" */
static const char *outcome_text(unsigned set) {
    static char text[4][100];
    static unsigned turn;
    char *at = text[turn++ % 4];
    at[0] = 0;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (set & outcomes[i].bit) {
            strcat(at, at[0] ? " or " : "");
            strcat(at, outcomes[i].name);
        }
    }
    return at;
}

const wchar_t *below(const wchar_t *directory, const wchar_t *leaf) {
    static wchar_t text[8][700];
    static unsigned turn;
    wchar_t *at = text[turn++ % 8];
    swprintf(at, 700, L"%ls\\%ls", directory, leaf);
    return at;
}

const wchar_t *nt_below(const wchar_t *directory, const wchar_t *leaf) {
    static wchar_t text[8][700];
    static unsigned turn;
    wchar_t *at = text[turn++ % 8];
    swprintf(at, 700, L"\\??\\%ls\\%ls", directory, leaf);
    return at;
}

HANDLE new_file(ACCESS_MASK access, wchar_t *path, size_t units) {
    static volatile LONG number;
    swprintf(path, units, L"%ls\\attack-%lu-%ld", scene.root, GetCurrentProcessId(), InterlockedIncrement(&number));
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return file;
    }
    CloseHandle(file);
    return open_object(path, access);
}

HANDLE open_object(const wchar_t *path, ACCESS_MASK access) {
    return CreateFileW(path, access, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

/* The driver's next line, without its end. */
static bool read_line(char *line, int size) {
    if (!fgets(line, size, stdin)) {
        return false;
    }
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

unsigned ask_driver(const char *what) {
    char line[100];
    printf("ask\t%s\n", what);
    fflush(stdout);
    if (!read_line(line, sizeof(line))) {
        exit(9);
    }
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        if (!strcmp(line, outcomes[i].name)) {
            return outcomes[i].bit;
        }
    }
    return 0;
}

static void print_table(void) {
    for (size_t i = 0; i < attack_count + untested_count; i++) {
        const struct attack *row = i < attack_count ? &attacks[i] : &untested[i - attack_count];
        unsigned medium = row->medium ? row->medium : row->wanted;
        printf("%s\t%s\t%s\t%s\t%s\t%s\n", row->group, row->name, row->tries, outcome_text(row->wanted),
               outcome_text(medium), outcome_text(row->medium_full ? row->medium_full : medium));
    }
}

/* Runs the rows of the group "shim" that need it, or all others; each result waits for the driver, which looks whether
 * anything outside has changed. */
static int run_attacks(bool with_shim) {
    char line[100];
    for (size_t i = 0; i < attack_count; i++) {
        const struct attack *row = &attacks[i];
        if (!row->run || (row->run == shim_patched) != with_shim) {
            continue;
        }
        detail_text[0] = 0;
        unsigned outcome = row->run(row->argument);
        long served = with_shim ? 0 : good_client();
        printf("attack\t%zu\t%s\t%ld\t%s\n", i, outcome_text(outcome), served, detail_text);
        fflush(stdout);
        if (!read_line(line, sizeof(line))) {
            return 9;
        }
    }
    return 0;
}

static void set_scene(int argc, wchar_t **argv) {
    static const struct {
        const wchar_t *key;
        wchar_t *value;
        size_t units;
    } fields[] = {
        {L"pipe=", scene.pipe, 80},        {L"other=", scene.other_pipe, 80},   {L"root=", scene.root, 300},
        {L"outside=", scene.outside, 300}, {L"inactive=", scene.inactive, 300}, {L"second=", scene.second, 300},
        {L"state=", scene.state, 300},     {L"app=", scene.app, 300},           {L"events=", scene.events, 300}};
    GetModuleFileNameW(NULL, scene.self, 300);
    for (int i = 2; i < argc; i++) {
        for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
            size_t length = wcslen(fields[f].key);
            if (!wcsncmp(argv[i], fields[f].key, length) && wcslen(argv[i] + length) < fields[f].units) {
                wcscpy(fields[f].value, argv[i] + length);
            }
        }
        if (!wcsncmp(argv[i], L"broker=", 7)) {
            scene.broker = wcstoul(argv[i] + 7, NULL, 10);
        }
    }
}

static DWORD parent_process(void) {
    PROCESS_BASIC_INFORMATION basic = {0};
    NtQueryInformationProcess(GetCurrentProcess(), ProcessBasicInformation, &basic, sizeof(basic), NULL);
    return (DWORD)basic.InheritedFromUniqueProcessId;
}

/* With the shim: its own rows, then out of it. */
static int start(int argc, wchar_t **argv) {
    static wchar_t line[4000];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    DWORD code = 1;
    if (!wire_find_pipe()) {
        fprintf(stderr, "no shim here\n");
        return 2;
    }
    char line_in[100];
    printf("ready\n");
    fflush(stdout);
    if (!read_line(line_in, sizeof(line_in))) {
        return 9;
    }
    printf("pipe\t%ls\n", scene.pipe);
    int failed = run_attacks(true);
    if (failed) {
        return failed;
    }
    unsigned hooks = unhook();
    swprintf(line, 4000, L"\"%ls\" --attack pipe=%ls broker=%lu", scene.self, scene.pipe, parent_process());
    for (int i = 2; i < argc; i++) {
        swprintf(line + wcslen(line), 4000 - wcslen(line), L" \"%ls\"", argv[i]);
    }
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    printf("hooks\t%u\n", hooks);
    fflush(stdout);
    if (!CreateProcessW(scene.self, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) {
        fprintf(stderr, "no second process: error %lu\n", GetLastError());
        return 3;
    }
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return (int)code;
}

/* Connections that are kept until the semaphore says otherwise. Exit code: how many are served then. */
static int hold_connections(const wchar_t *pipe, const wchar_t *semaphore) {
    HANDLE go = OpenSemaphoreW(SYNCHRONIZE, FALSE, semaphore), held[40];
    uint8_t hello[] = {3, 0, 0, 0, SBX_OP_HELLO, SBX_PROTOCOL_VERSION, 1};
    int served = 0;
    wcscpy(scene.pipe, pipe);
    for (int i = 0; i < 40; i++) {
        held[i] = wire_connect();
        if (held[i] != INVALID_HANDLE_VALUE && wire_send(held[i], hello, sizeof(hello)) &&
            wire_receive_within(held[i], NULL, 2000) != SERVED) {
            CloseHandle(held[i]);
            held[i] = INVALID_HANDLE_VALUE;
        }
    }
    WaitForSingleObject(go, 30000);
    for (int i = 0; i < 40; i++) {
        served += held[i] != INVALID_HANDLE_VALUE && wire_send(held[i], hello, sizeof(hello)) &&
                  wire_receive_within(held[i], NULL, 2000) == SERVED;
    }
    /* Nobody's place is free before all have asked. */
    Sleep(2000);
    for (int i = 0; i < 40; i++) {
        CloseHandle(held[i]);
    }
    return served;
}

/* Outside the run: is a connection served? */
static int connect_from_outside(const wchar_t *pipe) {
    uint8_t hello[] = {3, 0, 0, 0, SBX_OP_HELLO, SBX_PROTOCOL_VERSION, 1};
    wcscpy(scene.pipe, pipe);
    unsigned outcome = wire_once_raw(hello, sizeof(hello), false);
    printf("%s\n", outcome_text(outcome == SERVED ? OPEN : outcome));
    return 0;
}

/* A run that only stays: says its pipe, ends with its stdin. */
static int hold(void) {
    char line[10];
    if (!wire_find_pipe()) {
        return 2;
    }
    printf("pipe\t%ls\n", scene.pipe);
    fflush(stdout);
    read_line(line, sizeof(line));
    return 0;
}

static int write_to(const wchar_t *path) {
    DWORD done;
    HANDLE file = CreateFileW(path, FILE_WRITE_DATA, 7, NULL, OPEN_EXISTING, 0, NULL);
    return file != INVALID_HANDLE_VALUE && WriteFile(file, "owned", 5, &done, NULL) ? 0 : 1;
}

int wmain(int argc, wchar_t **argv); /* no header has it */

int wmain(int argc, wchar_t **argv) {
    const wchar_t *how = argc > 1 ? argv[1] : L"";
    _setmode(_fileno(stdout), _O_BINARY);
    set_scene(argc, argv);
    if (!wcscmp(how, L"--table")) {
        print_table();
        return 0;
    }
    if (!wcscmp(how, L"--start")) {
        return start(argc, argv);
    }
    if (!wcscmp(how, L"--attack")) {
        return run_attacks(false);
    }
    if (!wcscmp(how, L"--hold-connections") && argc == 4) {
        return hold_connections(argv[2], argv[3]);
    }
    if (!wcscmp(how, L"--connect") && argc == 3) {
        return connect_from_outside(argv[2]);
    }
    if (!wcscmp(how, L"--hold")) {
        return hold();
    }
    if (!wcscmp(how, L"--write") && argc == 3) {
        return write_to(argv[2]);
    }
    if (!wcscmp(how, L"--wait")) {
        Sleep(10000);
        return 0;
    }
    fprintf(stderr, "usage: attack --table | --start KEY=VALUE... | --hold | --connect PIPE | --write FILE\n");
    return 2;
}
