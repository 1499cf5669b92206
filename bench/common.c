/* Time, samples, processes. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

_Noreturn void fail(const wchar_t *what) {
    fprintf(stderr, "sbx-bench: %ls failed: error %lu\n", what, GetLastError());
    exit(1);
}

int64_t now_ns(void) {
    static LARGE_INTEGER frequency;
    LARGE_INTEGER count;
    if (!frequency.QuadPart) {
        QueryPerformanceFrequency(&frequency);
    }
    QueryPerformanceCounter(&count);
    return count.QuadPart / frequency.QuadPart * 1000000000 +
           count.QuadPart % frequency.QuadPart * 1000000000 / frequency.QuadPart;
}

void samples_add(struct samples *samples, int64_t value) {
    if (samples->count == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 1024;
        samples->values = realloc(samples->values, samples->room * sizeof(*samples->values));
        if (!samples->values) {
            fail(L"memory for samples");
        }
    }
    samples->values[samples->count++] = value;
}

void samples_free(struct samples *samples) {
    free(samples->values);
    memset(samples, 0, sizeof(*samples));
}

static int compare(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t quantile(const struct samples *samples, double part) {
    return samples->count ? samples->values[(size_t)((double)(samples->count - 1) * part)] : 0;
}

int64_t samples_median(struct samples *samples) {
    qsort(samples->values, samples->count, sizeof(*samples->values), compare);
    return quantile(samples, 0.5);
}

json_t *samples_json(struct samples *samples) {
    json_t *found = json_object(), *histogram = json_object();
    int64_t median = samples_median(samples);
    json_object_set_new(found, "n", json_integer((json_int_t)samples->count));
    json_object_set_new(found, "median_us", json_real((double)median / 1000));
    json_object_set_new(found, "p90_us", json_real((double)quantile(samples, 0.9) / 1000));
    json_object_set_new(found, "p99_us", json_real((double)quantile(samples, 0.99) / 1000));
    double bound = 1;
    for (size_t i = 0; i < samples->count;) {
        size_t first = i;
        char key[32];
        while (i < samples->count && (double)samples->values[i] / 1000 <= bound) {
            i++;
        }
        if (i > first) {
            snprintf(key, sizeof(key), "%.1f", bound);
            json_object_set_new(histogram, key, json_integer((json_int_t)(i - first)));
        }
        bound *= 1.25;
    }
    json_object_set_new(found, "histogram", histogram);
    return found;
}

wchar_t *make_directory(const wchar_t *name) {
    size_t units = wcslen(bench_directory) + wcslen(name) + 2;
    wchar_t *path = malloc(units * sizeof(wchar_t));
    if (!path) {
        fail(L"memory for a path");
    }
    swprintf(path, units, L"%ls\\%ls", bench_directory, name);
    if (!CreateDirectoryW(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS) {
        fail(path);
    }
    return path;
}

wchar_t *sandbox_line(enum sandbox_kind kind, const wchar_t *root, const wchar_t *rest) {
    static const wchar_t *const options[] = {L"", L"--integrity low", L"--broker"};
    wchar_t self[MAX_PATH];
    size_t units = 3 * MAX_PATH + wcslen(root) + wcslen(rest);
    wchar_t *line = malloc(units * sizeof(wchar_t));
    if (!line || !GetModuleFileNameW(NULL, self, MAX_PATH)) {
        fail(L"a command line");
    }
    if (kind == PLAIN) {
        swprintf(line, units, L"\"%ls\" %ls", self, rest);
    } else {
        swprintf(line, units, L"\"%ls\" run %ls --quiet --writable-root \"%ls\" -- \"%ls\" %ls", bench_sbx,
                 options[kind], root, self, rest);
    }
    return line;
}

HANDLE start_process(wchar_t *line, HANDLE input, HANDLE output) {
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    if (input) {
        startup.dwFlags = STARTF_USESTDHANDLES;
        startup.hStdInput = input;
        startup.hStdOutput = output;
        startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    }
    if (!CreateProcessW(NULL, line, NULL, NULL, input != NULL, 0, NULL, NULL, &startup, &process)) {
        fail(line);
    }
    CloseHandle(process.hThread);
    return process.hProcess;
}

static void make_pipe(HANDLE *read, HANDLE *write, HANDLE *inherited) {
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), NULL, FALSE};
    if (!CreatePipe(read, write, &attributes, 1 << 16) ||
        !SetHandleInformation(*inherited, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)) {
        fail(L"a pipe");
    }
}

struct worker worker_start(enum sandbox_kind kind, const wchar_t *name) {
    struct worker worker = {.directory = make_directory(name)};
    wchar_t *outside = make_directory(L"outside"), rest[2 * MAX_PATH + 32];
    HANDLE input, output;
    make_pipe(&input, &worker.input, &input);
    make_pipe(&worker.output, &output, &output);
    swprintf(rest, 2 * MAX_PATH + 32, L"worker \"%ls\" \"%ls\"", worker.directory, outside);
    wchar_t *line = sandbox_line(kind, worker.directory, rest);
    worker.process = start_process(line, input, output);
    CloseHandle(input);
    CloseHandle(output);
    free(line);
    free(outside);
    worker_ask(&worker, "ready 1\n");
    return worker;
}

static void worker_tell(struct worker *worker, const char *command) {
    DWORD done;
    if (!WriteFile(worker->input, command, (DWORD)strlen(command), &done, NULL)) {
        fail(L"writing to a worker");
    }
}

static int64_t worker_answer(struct worker *worker) {
    int64_t value;
    DWORD got = 0;
    for (size_t at = 0; at < sizeof(value); at += got) {
        if (!ReadFile(worker->output, (char *)&value + at, (DWORD)(sizeof(value) - at), &got, NULL) || !got) {
            fail(L"a worker");
        }
    }
    return value;
}

int64_t worker_ask(struct worker *worker, const char *command) {
    worker_tell(worker, command);
    return worker_answer(worker);
}

void worker_measure(struct worker *worker, const char *operation, unsigned count, struct samples *samples) {
    char command[64];
    snprintf(command, sizeof(command), "%s %u\n", operation, count);
    worker_tell(worker, command);
    for (unsigned i = 0; i < count; i++) {
        samples_add(samples, worker_answer(worker));
    }
}

void worker_stop(struct worker *worker) {
    CloseHandle(worker->input);
    WaitForSingleObject(worker->process, 30000);
    CloseHandle(worker->process);
    CloseHandle(worker->output);
    free(worker->directory);
}
