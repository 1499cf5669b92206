/* Files that sbx keeps for the user: private to him, replaced whole or not at all, changed under a lock. */
#ifndef SBX_BROKER_STATE_STATE_H
#define SBX_BROKER_STATE_STATE_H

#include "broker/base/nt.h"

#include <stdbool.h>
#include <stddef.h>

/* The directory of sbx's state, created if need be with a DACL for the user and SYSTEM (no inheritance, and
 * FILE_DELETE_CHILD for nobody): full DOS path, `path` of at least MAX_PATH units. Environment variable LOCALAPPDATA,
 * else the known folder. Returns false with a message. */
bool state_directory(wchar_t *path, size_t units) __attribute__((warn_unused_result));

/* "<state directory>\name" into `path`. Makes the directory (see state_directory). Returns false with a message. */
bool state_path(const wchar_t *name, wchar_t *path, size_t units) __attribute__((warn_unused_result));

/* Makes the directory `path` private to the user and SYSTEM, as the state directory is. One that is
 * there already is taken only when it is a plain directory that the user owns; it is then made private. Returns false
 * without a message. */
bool state_private_directory(const wchar_t *path) __attribute__((warn_unused_result));

/* Takes the lock file `name` of the state directory, waiting up to `wait_ms`. NULL with a message when it stays taken.
 * Released by CloseHandle, or by the end of the process. */
HANDLE state_lock(const wchar_t *name, DWORD wait_ms) __attribute__((warn_unused_result));

/* The whole of the file at `path` with a NUL behind it: malloc'ed, owned by the caller, `*size` without the NUL. NULL
 * and a Win32 error in *error (ERROR_FILE_TOO_LARGE above `limit` bytes) on failure. */
char *state_read(const wchar_t *path, size_t limit, size_t *size, DWORD *error);

/* Puts `size` bytes in place of what is at `path`: a new file beside it that only the user can read, flushed, then
 * renamed over it. Readers see the old file or the new one. Returns a Win32 error, 0 for success. */
DWORD state_write(const wchar_t *path, const char *bytes, size_t size) __attribute__((warn_unused_result));

#endif
