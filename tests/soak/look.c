/* Looking at other processes. Everything comes from NtQuerySystemInformation, which needs no right on them. The handles
 * are counted one by one: Wine gives no count, and the size of the table in its place. */
#include "soak.h"

#include <winternl.h>

#include <stdlib.h>
#include <string.h>

#define EXTENDED_HANDLES ((SYSTEM_INFORMATION_CLASS)64)

struct handle_entry {
    PVOID object;
    ULONG_PTR pid, value;
    ULONG access;
    USHORT trace, type;
    ULONG attributes, reserved;
};

struct handle_table {
    ULONG_PTR count, reserved;
    struct handle_entry entries[];
};

/* The answer in a buffer that is kept and grows. */
static const void *query(SYSTEM_INFORMATION_CLASS what) {
    static BYTE *buffer;
    static ULONG size = 1 << 20;
    for (;;) {
        ULONG needed;
        buffer = buffer ? buffer : malloc(size);
        need(buffer != NULL, L"memory");
        NTSTATUS status = NtQuerySystemInformation(what, buffer, size, &needed);
        if (status != (NTSTATUS)0xC0000004) { /* STATUS_INFO_LENGTH_MISMATCH */
            SetLastError(RtlNtStatusToDosError(status));
            need(status >= 0, L"system information");
            return buffer;
        }
        free(buffer);
        buffer = NULL;
        size *= 2;
    }
}

static unsigned count_handles(DWORD pid) {
    const struct handle_table *table = query(EXTENDED_HANDLES);
    unsigned count = 0;
    for (ULONG_PTR i = 0; i < table->count; i++) {
        count += table->entries[i].pid == pid;
    }
    return count;
}

static const SYSTEM_PROCESS_INFORMATION *next_process(const SYSTEM_PROCESS_INFORMATION *process) {
    return process->NextEntryOffset
               ? (const SYSTEM_PROCESS_INFORMATION *)(const void *)((const BYTE *)process + process->NextEntryOffset)
               : NULL;
}

static DWORD id_of(const SYSTEM_PROCESS_INFORMATION *process) { return HandleToULong(process->UniqueProcessId); }

static void look_at(DWORD pid) {
    unsigned handles = count_handles(pid);
    const SYSTEM_PROCESS_INFORMATION *process = query(SystemProcessInformation);
    while (process && id_of(process) != pid) {
        process = next_process(process);
    }
    if (process) {
        printf("%zu\t%zu\t%u\t%lu\n", (size_t)process->VirtualMemoryCounters.PagefileUsage,
               (size_t)process->VirtualMemoryCounters.WorkingSetSize, handles, process->NumberOfThreads);
    } else {
        printf("gone\n");
    }
}

void look_at_processes(void) {
    char line[40];
    while (read_line(line, sizeof(line))) {
        look_at(strtoul(line, NULL, 10));
        fflush(stdout);
    }
}

void look_for_processes(void) {
    const SYSTEM_PROCESS_INFORMATION *process = query(SystemProcessInformation);
    for (; process; process = next_process(process)) {
        if (id_of(process) == GetCurrentProcessId()) {
            continue;
        }
        printf("%lu\t%.*ls\n", id_of(process), (int)(process->ImageName.Length / sizeof(wchar_t)),
               process->ImageName.Buffer ? process->ImageName.Buffer : L"");
    }
}

void look_for_pipes(void) {
    char line[100];
    while (read_line(line, sizeof(line))) {
        wchar_t name[100];
        swprintf(name, 100, L"%hs", line);
        HANDLE pipe = CreateFileW(name, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe != INVALID_HANDLE_VALUE || GetLastError() != ERROR_FILE_NOT_FOUND) {
            printf("%s\n", line);
        }
        if (pipe != INVALID_HANDLE_VALUE) {
            CloseHandle(pipe);
        }
    }
}
