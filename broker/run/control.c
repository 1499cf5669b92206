#include "broker/run/control.h"

#include "broker/base/msg.h"

#include <stdint.h>
#include <stdlib.h>

static struct {
    HANDLE pipe;
    HANDLE job;
    volatile LONG stopped;
} watched;

bool control_take(const wchar_t *number, HANDLE *control) {
    wchar_t *end;
    unsigned long value = wcstoul(number, &end, 10); /* a handle has 32 bits that matter */
    HANDLE handle = (HANDLE)(uintptr_t)value;
    if (!value || *end || GetFileType(handle) != FILE_TYPE_PIPE ||
        !SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0)) {
        msg_error("--control takes the number of an inherited pipe handle, not %ls", number);
        return false;
    }
    *control = handle;
    return true;
}

/* A caller that was killed cannot ask: its end of the pipe closes, and that counts as asking. */
static DWORD WINAPI wait_for_stop(void *unused) {
    char byte;
    DWORD read;
    (void)unused;
    (void)ReadFile(watched.pipe, &byte, 1, &read, NULL);
    InterlockedExchange(&watched.stopped, 1);
    TerminateJobObject(watched.job, 1);
    return 0;
}

DWORD control_watch(HANDLE control, HANDLE job) {
    watched.pipe = control;
    watched.job = job;
    HANDLE thread = CreateThread(NULL, 0, wait_for_stop, NULL, 0, NULL);
    if (!thread) {
        return last_error();
    }
    CloseHandle(thread);
    return 0;
}

bool control_stopped(void) { return watched.stopped != 0; }
