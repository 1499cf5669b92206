/* Writable roots and their capability SIDs: the JSON map %LOCALAPPDATA%\sbx\cap_sid.json.
 *
 * One capability SID (S-1-5-21-<four random u32>, made with the system's random generator) per root path, stable over runs.
 * The file is {"version":1,"workspace":SID,"workspace_by_cwd":{PATH:SID},"writable_root_by_path":{PATH:SID}}; keys are full
 * DOS paths in the spelling of the disk, compared without case. It is read and written under a lock file (held exclusively),
 * written to a temporary file, flushed and renamed, with a DACL for the user alone. A file that does not parse or has a wrong
 * type anywhere is set aside as cap_sid.json.broken-<time> with one message and never overwritten. Entries whose directory is
 * gone are dropped on a write only after acl entries cannot be there any more (the path does not exist). */
#ifndef SBX_BROKER_ROOTS_H
#define SBX_BROKER_ROOTS_H

#include <stdbool.h>
#include <windows.h>

enum root_kind { ROOT_WORKSPACE, ROOT_ADDED, ROOT_TEMP };

/* The directory of sbx's state, created if need be with a DACL for the user, SYSTEM (no inheritance): full DOS path,
 * `path` of at least MAX_PATH units. Environment variable LOCALAPPDATA, else the known folder. Returns false with a message. */
bool roots_state_dir(wchar_t *path, size_t units) __attribute__((warn_unused_result));

/* The SID for `path` (a full DOS path, final spelling), looked up or made and stored. *sid is LocalAlloc'ed, owned by the
 * caller. Returns false with one message on stderr. ROOT_TEMP: a new random SID that is not stored. */
bool roots_sid_for(const wchar_t *path, enum root_kind kind, PSID *sid) __attribute__((warn_unused_result));

/* Every stored (path, sid) pair, in the file's order; stops when `visit` returns false. */
bool roots_each(bool (*visit)(void *context, const wchar_t *path, PSID sid), void *context) __attribute__((warn_unused_result));

/* Forgets `path`. */
bool roots_forget(const wchar_t *path) __attribute__((warn_unused_result));

#endif
