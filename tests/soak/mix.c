/* The mix of brokered operations. Names are new ones in each round, so that what is remembered by name grows. A round
 * leaves nothing behind but the one file that each replace goes over. */
#include "soak.h"

#include <winternl.h>

#include "../attack/attack.h"

#include <stdlib.h>
#include <string.h>

#define SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define CLASS_DISPOSITION_EX ((FILE_INFORMATION_CLASS)64)
#define DELETE_POSIX 3u            /* FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS */
#define ROUNDS_OF_A_PROCESS 20     /* every so many rounds a short process */
#define KEPT_BYTES ((size_t)65536) /* by KEEP_OWN, for each batch */

static struct {
    const wchar_t *root, *outside;
    unsigned long round;
    wchar_t first[PATH_UNITS], second[PATH_UNITS], kept[PATH_UNITS];
} mix;

/* "ROOT\NAME-ROUND" */
static const wchar_t *fresh(wchar_t *path, const wchar_t *name) {
    swprintf(path, PATH_UNITS, L"%ls\\%ls-%lu", mix.root, name, mix.round);
    return path;
}

static HANDLE open_path(const wchar_t *path, DWORD access, DWORD disposition, DWORD flags) {
    HANDLE file = CreateFileW(path, access, SHARE_ALL, NULL, disposition, flags, NULL);
    need(file != INVALID_HANDLE_VALUE, path);
    return file;
}

static void make_file(const wchar_t *path) {
    DWORD written;
    HANDLE file = open_path(path, GENERIC_WRITE, CREATE_ALWAYS, 0);
    need(WriteFile(file, "soak", 4, &written, NULL), path);
    CloseHandle(file);
}

static void set_disposition(HANDLE file, BOOLEAN gone) {
    FILE_DISPOSITION_INFO disposition = {gone};
    need(SetFileInformationByHandle(file, FileDispositionInfo, &disposition, sizeof(disposition)), L"disposition");
}

static void delete_posix(const wchar_t *path) {
    ULONG flags = DELETE_POSIX;
    IO_STATUS_BLOCK io;
    HANDLE file = open_path(path, DELETE, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
    NTSTATUS status = NtSetInformationFile(file, &io, &flags, sizeof(flags), CLASS_DISPOSITION_EX);
    SetLastError(RtlNtStatusToDosError(status));
    need(status >= 0, L"POSIX delete");
    CloseHandle(file);
}

/* Something that must be denied. */
static void need_denied(BOOL done, const wchar_t *what) { need(!done && GetLastError() == ERROR_ACCESS_DENIED, what); }

void mix_replace(const wchar_t *root, const wchar_t *name) {
    wchar_t from[PATH_UNITS], to[PATH_UNITS];
    swprintf(from, PATH_UNITS, L"%ls\\%ls", root, name);
    swprintf(to, PATH_UNITS, L"%ls\\replaced", root);
    make_file(from);
    need(MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING), L"replace");
}

/* The steps */

static void replace_file(void) {
    make_file(fresh(mix.first, L"replace"));
    need(MoveFileExW(mix.first, mix.kept, MOVEFILE_REPLACE_EXISTING), L"replace");
}

static void rename_file(void) {
    make_file(fresh(mix.first, L"rename"));
    need(MoveFileExW(mix.first, fresh(mix.second, L"renamed"), 0), L"rename");
    delete_posix(mix.second);
}

static void delete_file(void) {
    make_file(fresh(mix.first, L"delete"));
    HANDLE file = open_path(mix.first, DELETE, OPEN_EXISTING, 0);
    set_disposition(file, TRUE);
    CloseHandle(file);
}

static void take_back(void) {
    make_file(fresh(mix.first, L"taken-back"));
    HANDLE file = open_path(mix.first, DELETE, OPEN_EXISTING, 0);
    set_disposition(file, TRUE);
    set_disposition(file, FALSE);
    CloseHandle(file);
    delete_posix(mix.first);
}

static void delete_on_close(void) {
    make_file(fresh(mix.first, L"on-close"));
    CloseHandle(open_path(mix.first, DELETE, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE));
}

/* The file in it is of a fixed name in a directory that is new each time. */
static void directory(void) {
    wchar_t file[PATH_UNITS];
    need(CreateDirectoryW(fresh(mix.first, L"directory"), NULL), L"a directory");
    need(MoveFileExW(mix.first, fresh(mix.second, L"moved"), 0), L"rename a directory");
    swprintf(file, PATH_UNITS, L"%.400ls\\file", mix.second);
    make_file(file);
    delete_posix(file);
    need(RemoveDirectoryW(mix.second), L"remove a directory");
}

static void stamp(void) {
    DWORD written;
    swprintf(mix.first, PATH_UNITS, L"%ls\\older\\%lu", mix.root, mix.round);
    HANDLE file = open_path(mix.first, GENERIC_WRITE, OPEN_EXISTING, 0);
    need(WriteFile(file, "stamped", 7, &written, NULL), L"write to an older file");
    CloseHandle(file);
}

/* Refused by the broker: a new name outside, the root itself. Denied without a word to it: a file outside. */
static void refused(void) {
    make_file(fresh(mix.first, L"refused"));
    swprintf(mix.second, PATH_UNITS, L"%ls\\refused-%lu", mix.outside, mix.round);
    need_denied(MoveFileExW(mix.first, mix.second, 0), L"a rename to outside");
    need_denied(RemoveDirectoryW(mix.root), L"removing the root");
    swprintf(mix.second, PATH_UNITS, L"%ls\\kept.txt", mix.outside);
    need_denied(DeleteFileW(mix.second), L"a delete outside");
    delete_posix(mix.first);
}

