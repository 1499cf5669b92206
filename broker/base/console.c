#include "broker/base/console.h"

/* Windows ends a process five seconds after its console was closed, whatever it is doing (SetConsoleCtrlHandler). */
#define CLOSE_WAIT_MS 4500

static struct {
    HANDLE streams[3];
    DWORD modes[3];
    bool saved[3];
    UINT input_page, output_page;
    HANDLE over;
    volatile HANDLE job;
    volatile LONG interrupted;
} console;

/* Runs in a thread of its own. */
static BOOL WINAPI on_event(DWORD event) {
    HANDLE job = console.job;
    switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
        /* The program gets the same event from the console and decides. */
        if (!job) {
            InterlockedExchange(&console.interrupted, 1);
        }
        return TRUE;
    default: /* the window is closed, or the user logs off: the program ends, and the main thread cleans up meanwhile */
        if (!job || !console.over) {
            return FALSE;
        }
        TerminateJobObject(job, (UINT)STATUS_CONTROL_C_EXIT);
        WaitForSingleObject(console.over, CLOSE_WAIT_MS);
        return TRUE;
    }
}

void console_begin(void) {
    static const DWORD ids[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    for (size_t i = 0; i < 3; i++) {
        console.streams[i] = GetStdHandle(ids[i]);
        console.saved[i] = GetConsoleMode(console.streams[i], &console.modes[i]) != 0;
    }
    console.input_page = GetConsoleCP();
    console.output_page = GetConsoleOutputCP();
    console.over = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(on_event, TRUE);
}

bool console_give(HANDLE job) {
    InterlockedExchangePointer((PVOID volatile *)&console.job, job);
    return !console_interrupted();
}

bool console_interrupted(void) { return InterlockedCompareExchange(&console.interrupted, 0, 0) != 0; }

/* Only what the program changed is set: setting a mode makes some consoles draw themselves again. */
static void put_back(void) {
    for (size_t i = 0; i < 3; i++) {
        DWORD mode;
        if (console.saved[i] && GetConsoleMode(console.streams[i], &mode) && mode != console.modes[i]) {
            SetConsoleMode(console.streams[i], console.modes[i]);
        }
    }
    if (console.input_page && GetConsoleCP() != console.input_page) {
        SetConsoleCP(console.input_page);
    }
    if (console.output_page && GetConsoleOutputCP() != console.output_page) {
        SetConsoleOutputCP(console.output_page);
    }
}

void console_end(void) {
    put_back();
    /* Keys that the program wrote there would be read by the shell as if the user had typed them. */
    HANDLE input = console.input_page ? CreateFileW(L"CONIN$", GENERIC_READ | GENERIC_WRITE, NT_SHARE_ALL, NULL,
                                                    OPEN_EXISTING, 0, NULL)
                                      : INVALID_HANDLE_VALUE;
    if (input != INVALID_HANDLE_VALUE) {
        FlushConsoleInputBuffer(input);
        CloseHandle(input);
    }
    if (console.over) {
        SetEvent(console.over);
    }
}
