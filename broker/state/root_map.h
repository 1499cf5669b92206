/* Writable roots and their capability SIDs: the JSON map %LOCALAPPDATA%\sbx\cap_sid.json.
 *
 * One capability SID (see sid_new) per root path, stable over runs; a path in both maps has one SID.
 * The file is {"version":1,"workspace":SID,"workspace_by_cwd":{PATH:SID},"writable_root_by_path":{PATH:SID}}; keys are
 * full DOS paths in the spelling of the disk, compared without case. It is read and written under a lock file (held
 * exclusively), written to a temporary file, flushed and renamed, with a DACL for the user alone. A file that does not
 * parse, has a wrong type anywhere or a SID that sbx did not make (a user's SID there would undo the sandbox) is set
 * aside as cap_sid.json.broken-<time> with one message and never overwritten; one of a later version is an error.
 * Entries whose directory is gone, on a volume that is there, are dropped when a new one is added. */
#ifndef SBX_BROKER_STATE_ROOT_MAP_H
#define SBX_BROKER_STATE_ROOT_MAP_H

#include "broker/base/nt.h"

#include <stdbool.h>

enum root_kind { ROOT_WORKSPACE, ROOT_ADDED, ROOT_TEMP };

/* The SID for `path` (a full DOS path, final spelling), looked up or made and stored. *sid is LocalAlloc'ed, owned by
 * the caller. Returns false with one message on stderr. ROOT_TEMP: a new random SID that is not stored. */
bool roots_sid_for(const wchar_t *path, enum root_kind kind, PSID *sid) __attribute__((warn_unused_result));

/* Every stored (path, sid) pair, in the file's order; stops when `visit` returns false. False when not all were
 * visited: a list that ends early must not be taken for the whole. */
bool roots_each(bool (*visit)(void *context, const wchar_t *path, PSID sid), void *context)
    __attribute__((warn_unused_result));

/* Forgets `path`. Returns false with a message; a path that is not there is no error. */
bool roots_forget(const wchar_t *path) __attribute__((warn_unused_result));

#endif