/* A connection beside the shim's, which are never closed. */
static HANDLE connect_to_broker(void) {
    HANDLE pipe = wire_client();
    need(pipe != INVALID_HANDLE_VALUE, L"a connection");
    return pipe;
}

static DWORD WINAPI thread_main(void *context) {
    HANDLE pipe = connect_to_broker();
    (void)context;
    replace_file();
    CloseHandle(pipe);
    return 0;
}

static void thread(void) {
    HANDLE thread = CreateThread(NULL, 65536, thread_main, NULL, 0, NULL);
    need(thread != NULL, L"a thread");
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* The shim gives a thread one of its 16 connections by the thread's id. So many threads at once use all of them, and
 * none is left to be made later. They do so long enough for the broker's heap to have met as many at once as it ever
 * will, also on a machine with other work. */
enum { WARM_ROUNDS = 12 };
static HANDLE started;

static DWORD WINAPI warm_thread(void *context) {
    wchar_t from[PATH_UNITS], to[PATH_UNITS];
    (void)context;
    WaitForSingleObject(started, INFINITE);
    swprintf(from, PATH_UNITS, L"%ls\\from-%lu", mix.root, GetCurrentThreadId());
    swprintf(to, PATH_UNITS, L"%ls\\to-%lu", mix.root, GetCurrentThreadId());
    for (int i = 0; i < WARM_ROUNDS; i++) {
        make_file(from);
        make_file(to);
        need(MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING), L"replace");
        delete_posix(to);
    }
    return 0;
}

static void warm_up(void) {
    HANDLE threads[MAXIMUM_WAIT_OBJECTS];
    started = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (size_t i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        threads[i] = CreateThread(NULL, 65536, warm_thread, NULL, 0, NULL);
        need(threads[i] != NULL, L"a thread");
    }
    SetEvent(started);
    WaitForMultipleObjects(MAXIMUM_WAIT_OBJECTS, threads, TRUE, INFINITE);
    for (size_t i = 0; i < MAXIMUM_WAIT_OBJECTS; i++) {
        CloseHandle(threads[i]);
    }
    CloseHandle(started);
}

static void short_process(void) {
    wchar_t line[2 * PATH_UNITS], self[MAX_PATH];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    DWORD code = 1;
    need(GetModuleFileNameW(NULL, self, MAX_PATH) != 0, L"the program's name");
    swprintf(line, 2 * PATH_UNITS, L"\"%ls\" --short \"%ls\" short-%lu", self, mix.root, mix.round);
    need(CreateProcessW(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process), line);
    WaitForSingleObject(process.hProcess, INFINITE);
    need(GetExitCodeProcess(process.hProcess, &code) && !code, L"a short process");
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
}

static const struct {
    void (*run)(void);
    unsigned operations; /* that the broker does or refuses */
    unsigned times;      /* in a round */
} steps[] = {
    {replace_file, 1, 4}, {rename_file, 2, 2}, {delete_file, 1, 2}, {take_back, 3, 1}, {delete_on_close, 1, 2},
    {directory, 3, 1},    {stamp, 1, 1},       {refused, 3, 1},     {thread, 1, 1},
};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

unsigned mix_operations(void) {
    unsigned count = 0;
    for (size_t i = 0; i < STEP_COUNT; i++) {
        count += steps[i].operations * steps[i].times;
    }
    return count;
}

void mix_prepare(const wchar_t *root, unsigned long rounds) {
    wchar_t path[PATH_UNITS];
    swprintf(path, PATH_UNITS, L"%ls\\older", root);
    need(CreateDirectoryW(path, NULL), path);
    for (unsigned long i = 1; i <= rounds; i++) {
        swprintf(path, PATH_UNITS, L"%ls\\older\\%lu", root, i);
        make_file(path);
    }
}

static unsigned long one_round(void) {
    unsigned long done = mix_operations();
    mix.round++;
    for (size_t i = 0; i < STEP_COUNT; i++) {
        for (unsigned n = 0; n < steps[i].times; n++) {
            steps[i].run();
        }
    }
    if (mix.round % ROUNDS_OF_A_PROCESS == 0) {
        short_process();
        done++;
    }
    return done;
}

static void keep(enum keeping keeping) {
    if (keeping == KEEP_CONNECTIONS) {
        (void)connect_to_broker();
    } else if (keeping == KEEP_OWN) {
        void *memory = VirtualAlloc(NULL, KEPT_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        need(memory && CreateEventW(NULL, TRUE, FALSE, NULL), L"what is kept");
        memset(memory, 1, KEPT_BYTES);
    }
}

/* The process that serves the pipe. */
static ULONG serving_process(void) {
    ULONG pid = 0;
    HANDLE pipe = connect_to_broker();
    need(GetNamedPipeServerProcessId(pipe, &pid), L"the broker's process id");
    CloseHandle(pipe);
    return pid;
}

void mix_run(const wchar_t *root, const wchar_t *outside, unsigned long operations, unsigned samples,
             enum keeping keeping) {
    char line[20];
    mix.root = root;
    mix.outside = outside;
    swprintf(mix.kept, PATH_UNITS, L"%ls\\kept", root);
    need(wire_find_pipe(), L"the settings of the shim");
    printf("%lu\t%lu\n", serving_process(), GetCurrentProcessId());
    fflush(stdout);
    warm_up();
    unsigned long done = 0;
    for (unsigned long part = 1; part <= samples; part++) {
        while (done < (unsigned long long)operations * part / samples) {
            done += one_round();
        }
        keep(keeping);
        printf("%lu\n", done);
        fflush(stdout);
        need(read_line(line, sizeof(line)), L"the driver's answer");
    }
}
