/* What a journal comes to: for each object where it was when the run began, and where it is now. No file is touched. */
#ifndef SBX_BROKER_UNDO_PLAN_H
#define SBX_BROKER_UNDO_PLAN_H

#include "broker/undo/read.h"

struct undo_item {
    wchar_t *origin;                  /* path when the run began, as far as the journal says */
    wchar_t *current;                 /* path that it has, or had when it was lost */
    const struct undo_record *record; /* of the loss, or of the last move */
    bool live;                        /* not lost: only renamed */
    bool born;                        /* the run itself had made it */
    bool wanted;                      /* to be put back */
    bool done;
};

/* Times of a directory before the run changed what is in it. */
struct undo_times {
    wchar_t *origin;
    const struct undo_record *record;
    bool newer; /* changed after the run: stays */
};

struct undo_plan {
    struct undo_item *items;
    size_t count;
    struct undo_times *times;
    size_t time_count;
    json_t *live;    /* key of the current path -> index of a live item */
    json_t *origins; /* key of the origin -> index of the first item from there */
    json_t *touched; /* key of the origin -> index into times */
};

/* Follows the records of `run`, which must outlive the plan. Returns false when memory is short. Free with
 * undo_plan_free, also after a failure. */
bool undo_plan_make(const struct undo_run *run, struct undo_plan *plan) __attribute__((warn_unused_result));
void undo_plan_free(struct undo_plan *plan);

/* Marks what is wanted: what was or is at or below one of `paths` (all when count is 0), and the lost directories that
 * it stood in. What the run had made itself only with `all` or when it is named. Then sorts: what stands in a directory
 * comes after it. */
bool undo_plan_select(struct undo_plan *plan, wchar_t *const *paths, size_t count, bool all)
    __attribute__((warn_unused_result));

/* After the directory or file at `from` was renamed to `to`: everything below it has moved along. */
bool undo_plan_moved(struct undo_plan *plan, const wchar_t *from, const wchar_t *to)
    __attribute__((warn_unused_result));

/* Is `path` equal to `top` or below it? Without case. */
bool undo_path_below(const wchar_t *path, const wchar_t *top);

#endif
