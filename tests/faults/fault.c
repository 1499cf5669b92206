/* The fault points of calls.h. Compiled without calls.h itself.
 *
 * SBX_FAULT=SCOPE:STEP:WHAT in the environment of sbx.exe names one point and what happens there:
 *
 *   SCOPE  op: the threads that serve clients; run: the main thread
 *   STEP   the how many-th point of the scope, from 1; 0: none
 *   WHAT   kill        the broker ends as if by TerminateProcess from outside
 *          fail=HEX    the call is not made and fails with this NTSTATUS; a call that cannot fail is made
 *          late=MS     the call is made after that time
 *          child       the program at the other end of the pipe is killed first (op alone)
 *
 * Each point that is passed is a line of the file that SBX_FAULT_TRACE names: scope, step, place and call, and a star
 * when the fault was put there. */
#include "broker/base/nt.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum what { NOTHING, KILL, FAIL, LATE, CHILD };

static struct {
    bool on;
    bool operations; /* the scope is op */
    LONG step;
    enum what what;
    unsigned long argument;
    HANDLE trace;
    DWORD main_thread;
    volatile LONG passed[2]; /* points of run, of op */
} plan;

static SRWLOCK trace_lock = SRWLOCK_INIT;
static _Thread_local bool serving;
static _Thread_local HANDLE client_pipe;

static const char *leaf_of(const char *path) {
    const char *leaf = path;
    for (; *path; path++) {
        if (*path == '/' || *path == '\\') {
            leaf = path + 1;
        }
    }
    return leaf;
}

static void read_plan(void) {
    wchar_t text[100], path[MAX_PATH], scope[8], what[16];
    long step = 0;
    if (GetEnvironmentVariableW(L"SBX_FAULT", text, 100) - 1 < 99 &&
        swscanf(text, L"%7l[a-z]:%ld:%15l[a-z]", scope, &step, what) == 3) {
        const wchar_t *argument = wcschr(text, L'=');
        plan.operations = wcscmp(scope, L"op") == 0;
        plan.step = step;
        plan.what = !wcscmp(what, L"kill")    ? KILL
                    : !wcscmp(what, L"fail")  ? FAIL
                    : !wcscmp(what, L"late")  ? LATE
                    : !wcscmp(what, L"child") ? CHILD
                                              : NOTHING;
        plan.argument = argument ? wcstoul(argument + 1, NULL, plan.what == FAIL ? 16 : 10) : 0;
    }
    if (GetEnvironmentVariableW(L"SBX_FAULT_TRACE", path, MAX_PATH) - 1 < MAX_PATH - 1) {
        plan.trace = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                                 FILE_ATTRIBUTE_NORMAL, NULL);
    }
    /* The program inside is to know nothing of it. */
    SetEnvironmentVariableW(L"SBX_FAULT", NULL);
    SetEnvironmentVariableW(L"SBX_FAULT_TRACE", NULL);
    plan.main_thread = GetCurrentThreadId();
    plan.on = true;
}

static void trace(LONG step, const char *file, int line, const char *call, bool hit) {
    char text[200];
    DWORD written;
    int length = snprintf(text, sizeof(text), "%s %ld %s:%d %s%s\n", serving ? "op" : "run", step, leaf_of(file), line,
                          call, hit ? " *" : "");
    if (plan.trace && plan.trace != INVALID_HANDLE_VALUE && length > 0 && length < (int)sizeof(text)) {
        /* One at a time: Wine does not keep two writes at the end of a file apart. */
        AcquireSRWLockExclusive(&trace_lock);
        WriteFile(plan.trace, text, (DWORD)length, &written, NULL);
        ReleaseSRWLockExclusive(&trace_lock);
    }
}

static void kill_client(void) {
    ULONG pid;
    HANDLE process = NULL;
    if (client_pipe && GetNamedPipeClientProcessId(client_pipe, &pid)) {
        process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, pid);
    }
    if (process) {
        TerminateProcess(process, 99);
        WaitForSingleObject(process, 5000);
        CloseHandle(process);
    }
}

/* What is not counted: messages for people, and the waits of the thread that accepts clients. */
static bool counts(const char *leaf) {
    return strcmp(leaf, "msg.c") != 0 && (serving || GetCurrentThreadId() == plan.main_thread);
}

BOOL fault_serves(const char *file, HANDLE pipe) {
    if (!plan.on) {
        return FALSE;
    }
    if (!serving && GetCurrentThreadId() != plan.main_thread && !strcmp(leaf_of(file), "server.c")) {
        serving = true;
        client_pipe = pipe;
    }
    return serving;
}

bool fault_point(const char *file, int line, const char *call) {
    if (!plan.on) {
        read_plan();
    }
    if (!counts(leaf_of(file))) {
        return false;
    }
    DWORD error = GetLastError();
    LONG step = InterlockedIncrement(&plan.passed[serving]);
    bool hit = plan.step == step && plan.operations == serving;
    trace(step, file, line, call, hit);
    SetLastError(error);
    if (!hit) {
        return false;
    }
    switch (plan.what) {
    case KILL: TerminateProcess(GetCurrentProcess(), 99); break;
    case LATE: Sleep(plan.argument); break;
    case CHILD: kill_client(); break;
    case FAIL:
        if (*call != '-') {
            SetLastError(RtlNtStatusToDosError((NTSTATUS)plan.argument));
            return true;
        }
        break;
    default: break;
    }
    return false;
}

NTSTATUS fault_status(void) { return (NTSTATUS)plan.argument; }
