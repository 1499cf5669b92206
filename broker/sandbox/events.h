/* What happened in a run: one JSON object a line for each brokered operation and each refusal, and the summary on exit.
 */
#ifndef SBX_BROKER_SANDBOX_EVENTS_H
#define SBX_BROKER_SANDBOX_EVENTS_H

#include "broker/sandbox/sandbox.h"

#include <stdbool.h>

struct event {
    uint32_t op;
    DWORD pid;
    struct policy_name subject; /* kernel names; empty when unknown */
    struct policy_name target;
    NTSTATUS status;
    enum policy_verdict verdict;
    ULONG information;
    LONGLONG microseconds;
};

/* Opens `path` for appending (NULL for none) and remembers the run's id for the lines. Returns a Win32 error. */
DWORD events_open(const wchar_t *path, const wchar_t *run_id);

/* Writes the event and keeps a refusal for the summary. Any thread. */
void events_record(const struct sandbox *sandbox, const struct event *event);

/* What the system denied, as process `pid` tells of it when it ends: a change outside the roots (POLICY_OUTSIDE), or
 * reading what is hidden (POLICY_HIDDEN). `name` is an NT path and may be anything. Kept for the summary and written as
 * an event. Any thread. */
void events_denied(const struct sandbox *sandbox, DWORD pid, struct policy_name name, enum policy_verdict verdict);

/* A line about a child that runs without the shim; said once. */
void events_no_shim(void);

/* The short summary on stderr: replaced, deleted, renamed, and each refusal once with path, rule and the writable
 * roots. */
void events_summary(const struct sandbox *sandbox);

/* The last line of a run that a program controls: its exit code, whether that is one of sbx's own (`failed`), and
 * whether the run was `stopped` through the control pipe. */
void events_ended(int code, bool failed, bool stopped);

void events_close(void);

#endif
