/* The broker's process, threads, token and pipe, and the ways out of the job and the token. */
#include "attack.h"

#include "kinds.h"

#include <sddl.h>
#include <string.h>
#include <tlhelp32.h>

unsigned broker_process(uintptr_t argument) {
    HANDLE process = OpenProcess((DWORD)argument, FALSE, scene.broker);
    if (!process) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    CloseHandle(process);
    return OPEN;
}

/* Each thread of the broker, with each right of a list. */
unsigned broker_thread(uintptr_t argument) {
    static const DWORD rights[][6] = {
        [THREAD_CHANGE] = {THREAD_TERMINATE, THREAD_SUSPEND_RESUME, THREAD_SET_CONTEXT, THREAD_SET_INFORMATION,
                           THREAD_SET_THREAD_TOKEN, WRITE_DAC},
        [THREAD_LOOK] = {THREAD_GET_CONTEXT, THREAD_QUERY_INFORMATION},
        [THREAD_IMPERSONATES] = {THREAD_IMPERSONATE, THREAD_DIRECT_IMPERSONATION},
    };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof(entry)};
    unsigned seen = 0, outcome = DENIED;
    for (BOOL more = Thread32First(all, &entry); more; more = Thread32Next(all, &entry)) {
        if (entry.th32OwnerProcessID != scene.broker) {
            continue;
        }
        seen++;
        for (size_t i = 0; i < 6 && rights[argument][i]; i++) {
            HANDLE thread = OpenThread(rights[argument][i], FALSE, entry.th32ThreadID);
            if (thread) {
                detail("right %lx", rights[argument][i]);
                outcome = OPEN;
                CloseHandle(thread);
            }
        }
    }
    CloseHandle(all);
    return seen ? outcome : FAILED;
}

unsigned broker_pipe(uintptr_t argument) {
    HANDLE pipe = INVALID_HANDLE_VALUE;
    switch ((enum pipe_kind)argument) {
    case PIPE_SQUAT:
        pipe = CreateNamedPipeW(scene.pipe, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, 0, 255, 4096, 4096, 0,
                                NULL);
        break;
    case PIPE_INSTANCE:
        pipe = CreateNamedPipeW(scene.pipe, PIPE_ACCESS_DUPLEX, 0, PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, NULL);
        break;
    case PIPE_DAC: pipe = CreateFileW(scene.pipe, WRITE_DAC, 3, NULL, OPEN_EXISTING, 0, NULL); break;
    case PIPE_OWNER: pipe = CreateFileW(scene.pipe, WRITE_OWNER, 3, NULL, OPEN_EXISTING, 0, NULL); break;
    }
    if (pipe == INVALID_HANDLE_VALUE) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    CloseHandle(pipe);
    return OPEN;
}

static unsigned open_token(void) {
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, scene.broker), token;
    if (!process) {
        return DENIED;
    }
    bool opened =
        OpenProcessToken(process, TOKEN_DUPLICATE, &token) || OpenProcessToken(process, TOKEN_IMPERSONATE, &token);
    CloseHandle(process);
    if (opened) {
        CloseHandle(token);
    }
    return opened ? OPEN : DENIED;
}

/* A program that writes to a file outside, under a token that was filtered once more. */
static unsigned filter_again(void) {
    HANDLE own, filtered;
    PROCESS_INFORMATION process;
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    wchar_t line[900];
    DWORD code = 1;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) &&
        !OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY | TOKEN_ASSIGN_PRIMARY, &own)) {
        return DENIED;
    }
    if (!CreateRestrictedToken(own, 0, 0, NULL, 0, NULL, 0, NULL, &filtered)) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    swprintf(line, 900, L"\"%ls\" --write \"%ls\"", scene.self, below(scene.outside, L"kept.txt"));
    if (!CreateProcessAsUserW(filtered, scene.self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    WaitForSingleObject(process.hProcess, 30000);
    GetExitCodeProcess(process.hProcess, &code);
    return code == 0 ? OPEN : DENIED;
}

static unsigned raise_level(void) {
    HANDLE own;
    TOKEN_MANDATORY_LABEL label = {{NULL, SE_GROUP_INTEGRITY}};
    ConvertStringSidToSidW(L"S-1-16-12288", &label.Label.Sid);
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_DEFAULT | TOKEN_QUERY, &own)) {
        return DENIED;
    }
    return SetTokenInformation(own, TokenIntegrityLevel, &label, sizeof(label) + GetLengthSid(label.Label.Sid))
               ? OPEN
               : DENIED;
}

