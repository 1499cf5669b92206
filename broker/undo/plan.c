#include "broker/undo/plan.h"

#include "broker/object/path.h"

#include <stdlib.h>
#include <string.h>

bool undo_path_below(const wchar_t *path, const wchar_t *top) { return path_below(path, top); }

static long index_of(const json_t *map, const wchar_t *path, size_t units) {
    char *key = undo_path_key(path, units);
    const json_t *value = key ? json_object_get(map, key) : NULL;
    long index = value ? (long)json_integer_value(value) : -1;
    free(key);
    return index;
}

static bool set_index(json_t *map, const wchar_t *path, size_t index) {
    char *key = undo_path_key(path, wcslen(path));
    bool ok = key && !json_object_set_new(map, key, json_integer((json_int_t)index));
    free(key);
    return ok;
}

static void drop_index(json_t *map, const wchar_t *path) {
    char *key = undo_path_key(path, wcslen(path));
    if (key) {
        json_object_del(map, key);
    }
    free(key);
}

/* `top` and `rest` (with its separator, or empty) as one path, malloc'ed. */
static wchar_t *join(const wchar_t *top, const wchar_t *rest) {
    size_t units = wcslen(top);
    wchar_t *path = malloc((units + wcslen(rest) + 1) * sizeof(*path));
    if (path) {
        memcpy(path, top, units * sizeof(*path));
        wcscpy(path + units, rest);
    }
    return path;
}

/* Where what is now at `path` was when the run began: the innermost directory on the way that was renamed decides. */
static wchar_t *translate_back(const struct undo_plan *plan, const wchar_t *path, bool *born) {
    for (size_t end = wcslen(path); end-- > 0;) {
        long index = path[end] == L'\\' ? index_of(plan->live, path, end) : -1;
        if (index >= 0 && plan->items[index].origin) {
            *born = *born || plan->items[index].born;
            return join(plan->items[index].origin, path + end);
        }
    }
    return _wcsdup(path);
}

static bool is_new(const struct undo_plan *plan, const struct undo_run *run, const struct undo_item *item,
                   const struct undo_record *record) {
    /* Another object of this path was lost before: what is lost now took its place. */
    if (index_of(plan->origins, item->origin, wcslen(item->origin)) >= 0) {
        return true;
    }
    /* On Wine the creation time of a directory is the time of the last change in it; on Windows it never changes. */
    long touched = index_of(plan->touched, item->origin, wcslen(item->origin));
    const struct undo_record *first = touched >= 0 ? plan->times[touched].record : NULL;
    const FILE_BASIC_INFORMATION *basic = first ? &first->basic : &record->basic;
    return (ULONGLONG)basic->CreationTime.QuadPart >= run->begun;
}

/* The item that is at the record's path, a new one when the journal has not named it yet. */
static struct undo_item *item_at(struct undo_plan *plan, const struct undo_run *run, const struct undo_record *record) {
    long index = index_of(plan->live, record->path, wcslen(record->path));
    if (index >= 0) {
        return &plan->items[index];
    }
    struct undo_item *item = &plan->items[plan->count];
    memset(item, 0, sizeof(*item));
    item->origin = translate_back(plan, record->path, &item->born);
    item->current = _wcsdup(record->path);
    if (!item->origin || !item->current) {
        free(item->origin);
        free(item->current);
        return NULL;
    }
    item->born = is_new(plan, run, item, record) || item->born;
    if (index_of(plan->origins, item->origin, wcslen(item->origin)) < 0 &&
        !set_index(plan->origins, item->origin, plan->count)) {
        free(item->origin);
        free(item->current);
        return NULL;
    }
    plan->count++;
    return item;
}

bool undo_plan_moved(struct undo_plan *plan, const wchar_t *from, const wchar_t *to) {
    size_t units = wcslen(from);
    for (size_t i = 0; i < plan->count; i++) {
        struct undo_item *item = &plan->items[i];
        if (wcslen(item->current) <= units || !undo_path_below(item->current, from)) {
            continue;
        }
        wchar_t *current = join(to, item->current + units);
        if (!current) {
            return false;
        }
        if (item->live) {
            drop_index(plan->live, item->current);
            if (!set_index(plan->live, current, i)) {
                free(current);
                return false;
            }
        }
        free(item->current);
        item->current = current;
    }
    return true;
}

