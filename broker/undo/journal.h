/* The journal of a run's undo, and the quota that its lines and kept files share. */
#ifndef SBX_BROKER_UNDO_JOURNAL_H
#define SBX_BROKER_UNDO_JOURNAL_H

#include "broker/undo/store.h"

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

/* Takes `bytes` of the quota; false when there is not so much left. */
bool undo_charge(struct undo *undo, ULONGLONG bytes) __attribute__((warn_unused_result));

/* Gives `bytes` back: what they were for did not happen. */
void undo_refund(struct undo *undo, ULONGLONG bytes);

/* Makes the journal file in the first store and writes its head. Returns false after a message. */
bool undo_open_journal(struct undo *undo, const struct undo_settings *settings) __attribute__((warn_unused_result));

/* Writes the last line and closes the file to further lines; the handle itself stays open for the caller. */
void undo_end_journal(struct undo *undo);

#endif
