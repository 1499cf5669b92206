/* The parts of the bench. What is compared is measured in turns, a few calls of each at a time, so that what else the
 * machine does falls on all of them alike. */
#include "bench.h"

#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static unsigned scaled(double scale, unsigned whole, unsigned least) {
    double value = scale * whole;
    return value < least ? least : (unsigned)value;
}

struct echo {
    HANDLE process, pipe;
};

static struct echo start_echo(const wchar_t *kind) {
    struct echo echo;
    wchar_t name[MAX_PATH], rest[MAX_PATH];
    swprintf(name, MAX_PATH, L"\\\\.\\pipe\\sbx-bench-%ls-%lu", kind, GetCurrentProcessId());
    swprintf(rest, MAX_PATH, L"%ls %ls", kind, name);
    wchar_t *line = sandbox_line(PLAIN, L"", rest);
    echo.process = start_process(line, NULL, NULL);
    echo.pipe = echo_connect(name);
    free(line);
    return echo;
}

static void stop_echo(struct echo *echo) {
    CloseHandle(echo->pipe);
    WaitForSingleObject(echo->process, 10000);
    CloseHandle(echo->process);
}

static void measure_echo(struct echo *echo, unsigned count, struct samples *samples) {
    for (unsigned i = 0; i < count; i++) {
        samples_add(samples, echo_round_trip(echo->pipe));
    }
}

static const char *const operations[] = {"replace", "rename", "delete"};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

json_t *part_calls(double scale) {
    enum { BATCH = 20 };
    struct worker direct = worker_start(PLAIN, L"direct"), brokered = worker_start(BROKER, L"brokered");
    struct echo raw = start_echo(L"echo"), uv = start_echo(L"uv-echo");
    struct samples raw_times = {0}, uv_times = {0}, request_times = {0};
    struct samples direct_times[OPERATION_COUNT] = {{0}}, brokered_times[OPERATION_COUNT] = {{0}};
    for (unsigned round = 0, rounds = scaled(scale, 200, 3); round < rounds; round++) {
        measure_echo(&raw, BATCH, &raw_times);
        measure_echo(&uv, BATCH, &uv_times);
        worker_measure(&brokered, "request", BATCH, &request_times);
        for (size_t i = 0; i < OPERATION_COUNT; i++) {
            worker_measure(&direct, operations[i], BATCH, &direct_times[i]);
            worker_measure(&brokered, operations[i], BATCH, &brokered_times[i]);
        }
    }
    json_t *found = json_object();
    double floor = (double)samples_median(&raw_times);
    json_object_set_new(found, "raw pipe", samples_json(&raw_times));
    json_object_set_new(found, "libuv echo", samples_json(&uv_times));
    json_object_set_new(found, "sbx request", samples_json(&request_times));
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        char name[32];
        double goal = floor + (double)samples_median(&direct_times[i]);
        double ratio = (double)samples_median(&brokered_times[i]) / goal;
        snprintf(name, sizeof(name), "%s direct", operations[i]);
        json_object_set_new(found, name, samples_json(&direct_times[i]));
        snprintf(name, sizeof(name), "%s brokered", operations[i]);
        json_object_set_new(found, name, samples_json(&brokered_times[i]));
        snprintf(name, sizeof(name), "%s ratio", operations[i]);
        json_object_set_new(found, name, json_real(ratio));
        samples_free(&direct_times[i]);
        samples_free(&brokered_times[i]);
    }
    samples_free(&raw_times);
    samples_free(&uv_times);
    samples_free(&request_times);
    stop_echo(&raw);
    stop_echo(&uv);
    worker_stop(&direct);
    worker_stop(&brokered);
    return found;
}

json_t *part_hooks(double scale) {
    enum { BATCH = 100 };
    static const char *const opens[] = {"open", "denied"};
    wchar_t *outside = make_directory(L"outside"), path[MAX_PATH];
    swprintf(path, MAX_PATH, L"%ls\\file", outside);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, OPEN_ALWAYS, 0, NULL);
    CloseHandle(file);
    free(outside);
    struct worker bare = worker_start(NO_SHIM, L"bare"), hooked = worker_start(BROKER, L"hooked");
    struct samples times[2][2] = {{{0}}};
    worker_ask(&hooked, "make 1\n");
    worker_ask(&bare, "make 1\n");
    for (unsigned round = 0, rounds = scaled(scale, 200, 3); round < rounds; round++) {
        for (size_t i = 0; i < 2; i++) {
            worker_measure(&bare, opens[i], BATCH, &times[i][0]);
            worker_measure(&hooked, opens[i], BATCH, &times[i][1]);
        }
    }
    json_t *found = json_object();
    for (size_t i = 0; i < 2; i++) {
        char name[32];
        double ratio = (double)samples_median(&times[i][1]) / (double)samples_median(&times[i][0]);
        snprintf(name, sizeof(name), "%s not hooked", opens[i]);
        json_object_set_new(found, name, samples_json(&times[i][0]));
        snprintf(name, sizeof(name), "%s hooked", opens[i]);
        json_object_set_new(found, name, samples_json(&times[i][1]));
        snprintf(name, sizeof(name), "%s ratio", opens[i]);
        json_object_set_new(found, name, json_real(ratio));
        samples_free(&times[i][0]);
        samples_free(&times[i][1]);
    }
    worker_stop(&bare);
    worker_stop(&hooked);
    return found;
}

