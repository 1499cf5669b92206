/* Putting one object back. */
#ifndef SBX_BROKER_UNDO_PUT_H
#define SBX_BROKER_UNDO_PUT_H

#include "broker/undo/restore.h"
#include "broker/undo/store.h"

struct undo_putting {
    const struct undo_run *run;
    const struct undo_wish *wish;
    struct undo_plan *plan;
    struct undo_result *result;
    struct root_set set;       /* the run's roots */
    struct undo *undo;         /* what makes way is kept here */
    struct undo_store *stores; /* the run's; directory is NULL for one that is not there */
    unsigned long aside;       /* objects that stepped aside so far */
};

enum undo_put {
    UNDO_PUT_DONE,
    UNDO_PUT_WAITS, /* something that is to be put elsewhere stands in its place */
    UNDO_PUT_FAILED /* and why was said */
};

enum undo_put undo_put(struct undo_putting *putting, struct undo_item *item);

/* Gives what stands in the place of `item` another name beside it for the time being. */
bool undo_step_aside(struct undo_putting *putting, const struct undo_item *item);

/* Was what is at `path` made or changed after the run? False when nothing is there. */
bool undo_is_newer(struct undo_putting *putting, const wchar_t *path);

/* Sets times and attributes of what is at `path`. */
void undo_put_basic(struct undo_putting *putting, const wchar_t *path, const FILE_BASIC_INFORMATION *basic);

#endif
