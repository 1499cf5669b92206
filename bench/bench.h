/* sbx-bench: what the sandbox costs, measured in one run. The command line is in main.c. */
#ifndef SBX_BENCH_H
#define SBX_BENCH_H

#include <windows.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Ends the program with a message and the last error. */
_Noreturn void fail(const wchar_t *what);

/* Nanoseconds of a clock that only goes forward. */
int64_t now_ns(void);

/* Times in nanoseconds. */
struct samples {
    int64_t *values;
    size_t count, room;
};

void samples_add(struct samples *samples, int64_t value);
void samples_free(struct samples *samples);

/* {"n", "median_us", "p90_us", "p99_us", "histogram": {"50": n, …}}: the histogram's keys are upper bounds in
 * microseconds, each a quarter over the one before. Sorts `samples`. */
json_t *samples_json(struct samples *samples);

/* Median in nanoseconds. Sorts `samples`. */
int64_t samples_median(struct samples *samples);

/* A worker: this program once more, which does what it is told on its standard input (worker.c). */
struct worker {
    HANDLE process;
    HANDLE input, output;
    wchar_t *directory;
};

/* How a worker is started. */
enum sandbox_kind {
    PLAIN,   /* as it is */
    NO_SHIM, /* sbx run --integrity low: the same token, no shim, no broker */
    BROKER,  /* sbx run --broker */
};

/* The directory that all is measured in, and sbx.exe beside this program. */
extern const wchar_t *bench_directory;
extern wchar_t bench_sbx[MAX_PATH];

/* Makes `name` below the directory of the bench and returns its path, malloc'ed. */
wchar_t *make_directory(const wchar_t *name);

/* Starts a worker whose own directory is `name`. */
struct worker worker_start(enum sandbox_kind kind, const wchar_t *name);

/* Starts sbx or a program: `line` is the whole command line. Standard handles may be NULL. */
HANDLE start_process(wchar_t *line, HANDLE input, HANDLE output);

/* Command line of a program in a sandbox, malloc'ed. `root` is the writable root. */
wchar_t *sandbox_line(enum sandbox_kind kind, const wchar_t *root, const wchar_t *rest);

/* Has the worker do `operation` `count` times and adds the time of each. */
void worker_measure(struct worker *worker, const char *operation, unsigned count, struct samples *samples);

/* Sends a command and reads one number. */
int64_t worker_ask(struct worker *worker, const char *command);

void worker_stop(struct worker *worker);

/* Body of a worker process; returns the exit code. */
int worker_main(const wchar_t *directory, const wchar_t *outside);

/* Body of a further process of a worker's run: replaces with `threads` threads for so long. Returns replaces per
 * second. */
int pump_main(const wchar_t *directory, unsigned threads, unsigned milliseconds);

/* Servers that send 11 bytes for each 52 they get, by blocking calls and by libuv. Return the exit code. */
int echo_blocking(const wchar_t *pipe);
int echo_libuv(const wchar_t *pipe);

/* One round trip with such a server, in nanoseconds. */
HANDLE echo_connect(const wchar_t *pipe);
int64_t echo_round_trip(HANDLE pipe);

/* The parts. Each returns what it found. `scale` is 1 for a whole run and less for a short one. */
json_t *part_calls(double scale);
json_t *part_hooks(double scale);
json_t *part_concurrency(double scale);
json_t *part_start(double scale);
json_t *part_cost(double scale);

#endif