static bool follow_move(struct undo_plan *plan, struct undo_item *item, const struct undo_record *record) {
    wchar_t *to = _wcsdup(record->to);
    if (!to || (record->kind == UNDO_DIRECTORY && !undo_plan_moved(plan, record->path, record->to))) {
        free(to);
        return false;
    }
    drop_index(plan->live, item->current);
    free(item->current);
    item->current = to;
    item->live = true;
    item->record = record;
    return set_index(plan->live, to, (size_t)(item - plan->items));
}

static bool follow_touch(struct undo_plan *plan, const struct undo_record *record) {
    bool born = false;
    wchar_t *origin = translate_back(plan, record->path, &born);
    long self = index_of(plan->live, record->path, wcslen(record->path));
    if (origin && self >= 0) {
        free(origin);
        origin = _wcsdup(plan->items[self].origin);
    }
    if (!origin) {
        return false;
    }
    if (index_of(plan->touched, origin, wcslen(origin)) >= 0) {
        free(origin);
        return true;
    }
    plan->times[plan->time_count].origin = origin;
    plan->times[plan->time_count].record = record;
    plan->times[plan->time_count].newer = false;
    return set_index(plan->touched, origin, plan->time_count++);
}

bool undo_plan_make(const struct undo_run *run, struct undo_plan *plan) {
    memset(plan, 0, sizeof(*plan));
    plan->items = calloc(run->record_count + 1, sizeof(*plan->items));
    plan->times = calloc(run->record_count + 1, sizeof(*plan->times));
    plan->live = json_object();
    plan->origins = json_object();
    plan->touched = json_object();
    bool ok = plan->items && plan->times && plan->live && plan->origins && plan->touched;
    for (size_t i = 0; ok && i < run->record_count; i++) {
        const struct undo_record *record = &run->records[i];
        if (record->type == UNDO_TOUCHED) {
            ok = follow_touch(plan, record);
            continue;
        }
        struct undo_item *item = item_at(plan, run, record);
        if (!item) {
            return false;
        }
        if (record->type == UNDO_MOVED) {
            ok = follow_move(plan, item, record);
        } else {
            drop_index(plan->live, item->current);
            item->live = false;
            item->record = record;
        }
    }
    return ok;
}

void undo_plan_free(struct undo_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->items[i].origin);
        free(plan->items[i].current);
    }
    for (size_t i = 0; i < plan->time_count; i++) {
        free(plan->times[i].origin);
    }
    free(plan->items);
    free(plan->times);
    json_decref(plan->live);
    json_decref(plan->origins);
    json_decref(plan->touched);
    memset(plan, 0, sizeof(*plan));
}

static bool is_wanted(const struct undo_item *item, wchar_t *const *paths, size_t count, bool all) {
    bool matches = !count, named = false;
    for (size_t i = 0; i < count; i++) {
        matches = matches || undo_path_below(item->origin, paths[i]) || undo_path_below(item->current, paths[i]);
        named = named || !_wcsicmp(item->origin, paths[i]) || !_wcsicmp(item->current, paths[i]);
    }
    return matches && (!item->born || all || named) &&
           /* What was renamed and is back, or was renamed by a change of case alone. */
           !(item->live && !wcscmp(item->origin, item->current));
}

static void want_directories_above(struct undo_plan *plan, const wchar_t *path) {
    for (size_t end = wcslen(path); end-- > 0;) {
        long index = path[end] == L'\\' ? index_of(plan->origins, path, end) : -1;
        if (index >= 0 && !plan->items[index].live && plan->items[index].record->kind == UNDO_DIRECTORY) {
            plan->items[index].wanted = true;
        }
    }
}

static int by_origin(const void *one, const void *other) {
    const struct undo_item *a = one, *b = other;
    int order = wcscmp(a->origin, b->origin);
    return order ? order : a->born - b->born;
}

bool undo_plan_select(struct undo_plan *plan, wchar_t *const *paths, size_t count, bool all) {
    for (size_t i = 0; i < plan->count; i++) {
        plan->items[i].wanted = is_wanted(&plan->items[i], paths, count, all);
    }
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].wanted) {
            want_directories_above(plan, plan->items[i].origin);
        }
    }
    qsort(plan->items, plan->count, sizeof(*plan->items), by_origin);
    /* The indexes are of the new order; a path's first item is the one that was there when the run began. */
    bool ok = !json_object_clear(plan->live);
    for (size_t i = 0; ok && i < plan->count; i++) {
        ok = !plan->items[i].live || set_index(plan->live, plan->items[i].current, i);
    }
    return ok && !json_object_clear(plan->origins);
}