static unsigned take_privileges(void) {
    static const wchar_t *const names[] = {SE_RESTORE_NAME, SE_BACKUP_NAME, SE_TAKE_OWNERSHIP_NAME, SE_DEBUG_NAME,
                                           SE_IMPERSONATE_NAME};
    HANDLE own;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &own)) {
        return DENIED;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        TOKEN_PRIVILEGES one = {1, {{{0, 0}, SE_PRIVILEGE_ENABLED}}};
        if (LookupPrivilegeValueW(NULL, names[i], &one.Privileges[0].Luid) &&
            AdjustTokenPrivileges(own, FALSE, &one, sizeof(one), NULL, NULL) && GetLastError() == ERROR_SUCCESS) {
            detail("%ls", names[i]);
            return OPEN;
        }
    }
    return DENIED;
}

static unsigned break_away(void) {
    wchar_t line[400];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    BOOL inside = TRUE;
    swprintf(line, 400, L"\"%ls\" --wait", scene.self);
    if (!CreateProcessW(scene.self, line, NULL, NULL, FALSE, CREATE_BREAKAWAY_FROM_JOB, NULL, NULL, &startup,
                        &process)) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    IsProcessInJob(process.hProcess, NULL, &inside);
    TerminateProcess(process.hProcess, 0);
    return inside ? DENIED : OPEN;
}

/* The job of this process without its name: NULL stands for it in a query, and in nothing else. */
static unsigned change_job(void) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    return SetInformationJobObject(NULL, JobObjectExtendedLimitInformation, &limits, sizeof(limits)) ? OPEN : DENIED;
}

/* A process whose parent, and so whose job and handles, would be the broker's. */
static unsigned child_of_broker(void) {
    HANDLE process = OpenProcess(PROCESS_CREATE_PROCESS, FALSE, scene.broker);
    if (!process) {
        return DENIED;
    }
    CloseHandle(process);
    return OPEN;
}

static unsigned other_run(void) {
    HANDLE pipe = wire_open(scene.other_pipe);
    if (pipe == INVALID_HANDLE_VALUE) {
        detail("error %lu", GetLastError());
        return DENIED;
    }
    unsigned outcome = wire_receive_within(pipe, NULL, 5000);
    CloseHandle(pipe);
    return outcome == CLOSED ? CLOSED : OPEN;
}

/* Handles of the broker that came here by inheritance. Three standard ones are meant to. */
static unsigned inherited(void) {
    unsigned files = 0;
    for (uintptr_t value = 4; value < 0x400; value += 4) {
        DWORD flags;
        HANDLE job = (HANDLE)value;
        JOBOBJECT_BASIC_ACCOUNTING_INFORMATION information;
        if (GetHandleInformation(job, &flags) && QueryInformationJobObject(job, JobObjectBasicAccountingInformation,
                                                                           &information, sizeof(information), NULL)) {
            files++;
        }
    }
    detail("%u job handles", files);
    return files ? OPEN : HELD;
}

unsigned broker_other(uintptr_t argument) {
    switch ((enum broker_kind)argument) {
    case OTHER_TOKEN_OPEN: return open_token();
    case OTHER_TOKEN_FILTER: return filter_again();
    case OTHER_TOKEN_RAISE: return raise_level();
    case OTHER_TOKEN_PRIVILEGE: return take_privileges();
    case OTHER_JOB_BREAKAWAY: return break_away();
    case OTHER_JOB_LIMITS: return change_job();
    case OTHER_PARENT: return child_of_broker();
    case OTHER_RUN_PIPE: return other_run();
    case OTHER_OUTSIDE_JOB: return ask_driver("connect");
    case OTHER_NO_SHIM: return GetModuleHandleW(L"sbxshim.dll") ? FAILED : HELD;
    case OTHER_HANDLES: return inherited();
    }
    return FAILED;
}
