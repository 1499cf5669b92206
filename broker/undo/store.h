/* Where undo keeps things: the directories, their journal and their numbers. Used by undo_*.c and cmd_undo.c alone. */
#ifndef SBX_BROKER_UNDO_STORE_H
#define SBX_BROKER_UNDO_STORE_H

#include "broker/undo/record.h"
#include "broker/undo/undo.h"

#define UNDO_PATH_UNITS (MAX_PATH + 320)
#define UNDO_JOURNAL L"journal"
#define UNDO_VERSION 1
/* The longest journal that is read. The lines that say what happened fill half of it at most; the rest is for those
 * that take something back, which are short and always written. */
#define UNDO_JOURNAL_LIMIT (1u << 30)

struct undo_store {
    wchar_t *path; /* of the run's directory on one volume */
    HANDLE directory;
};

/* The name of kept file `number`. */
struct undo_leaf {
    wchar_t text[16];
    struct policy_name name;
};
void undo_leaf(unsigned long number, struct undo_leaf *leaf);

/* Deletes kept file `number`. */
void undo_discard(const struct undo_store *store, unsigned long number);

/* Copies content (the unnamed stream) between two open files. Returns a Win32 error: ERROR_FILE_TOO_LARGE when there
 * are more than `most` bytes, of which none more is copied. */
DWORD undo_copy_bytes(HANDLE from, HANDLE to, ULONGLONG most) __attribute__((warn_unused_result));

/* "<state directory>\undo", made when it is not there. */
bool undo_base(wchar_t *path, size_t units) __attribute__((warn_unused_result));

#endif
