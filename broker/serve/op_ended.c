/* The request that comes when a program ended another process: deletions that the broker holds for it happen before the
 * caller goes on, as they do on Windows when the process has ended. */
#include "broker/serve/held.h"
#include "broker/serve/ops.h"

struct outcome op_ended(struct client *client, const struct sbx_request *request) {
    HANDLE process;
    /* Any kind of object: one that is no process is none that something is held for. */
    NTSTATUS status = NtDuplicateObject(client->process, (HANDLE)(uintptr_t)request->u.ended.process,
                                        GetCurrentProcess(), &process, 0, 0, DUPLICATE_SAME_ACCESS);
    if (!NT_SUCCESS(status)) {
        return outcome_refused(POLICY_BAD_HANDLE);
    }
    held_end(client, process);
    NtClose(process);
    return outcome_status(STATUS_SUCCESS);
}
