/* usage: sbx-bench [--scale N] [--part NAME]... DIRECTORY
 *
 * Measures in DIRECTORY (made when missing) with the sbx.exe that lies beside this program, and prints one JSON object.
 * The other commands are how it starts itself: worker, pump, echo, uv-echo, nothing. */
#include "bench.h"

#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

const wchar_t *bench_directory;
wchar_t bench_sbx[MAX_PATH];

static const struct {
    const char *name;
    json_t *(*measure)(double scale);
} parts[] = {
    {"calls", part_calls}, {"hooks", part_hooks}, {"concurrency", part_concurrency},
    {"start", part_start}, {"cost", part_cost},
};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static int usage(void) {
    fputs("usage: sbx-bench [--scale N] [--part calls|hooks|concurrency|start|cost]... DIRECTORY\n", stderr);
    return 2;
}

static int run(const wchar_t *directory, double scale, const bool *chosen) {
    wchar_t full[MAX_PATH];
    if (!GetFullPathNameW(directory, MAX_PATH, full, NULL) || !GetModuleFileNameW(NULL, bench_sbx, MAX_PATH)) {
        fail(L"the paths");
    }
    wcscpy(wcsrchr(bench_sbx, L'\\') + 1, L"sbx.exe");
    CreateDirectoryW(full, NULL);
    bench_directory = full;
    json_t *found = json_object();
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (chosen[i]) {
            json_object_set_new(found, parts[i].name, parts[i].measure(scale));
            if (_isatty(2)) {
                fprintf(stderr, "%s\n", parts[i].name);
            }
        }
    }
    char *text = json_dumps(found, JSON_INDENT(1));
    puts(text);
    free(text);
    json_decref(found);
    return 0;
}

int wmain(int count, wchar_t **words); /* no header has it */

int wmain(int count, wchar_t **words) {
    bool chosen[PART_COUNT] = {false}, any = false;
    double scale = 1;
    int at = 1;
    if (count == 4 && !wcscmp(words[1], L"worker")) {
        return worker_main(words[2], words[3]);
    }
    if (count == 5 && !wcscmp(words[1], L"pump")) {
        return pump_main(words[2], wcstoul(words[3], NULL, 10), wcstoul(words[4], NULL, 10));
    }
    if (count == 3 && !wcscmp(words[1], L"echo")) {
        return echo_blocking(words[2]);
    }
    if (count == 3 && !wcscmp(words[1], L"uv-echo")) {
        return echo_libuv(words[2]);
    }
    if (count == 2 && !wcscmp(words[1], L"nothing")) {
        return 0;
    }
    for (; at + 1 < count && words[at][0] == L'-'; at += 2) {
        if (!wcscmp(words[at], L"--scale")) {
            scale = wcstod(words[at + 1], NULL);
            if (!(scale > 0 && scale <= 100)) {
                return usage();
            }
        } else if (!wcscmp(words[at], L"--part")) {
            size_t i = 0;
            char name[32];
            snprintf(name, sizeof(name), "%ls", words[at + 1]);
            while (i < PART_COUNT && strcmp(parts[i].name, name)) {
                i++;
            }
            if (i == PART_COUNT) {
                return usage();
            }
            chosen[i] = any = true;
        } else {
            return usage();
        }
    }
    if (at + 1 != count) {
        return usage();
    }
    for (size_t i = 0; !any && i < PART_COUNT; i++) {
        chosen[i] = true;
    }
    return run(words[at], scale, chosen);
}
