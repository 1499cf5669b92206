/* The shim into a process that was created suspended. */
#ifndef SBX_BROKER_RUN_INJECT_H
#define SBX_BROKER_RUN_INJECT_H

#include "broker/sandbox/sandbox.h"
#include "proto/settings.h"

/* Builds the settings block (proto/settings.h) for `sandbox` in `block` of SBX_SETTINGS_SIZE bytes. Returns false when
 * the roots' paths do not fit. */
bool inject_settings(const struct sandbox *sandbox, const wchar_t *pipe_path, const wchar_t *shim_path, BYTE *block)
    __attribute__((warn_unused_result));

/* Writes the block into `process` and queues LoadLibraryW(shim) to its first thread, which runs before the program's
 * first instruction. Returns a Win32 error; ERROR_BAD_EXE_FORMAT for a process that cannot take the (64-bit) shim. */
DWORD inject_shim(HANDLE process, HANDLE thread, const BYTE *block) __attribute__((warn_unused_result));

#endif
