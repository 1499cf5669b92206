/* NtClose: a deletion that the broker holds happens when the program closes its handle. All other closes cost the look
 * at one number. */
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