static void set_rate(json_t *found, const char *what, unsigned count, int64_t rate) {
    char name[32];
    snprintf(name, sizeof(name), "%u", count);
    json_t *group = json_object_get(found, what);
    if (!group) {
        group = json_object();
        json_object_set_new(found, what, group);
    }
    json_object_set_new(group, name, json_integer(rate));
}

static void measure_rates(json_t *found, const char *what, const unsigned *counts, size_t size, unsigned milliseconds) {
    char inside_name[32], outside_name[32], command[64];
    struct worker inside = worker_start(BROKER, L"rate"), direct = worker_start(PLAIN, L"rate-direct");
    snprintf(inside_name, sizeof(inside_name), "%s", what);
    snprintf(outside_name, sizeof(outside_name), "%s outside", what);
    for (size_t i = 0; i < size; i++) {
        bool processes = !strcmp(what, "processes");
        snprintf(command, sizeof(command), "%s %u %u\n", processes ? "processes" : "throughput", counts[i],
                 milliseconds);
        set_rate(found, inside_name, counts[i], worker_ask(&inside, command));
        set_rate(found, outside_name, counts[i], worker_ask(&direct, command));
    }
    worker_stop(&inside);
    worker_stop(&direct);
}

/* What one process's flood does to the median of another process of the same run, in turns with and without it. The
 * same without a sandbox shows how much of that is the machine's. Returns the ratio. */
static double measure_flood(enum sandbox_kind kind, double scale) {
    struct worker worker = worker_start(kind, kind == PLAIN ? L"flood-direct" : L"flood");
    struct samples alone = {0}, beside = {0};
    for (unsigned round = 0, rounds = scaled(scale, 20, 2); round < rounds; round++) {
        worker_measure(&worker, "replace", 50, &alone);
        worker_ask(&worker, "flood 16 600\n");
        Sleep(200);
        worker_measure(&worker, "replace", 50, &beside);
        worker_ask(&worker, "flooded 1\n");
    }
    double ratio = (double)samples_median(&beside) / (double)samples_median(&alone);
    samples_free(&alone);
    samples_free(&beside);
    worker_stop(&worker);
    return ratio;
}

json_t *part_concurrency(double scale) {
    static const unsigned counts[] = {1, 4, 16, 64};
    json_t *found = json_object();
    unsigned milliseconds = scaled(scale, 2000, 200);
    measure_rates(found, "threads", counts, 4, milliseconds);
    measure_rates(found, "processes", counts, 3, milliseconds);
    json_object_set_new(found, "flood ratio", json_real(measure_flood(BROKER, scale)));
    json_object_set_new(found, "flood ratio outside", json_real(measure_flood(PLAIN, scale)));
    return found;
}

static int64_t time_of_run(enum sandbox_kind kind, const wchar_t *root) {
    wchar_t *line = sandbox_line(kind, root, L"nothing");
    DWORD code = 1;
    int64_t began = now_ns();
    HANDLE process = start_process(line, NULL, NULL);
    WaitForSingleObject(process, 60000);
    began = now_ns() - began;
    if (!GetExitCodeProcess(process, &code) || code) {
        fail(line);
    }
    CloseHandle(process);
    free(line);
    return began;
}

/* `count` empty files, a thousand in each directory. */
static wchar_t *make_tree(unsigned count) {
    wchar_t name[32];
    swprintf(name, 32, L"tree-%u", count);
    wchar_t *top = make_directory(name);
    for (unsigned i = 0; i < count; i++) {
        wchar_t path[MAX_PATH];
        if (i % 1000 == 0) {
            swprintf(path, MAX_PATH, L"%ls\\%u", top, i / 1000);
            CreateDirectoryW(path, NULL);
        }
        swprintf(path, MAX_PATH, L"%ls\\%u\\%u", top, i / 1000, i);
        HANDLE file = CreateFileW(path, GENERIC_WRITE, 7, NULL, OPEN_ALWAYS, 0, NULL);
        if (file == INVALID_HANDLE_VALUE) {
            fail(path);
        }
        CloseHandle(file);
    }
    return top;
}

