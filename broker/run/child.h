/* The program's process. */
#ifndef SBX_BROKER_RUN_CHILD_H
#define SBX_BROKER_RUN_CHILD_H

#include "broker/sandbox/sandbox.h"

/* Starts the program in `job` and waits for it. Returns 0 and its exit code in *code, or sbx's own exit code after a
 * message. */
struct run_child {
    const wchar_t *program;
    wchar_t *command_line;
    const wchar_t *temp;    /* TEMP and TMP of the child */
    const wchar_t *id;      /* of the run */
    const BYTE *shim_block; /* NULL without --broker */
    HANDLE token;
};
int run_child_start(struct sandbox *sandbox, const struct run_child *child, PROCESS_INFORMATION *process);

#endif
