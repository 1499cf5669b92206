#include "broker/undo/restore.h"

#include "broker/base/msg.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/undo/put.h"

#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The roots of the run, each opened and found to be the directory that its path says: a program may have put a junction
 * in its place since. */
static bool open_roots(const struct undo_run *run, struct root_set *set) {
    for (size_t i = 0; i < run->root_count && set->root_count < ROOT_SET_MAX_ROOTS; i++) {
        wchar_t *final;
        DWORD error;
        struct object_name *name = malloc(sizeof(*name));
        struct root *root = &set->roots[set->root_count];
        HANDLE handle = path_open(run->roots[i], FILE_LIST_DIRECTORY | FILE_TRAVERSE, &final, &error);
        if (!handle || _wcsicmp(final, run->roots[i]) != 0 || !name || !NT_SUCCESS(object_query_name(handle, name))) {
            msg_warn("the root %ls is not what it was; nothing is put back there", run->roots[i]);
            if (handle) {
                CloseHandle(handle);
            }
            free(final);
            free(name);
            continue;
        }
        root->dos_path = final;
        root->handle = handle;
        root->name = name->name; /* lives in `name` until the process ends */
        set->root_names[set->root_count++] = name->name;
    }
    return set->root_count > 0;
}

static void open_stores(struct undo_putting *putting, const struct undo_run *run) {
    putting->stores = calloc(run->store_count, sizeof(*putting->stores));
    for (size_t i = 0; putting->stores && i < run->store_count; i++) {
        wchar_t *final;
        DWORD error;
        HANDLE handle = path_open(run->stores[i], FILE_LIST_DIRECTORY | FILE_TRAVERSE, &final, &error);
        if (handle && _wcsicmp(final, run->stores[i]) != 0) {
            CloseHandle(handle);
            handle = NULL;
        }
        if (!handle) {
            msg_warn("the store %ls cannot be opened; what is kept there is not put back", run->stores[i]);
        }
        putting->stores[i].path = run->stores[i];
        putting->stores[i].directory = handle;
        free(final);
    }
}

static bool begin_own_run(const struct undo_run *run, const struct root_set *set, struct undo **undo) {
    wchar_t id[20], command[64];
    ULONG random[2];
    if (BCryptGenRandom(NULL, (PUCHAR)random, sizeof(random), BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0) {
        msg_error("the system gives no random numbers");
        return false;
    }
    (void)swprintf(id, 20, L"%08lx%08lx", random[0], random[1]);
    (void)swprintf(command, 64, L"sbx undo restore %ls", run->id);
    struct undo_settings settings = {
        .id = id, .command = command, .quota_mib = UNDO_QUOTA_MIB, .required = true, .prune = false};
    return undo_begin(set, &settings, undo);
}

/* Before anything is changed: which directories did somebody change after the run? Their times stay. */
static void look_at_times(struct undo_putting *putting) {
    for (size_t i = 0; i < putting->plan->time_count; i++) {
        struct undo_times *times = &putting->plan->times[i];
        times->newer = undo_is_newer(putting, times->origin);
    }
}

static bool times_are_wanted(const struct undo_putting *putting, const wchar_t *path) {
    const struct undo_wish *wish = putting->wish;
    bool wanted = !wish->path_count;
    for (size_t i = 0; i < wish->path_count; i++) {
        wanted = wanted || undo_path_below(path, wish->paths[i]);
    }
    return wanted;
}

/* Last of all, since each object that is put into a directory changes the directory's times. */
static void put_times(struct undo_putting *putting) {
    const struct undo_plan *plan = putting->plan;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].done && !plan->items[i].live && plan->items[i].record->kind == UNDO_DIRECTORY) {
            undo_put_basic(putting, plan->items[i].current, &plan->items[i].record->basic);
        }
    }
    for (size_t i = 0; i < plan->time_count; i++) {
        if (!plan->times[i].newer && times_are_wanted(putting, plan->times[i].origin)) {
            undo_put_basic(putting, plan->times[i].origin, &plan->times[i].record->basic);
        }
    }
}

/* Some objects stand where others are to go: as long as one round puts something back, another one may. Where they only
 * wait for each other, one of them steps aside. */
static void put_all(struct undo_putting *putting) {
    struct undo_plan *plan = putting->plan;
    for (bool again = true; again;) {
        struct undo_item *waiting = NULL;
        again = false;
        for (size_t i = 0; i < plan->count; i++) {
            struct undo_item *item = &plan->items[i];
            if (!item->wanted || item->done) {
                continue;
            }
            enum undo_put put = undo_put(putting, item);
            if (put == UNDO_PUT_WAITS) {
                waiting = item;
                continue;
            }
            item->done = put == UNDO_PUT_DONE;
            item->wanted = put == UNDO_PUT_DONE;
            putting->result->restored += put == UNDO_PUT_DONE;
            putting->result->failed += put == UNDO_PUT_FAILED;
            again = true;
        }
        if (waiting && !again) {
            again = undo_step_aside(putting, waiting);
            if (!again) {
                msg_warn("%ls is not put back: what is there could not step aside", waiting->origin);
                waiting->wanted = false;
                putting->result->failed++;
                again = true;
            }
        }
    }
}

static void close_all(struct undo_putting *putting, const struct undo_run *run) {
    for (size_t i = 0; putting->stores && i < run->store_count; i++) {
        if (putting->stores[i].directory) {
            CloseHandle(putting->stores[i].directory);
        }
    }
    free(putting->stores);
    for (size_t i = 0; i < putting->set.root_count; i++) {
        CloseHandle(putting->set.roots[i].handle);
        free(putting->set.roots[i].dos_path);
    }
}

bool undo_restore(const struct undo_run *run, const struct undo_wish *wish, struct undo_result *result) {
    static struct undo_putting putting;
    struct undo_plan plan;
    memset(result, 0, sizeof(*result));
    memset(&putting, 0, sizeof(putting));
    putting.run = run;
    putting.wish = wish;
    putting.plan = &plan;
    putting.result = result;
    bool ok = undo_plan_make(run, &plan) && undo_plan_select(&plan, wish->paths, wish->path_count, wish->all);
    if (!ok) {
        msg_error("out of memory");
    } else if (!open_roots(run, &putting.set)) {
        msg_error("none of the roots of run %ls is there any more; nothing is put back", run->id);
        ok = false;
    }
    if (ok && begin_own_run(run, &putting.set, &putting.undo)) {
        open_stores(&putting, run);
        look_at_times(&putting);
        put_all(&putting);
        put_times(&putting);
        undo_end(putting.undo, false);
    } else {
        ok = false;
    }
    for (size_t i = 0; i < plan.count; i++) {
        result->born += plan.items[i].born && !plan.items[i].done && !plan.items[i].live;
    }
    close_all(&putting, run);
    putting.plan = NULL;
    undo_plan_free(&plan);
    return ok;
}
