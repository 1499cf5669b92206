/* Does what it is told: lines of "OPERATION COUNT" on standard input, numbers of 64 bits on standard output. */
#include "bench.h"

#include <proto/message.h>
#include <proto/settings.h>

#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wchar_t first[MAX_PATH], second[MAX_PATH], third[MAX_PATH], outside_file[MAX_PATH];
static const wchar_t *own;

static void make_file(const wchar_t *path) {
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        fail(path);
    }
    CloseHandle(file);
}

static void need(BOOL done, const wchar_t *what) {
    if (!done) {
        fail(what);
    }
}

static int64_t replace(void) {
    make_file(first);
    int64_t began = now_ns();
    need(MoveFileExW(first, second, MOVEFILE_REPLACE_EXISTING), L"replace");
    return now_ns() - began;
}

static int64_t rename_file(void) {
    make_file(first);
    int64_t began = now_ns();
    need(MoveFileExW(first, third, 0), L"rename");
    began = now_ns() - began;
    need(DeleteFileW(third), L"delete");
    return began;
}

static int64_t delete_file(void) {
    make_file(first);
    int64_t began = now_ns();
    need(DeleteFileW(first), L"delete");
    return now_ns() - began;
}

static int64_t open_file(void) {
    int64_t began = now_ns();
    HANDLE file = CreateFileW(second, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
    need(file != INVALID_HANDLE_VALUE, L"open");
    CloseHandle(file);
    return now_ns() - began;
}

static int64_t denied_open(void) {
    int64_t began = now_ns();
    HANDLE file = CreateFileW(outside_file, GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    began = now_ns() - began;
    need(file == INVALID_HANDLE_VALUE, L"an open outside that was to be denied");
    return began;
}

/* The pipe's name, from the settings block that the shim has too. */
static const wchar_t *pipe_name(wchar_t *name) {
    for (unsigned slot = 0; slot < SBX_SETTINGS_SLOTS; slot++) {
        MEMORY_BASIC_INFORMATION memory;
        const BYTE *base = (const BYTE *)(uintptr_t)(SBX_SETTINGS_ADDRESS(slot) & ~0xFFFFull);
        const struct sbx_settings *config = (const struct sbx_settings *)base;
        if (VirtualQuery(base, &memory, sizeof(memory)) && memory.State == MEM_COMMIT &&
            config->magic == SBX_SETTINGS_MAGIC) {
            const wchar_t *nt = (const wchar_t *)(base + config->pipe_offset), *last = nt;
            for (uint32_t i = 0; i < config->pipe_size / sizeof(wchar_t); i++) {
                last = nt[i] == L'\\' ? nt + i + 1 : last;
            }
            swprintf(name, MAX_PATH, L"\\\\.\\pipe\\%.*ls",
                     (int)(config->pipe_size / sizeof(wchar_t) - (size_t)(last - nt)), last);
            return name;
        }
    }
    fail(L"finding the settings block");
}

/* A request that the broker answers without touching a file. */
static int64_t request(void) {
    static HANDLE pipe;
    struct sbx_request hello = {.op = SBX_OP_HELLO};
    uint8_t bytes[128];
    wchar_t name[MAX_PATH];
    DWORD done;
    if (!pipe) {
        pipe = echo_connect(pipe_name(name));
    }
    hello.u.hello.version = SBX_PROTOCOL_VERSION;
    int64_t began = now_ns();
    size_t size = sbx_request_pack(&hello, bytes, sizeof(bytes));
    need(WriteFile(pipe, bytes, (DWORD)size, &done, NULL) && ReadFile(pipe, bytes, sizeof(bytes), &done, NULL) && done,
         L"a request");
    return now_ns() - began;
}

static int64_t make_second(void) {
    make_file(second);
    return 0;
}

static int64_t nothing(void) { return 0; }

static int64_t memory_now(void) {
    PROCESS_MEMORY_COUNTERS_EX counters = {.cb = sizeof(counters)};
    need(GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&counters, sizeof(counters)),
         L"memory information");
    return (int64_t)counters.WorkingSetSize;
}

static const struct {
    const char *name;
    int64_t (*once)(void);
} operations[] = {
    {"replace", replace}, {"rename", rename_file}, {"delete", delete_file},
    {"open", open_file},  {"denied", denied_open}, {"request", request},
    {"ready", nothing},   {"memory", memory_now},  {"make", make_second},
};

struct loop {
    wchar_t first[MAX_PATH], second[MAX_PATH];
    int64_t until;
    int64_t count;
};

static DWORD WINAPI replace_until(void *context) {
    struct loop *loop = context;
    while (now_ns() < loop->until) {
        make_file(loop->first);
        need(MoveFileExW(loop->first, loop->second, MOVEFILE_REPLACE_EXISTING), L"replace");
        loop->count++;
    }
    return 0;
}

/* Replaces per second of `threads` threads, over `milliseconds`. */
static int64_t throughput(unsigned threads, unsigned milliseconds) {
    struct loop *loops = calloc(threads, sizeof(*loops));
    HANDLE *handles = calloc(threads, sizeof(*handles));
    int64_t began = now_ns(), total = 0;
    need(loops && handles, L"memory");
    for (unsigned i = 0; i < threads; i++) {
        swprintf(loops[i].first, MAX_PATH, L"%ls\\a%lu-%u", own, GetCurrentProcessId(), i);
        swprintf(loops[i].second, MAX_PATH, L"%ls\\b%lu-%u", own, GetCurrentProcessId(), i);
        loops[i].until = began + (int64_t)milliseconds * 1000000;
        handles[i] = CreateThread(NULL, 65536, replace_until, &loops[i], 0, NULL);
        need(handles[i] != NULL, L"a thread");
    }
    for (unsigned i = 0; i < threads; i++) {
        WaitForSingleObject(handles[i], INFINITE);
        CloseHandle(handles[i]);
        total += loops[i].count;
    }
    total = total * 1000000000 / (now_ns() - began);
    free(loops);
    free(handles);
    return total;
}

/* Other processes of the same run, which are other clients of the same broker. */
enum { MOST_PUMPS = 16 };
static HANDLE pumps[MOST_PUMPS];

static void start_pumps(unsigned count, unsigned threads, unsigned milliseconds) {
    for (unsigned i = 0; i < count && i < MOST_PUMPS; i++) {
        wchar_t line[2 * MAX_PATH + 64], self[MAX_PATH];
        need(GetModuleFileNameW(NULL, self, MAX_PATH) != 0, L"the program's name");
        swprintf(line, 2 * MAX_PATH + 64, L"\"%ls\" pump \"%ls\" %u %u", self, own, threads, milliseconds);
        pumps[i] = start_process(line, NULL, NULL);
    }
}

/* Replaces per second of all of them together. */
static int64_t end_pumps(void) {
    int64_t total = 0;
    for (unsigned i = 0; i < MOST_PUMPS && pumps[i]; i++) {
        DWORD rate = 0;
        WaitForSingleObject(pumps[i], INFINITE);
        need(GetExitCodeProcess(pumps[i], &rate), L"an exit code");
        CloseHandle(pumps[i]);
        pumps[i] = NULL;
        total += rate;
    }
    return total;
}

int pump_main(const wchar_t *directory, unsigned threads, unsigned milliseconds) {
    own = directory;
    return (int)throughput(threads, milliseconds);
}

static void answer(int64_t value) {
    DWORD done;
    if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), &value, sizeof(value), &done, NULL)) {
        exit(0);
    }
}

