/* Paths that a person gives to a command of sbx (never a path from a sandboxed program: those are judged by place.h).
 */
#ifndef SBX_BROKER_OBJECT_PATH_H
#define SBX_BROKER_OBJECT_PATH_H

#include "broker/base/nt.h"

#include <stdbool.h>

/* Opens the file or directory at `path`, following links, and gives its full DOS path in the disk's spelling, without a
 * trailing backslash but for a drive's root: malloc'ed, owned by the caller. Returns NULL with the Win32 error in
 * *error. */
HANDLE path_open(const wchar_t *path, ACCESS_MASK access, wchar_t **final, DWORD *error)
    __attribute__((warn_unused_result));

/* The full DOS path of an open file or directory, in the same form: malloc'ed, owned by the caller; NULL when the
 * system gives none, with the error in GetLastError(). */
wchar_t *path_of_handle(HANDLE handle);

/* `path` made full and without trailing backslashes, whether it exists or not: malloc'ed; NULL when it cannot be. */
wchar_t *path_full(const wchar_t *path);

/* Is `path` equal to `top` or below it? Both full and in the disk's spelling; compared without case. */
bool path_below(const wchar_t *path, const wchar_t *top) __attribute__((warn_unused_result));

/* Are these the same path? As path_below compares. */
bool path_equal(const wchar_t *one, const wchar_t *other) __attribute__((warn_unused_result));

/* `path` without a leading "\\\\?\\" where a drive follows: a pointer into it. */
const wchar_t *path_plain(const wchar_t *path);

/* Does the filesystem behind `handle` keep DACLs? */
bool path_has_acls(HANDLE handle) __attribute__((warn_unused_result));

#endif
