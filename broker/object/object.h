/* Open objects: their kernel names, opening them again by handle, opening below a handle. No path-taking call is made
 * here. */
#ifndef SBX_BROKER_OBJECT_OBJECT_H
#define SBX_BROKER_OBJECT_OBJECT_H

#include "broker/base/nt.h"
#include "broker/policy/policy.h"

#include <stdbool.h>
#include <stdint.h>

/* Every open of the broker: never following a reparse point, never waiting for an oplock holder. */
#define OBJECT_OPTIONS (FILE_OPEN_REPARSE_POINT | FILE_COMPLETE_IF_OPLOCKED)

/* A name as the kernel gives it for a handle, with room for the longest one. */
struct object_name {
    struct policy_name name; /* points into storage */
    uint64_t storage[(65536 + 64) / sizeof(uint64_t)];
};

struct object_facts {
    bool directory;
    bool reparse_point;
    ULONG attributes;
    ULONG links;
};

/* The kernel's name of `handle` (NtQueryObject): the resolved path with its volume, without 8.3 names where the file
 * system gives the normalized name. Ask it of the broker's own file
 * objects only: on a synchronous file object of the child the query waits for whatever the child has pending. Returns
 * an NTSTATUS. */
NTSTATUS object_query_name(HANDLE handle, struct object_name *name) __attribute__((warn_unused_result));

/* Puts `normalized` in the place of `opened`, which is the end of `name` and its path within the volume. Returns false,
 * with nothing changed, when it is not, or there is no room. */
bool object_replace_end(struct object_name *name, struct policy_name opened, struct policy_name normalized)
    __attribute__((warn_unused_result));

/* Appends "\leaf" to `name`. STATUS_NAME_TOO_LONG when there is no room. */
NTSTATUS object_append(struct object_name *name, struct policy_name leaf) __attribute__((warn_unused_result));

/* Is it a file on a disk or network file system (no pipe, no other device), and what kind? Own file objects only. */
NTSTATUS object_query_facts(HANDLE handle, struct object_facts *facts) __attribute__((warn_unused_result));

/* 64-bit file id. */
NTSTATUS object_query_id(HANDLE handle, ULONGLONG *id) __attribute__((warn_unused_result));

/* Takes `value` out of `process`: a duplicate with the same rights, known to be a File object. The caller closes it
 * with NtClose. STATUS_INVALID_HANDLE or STATUS_OBJECT_TYPE_MISMATCH otherwise. */
NTSTATUS object_take(HANDLE process, uint64_t value, HANDLE *handle) __attribute__((warn_unused_result));

/* `access` with its generic bits as the rights of a file that they stand for. */
ACCESS_MASK object_map_generic(ACCESS_MASK access) __attribute__((warn_unused_result));

/* Was `handle` opened with all of `access`? */
bool object_has_access(HANDLE handle, ACCESS_MASK access) __attribute__((warn_unused_result));

/* Another handle to the same file object, with the same rights: NULL when there is none to be had. */
HANDLE object_duplicate(HANDLE handle) __attribute__((warn_unused_result));

/* Opens the object behind `handle` once more (RootDirectory = handle, empty name), with a file object of its own. */
NTSTATUS object_reopen(HANDLE handle, ACCESS_MASK access, ULONG options, HANDLE *again)
    __attribute__((warn_unused_result));

/* Opens an existing object below `directory`. A reparse point on the way ends in STATUS_REPARSE_POINT_ENCOUNTERED. */
NTSTATUS object_open_below(HANDLE directory, struct policy_name path, ACCESS_MASK access, ULONG options, HANDLE *object)
    __attribute__((warn_unused_result));

/* NtCreateFile below `directory` by a single checked leaf (or of `directory` itself with an empty one). The options are
 * the caller's: without FILE_SYNCHRONOUS_IO_NONALERT the file object is an asynchronous one. */
struct object_create {
    ACCESS_MASK access;
    ULONG attributes;
    ULONG share;
    ULONG disposition;
    ULONG options;
};
NTSTATUS object_create_leaf(HANDLE directory, struct policy_name leaf, const struct object_create *how, HANDLE *object,
                            ULONG_PTR *information) __attribute__((warn_unused_result));

/* Gives `object` the name `leaf` in `directory` by a rename or link class (10, 11, 65, 72) with its flags. Returns the
 * call's NTSTATUS, STATUS_NAME_TOO_LONG for a leaf over POLICY_LEAF_MAX. */
NTSTATUS object_set_name(HANDLE object, HANDLE directory, struct policy_name leaf, ULONG flags,
                         FILE_INFORMATION_CLASS info_class) __attribute__((warn_unused_result));

/* Deletes the name by which `object` was opened with DELETE, read-only or not: at once where the file system knows
 * POSIX semantics, else when the last handle closes. */
NTSTATUS object_delete_name(HANDLE object) __attribute__((warn_unused_result));

/* Are these handles of the same object? False when the system does not tell. */
bool object_same(HANDLE one, HANDLE other) __attribute__((warn_unused_result));

/* RtlUpcaseUnicodeChar for policy.c. */
uint16_t object_fold(uint16_t unit);

#endif