json_t *part_start(double scale) {
    enum { TREES = 3 };
    unsigned sizes[TREES] = {10, 10000, 200000};
    wchar_t *trees[TREES];
    struct samples plain = {0}, broker[TREES] = {{0}}, strict = {0};
    for (size_t i = 0; i < TREES; i++) {
        sizes[i] = scale < 1 ? scaled(scale, sizes[i], 10 * (unsigned)(i + 1)) : sizes[i];
        trees[i] = make_tree(sizes[i]);
    }
    for (unsigned round = 0, rounds = scaled(scale, 40, 3); round < rounds; round++) {
        samples_add(&plain, time_of_run(PLAIN, L""));
        samples_add(&strict, time_of_run(NO_SHIM, trees[0]));
        for (size_t i = 0; i < TREES; i++) {
            samples_add(&broker[i], time_of_run(BROKER, trees[i]));
        }
    }
    json_t *found = json_object(), *by_size = json_object();
    json_object_set_new(found, "plain", samples_json(&plain));
    json_object_set_new(found, "sbx run, no broker", samples_json(&strict));
    for (size_t i = 0; i < TREES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%u", sizes[i]);
        json_object_set_new(by_size, name, samples_json(&broker[i]));
        samples_free(&broker[i]);
        free(trees[i]);
    }
    json_object_set_new(found, "sbx run --broker, files in the root", by_size);
    samples_free(&plain);
    samples_free(&strict);
    return found;
}

static int64_t memory_of(HANDLE process, bool peak) {
    PROCESS_MEMORY_COUNTERS counters = {.cb = sizeof(counters)};
    if (!GetProcessMemoryInfo(process, &counters, sizeof(counters))) {
        fail(L"memory information");
    }
    return (int64_t)(peak ? counters.PeakWorkingSetSize : counters.WorkingSetSize);
}

/* Wine counts none. */
static void set_handles(json_t *found, const char *name, HANDLE process) {
    DWORD count = 0;
    if (GetProcessHandleCount(process, &count) && count) {
        json_object_set_new(found, name, json_integer((json_int_t)count));
    }
}

static int64_t size_of(const wchar_t *name) {
    wchar_t path[MAX_PATH];
    WIN32_FILE_ATTRIBUTE_DATA data;
    wcscpy(path, bench_sbx);
    wcscpy(wcsrchr(path, L'\\') + 1, name);
    return GetFileAttributesExW(path, GetFileExInfoStandard, &data) ? (int64_t)data.nFileSizeLow : -1;
}

json_t *part_cost(double scale) {
    struct worker inside = worker_start(BROKER, L"cost"), bare = worker_start(NO_SHIM, L"cost-bare");
    json_t *found = json_object();
    /* Every operation comes with a file that is made; the first ones fill what is allocated once. */
    worker_ask(&inside, "throughput 4 500\n");
    json_object_set_new(found, "broker bytes, early", json_integer(memory_of(inside.process, false)));
    set_handles(found, "broker handles, early", inside.process);
    json_object_set_new(found, "program bytes, early", json_integer(worker_ask(&inside, "memory 1\n")));
    int64_t done = 0, wanted = (int64_t)scaled(scale, 1000000, 1000);
    unsigned milliseconds = scaled(scale, 5000, 200);
    char command[64];
    snprintf(command, sizeof(command), "throughput 4 %u\n", milliseconds);
    while (done < wanted) {
        done += worker_ask(&inside, command) * (int64_t)milliseconds / 1000;
    }
    json_object_set_new(found, "operations", json_integer(done));
    json_object_set_new(found, "broker bytes, late", json_integer(memory_of(inside.process, false)));
    json_object_set_new(found, "broker bytes, peak", json_integer(memory_of(inside.process, true)));
    set_handles(found, "broker handles, late", inside.process);
    json_object_set_new(found, "program bytes, late", json_integer(worker_ask(&inside, "memory 1\n")));
    json_object_set_new(found, "program bytes without the shim", json_integer(worker_ask(&bare, "memory 1\n")));
    json_object_set_new(found, "sbx.exe bytes", json_integer(size_of(L"sbx.exe")));
    json_object_set_new(found, "sbxshim.dll bytes", json_integer(size_of(L"sbxshim.dll")));
    worker_stop(&inside);
    worker_stop(&bare);
    return found;
}
