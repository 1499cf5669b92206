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

struct undo {
    SRWLOCK lock; /* journal, touched, used */
    const struct root_set *set;
    wchar_t *id;
    HANDLE journal;
    json_t *touched; /* directories whose times are written down already, by key */
    size_t touched_bytes;
    struct undo_store stores[ROOT_SET_MAX_ROOTS + 1];
    size_t store_count;
    size_t store_of[ROOT_SET_MAX_ROOTS]; /* of each root */
    ULONGLONG quota, used;               /* bytes */
    ULONGLONG written;                   /* bytes of the journal */
    ULONGLONG flushed;                   /* tick count */
    bool required;
    volatile LONG next; /* number of the last record */
    volatile LONG kept, moved, not_kept;
};

/* Appends one line. Returns false, and counts it as not kept, when it cannot be written or the quota is used up. */
bool undo_append(struct undo *undo, const struct undo_record *record) __attribute__((warn_unused_result));

/* Writes the times of the directory at `path` (`units` long, in `root`) into the journal, the first time it is called
 * for it: before the run changes what is in the directory. */
void undo_touch(struct undo *undo, const wchar_t *path, size_t units, size_t root);

/* Takes `bytes` of the quota; false when there is not so much left. */
bool undo_charge(struct undo *undo, ULONGLONG bytes) __attribute__((warn_unused_result));

/* Gives `bytes` back: what they were for did not happen. */
void undo_refund(struct undo *undo, ULONGLONG bytes);

/* The name of kept file `number`. */
struct undo_leaf {
    wchar_t text[16];
    struct policy_name name;
};
void undo_leaf(unsigned long number, struct undo_leaf *leaf);

/* Gives `object` the name `leaf` in `directory` (class 10, rename, or 11, link), replacing nothing. */
NTSTATUS undo_set_name(HANDLE object, HANDLE directory, struct policy_name leaf, ULONG info_class)
    __attribute__((warn_unused_result));

/* Deletes the name of an object that was opened with DELETE, read-only or not. */
NTSTATUS undo_delete_name(HANDLE object) __attribute__((warn_unused_result));

/* Deletes kept file `number`. */
void undo_discard(const struct undo_store *store, unsigned long number);

/* Copies content (the unnamed stream) between two open files. Returns a Win32 error: ERROR_FILE_TOO_LARGE when there
 * are more than `most` bytes, of which none more is copied. */
DWORD undo_copy_bytes(HANDLE from, HANDLE to, ULONGLONG most) __attribute__((warn_unused_result));

/* "<state directory>\undo", made when it is not there. */
bool undo_base(wchar_t *path, size_t units) __attribute__((warn_unused_result));

#endif
