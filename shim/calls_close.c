/* NtClose, NtDuplicateObject and NtTerminateProcess: the ways in which a handle ends. A deletion that the broker holds
 * happens then. Where nothing is held they cost the look at one number. */
#include "calls.h"
#include "client.h"
#include "held.h"

#define MAX_HELD 64u

static volatile LONG count;
static PVOID volatile held[MAX_HELD];

static void let_go(HANDLE file) {
    struct sbx_request request = {.op = SBX_OP_DELETE};
    struct sbx_reply reply;
    request.u.del.handle = (uint64_t)(uintptr_t)file;
    request.u.del.info_class = SBX_DELETE_LET_GO;
    client_call(&request, &reply);
}

bool held_has(HANDLE file) {
    for (unsigned i = 0; count && i < MAX_HELD; i++) {
        if (held[i] == file) {
            return true;
        }
    }
    return false;
}

void held_add(HANDLE file) {
    if (held_has(file)) {
        return;
    }
    for (unsigned i = 0; i < MAX_HELD; i++) {
        if (!held[i] && !InterlockedCompareExchangePointer(&held[i], file, NULL)) {
            InterlockedIncrement(&count);
            return;
        }
    }
    let_go(file);
}

static bool taken(HANDLE file) {
    for (unsigned i = 0; i < MAX_HELD; i++) {
        if (held[i] == file && InterlockedCompareExchangePointer(&held[i], NULL, file) == file) {
            InterlockedDecrement(&count);
            return true;
        }
    }
    return false;
}

void held_remove(HANDLE file) { taken(file); }

NTSTATUS NTAPI shim_close(HANDLE handle) {
    if (count && handle && taken(handle)) {
        let_go(handle);
    }
    return originals.close(handle);
}

/* DUPLICATE_CLOSE_SOURCE closes the handle of the source process, whatever becomes of the copy. */
NTSTATUS NTAPI shim_duplicate_object(HANDLE from, HANDLE handle, HANDLE to, PHANDLE copy, ACCESS_MASK access,
                                     ULONG attributes, ULONG options) {
    NTSTATUS status = originals.duplicate_object(from, handle, to, copy, access, attributes, options);
    if (count && (options & DUPLICATE_CLOSE_SOURCE) && from == GetCurrentProcess() && taken(handle)) {
        let_go(handle);
    }
    return status;
}

static void let_go_of_all(void) {
    for (unsigned i = 0; count && i < MAX_HELD; i++) {
        HANDLE file = held[i];
        if (file && taken(file)) {
            let_go(file);
        }
    }
}

/* Whoever waits for the process finds what it deleted gone. */
NTSTATUS NTAPI shim_terminate_process(HANDLE process, NTSTATUS code) {
    if (process == GetCurrentProcess()) {
        let_go_of_all();
    }
    NTSTATUS status = originals.terminate_process(process, code);
    if (process && process != GetCurrentProcess() && NT_SUCCESS(status)) {
        struct sbx_request request = {.op = SBX_OP_ENDED};
        struct sbx_reply reply;
        request.u.ended.process = (uint64_t)(uintptr_t)process;
        client_call(&request, &reply);
    }
    return status;
}