static void obey(char *line) {
    char *space = strchr(line, ' ');
    unsigned count, more = 0;
    if (!space || sscanf(space, "%u %u", &count, &more) < 1) {
        fail(L"a command");
    }
    *space = 0;
    if (!strcmp(line, "throughput")) {
        answer(throughput(count, more));
        return;
    }
    if (!strcmp(line, "processes")) {
        start_pumps(count, 1, more);
        answer(end_pumps());
        return;
    }
    if (!strcmp(line, "flood")) {
        start_pumps(1, count, more);
        answer(0);
        return;
    }
    if (!strcmp(line, "flooded")) {
        answer(end_pumps());
        return;
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (!strcmp(line, operations[i].name)) {
            int64_t *times = malloc(count * sizeof(*times));
            need(times != NULL, L"memory");
            for (unsigned n = 0; n < count; n++) {
                times[n] = operations[i].once();
            }
            /* Told afterwards, so that the asking process sleeps while it is measured. */
            for (unsigned n = 0; n < count; n++) {
                answer(times[n]);
            }
            free(times);
            return;
        }
    }
    fail(L"an unknown operation");
}

int worker_main(const wchar_t *directory, const wchar_t *outside) {
    char line[64];
    own = directory;
    swprintf(first, MAX_PATH, L"%ls\\first-%lu", directory, GetCurrentProcessId());
    swprintf(second, MAX_PATH, L"%ls\\second-%lu", directory, GetCurrentProcessId());
    swprintf(third, MAX_PATH, L"%ls\\third-%lu", directory, GetCurrentProcessId());
    swprintf(outside_file, MAX_PATH, L"%ls\\file", outside);
    while (fgets(line, sizeof(line), stdin)) {
        obey(line);
        fflush(stdout);
    }
    return 0;
}
