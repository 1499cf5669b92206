/* `sbx undo`: the runs whose losses are kept, what they lost, putting it back, throwing it away. */
#include "broker/base/msg.h"
#include "broker/cmd/commands.h"
#include "broker/cmd/json.h"
#include "broker/object/path.h"
#include "broker/rights/token.h"
#include "broker/undo/prune.h"
#include "broker/undo/restore.h"

#include <stdlib.h>
#include <string.h>

#define EXIT_NOT_ALL 1
#define MAX_PATHS 64

enum { OPTION_JSON, OPTION_FORCE, OPTION_ALL };

const struct cli_option undo_options[] = {
    {L"--json", NULL, L"With list and show: one JSON object instead of text."},
    {L"--force", NULL, L"With restore: also over what was changed after the run. It is kept and can be put back."},
    {L"--all", NULL,
     L"With restore: also what the run itself had made. With prune: every run, not only those over the limits."},
    {NULL, NULL, NULL},
};

struct arguments {
    bool json, force, all;
    const wchar_t *verb, *run;
    wchar_t *paths[MAX_PATHS]; /* full, owned */
    size_t path_count;
};

static bool add_word(struct arguments *arguments, const wchar_t *word) {
    if (!arguments->verb) {
        arguments->verb = word;
    } else if (!arguments->run) {
        arguments->run = word;
    } else if (arguments->path_count == MAX_PATHS) {
        msg_error("at most %d paths at a time", MAX_PATHS);
        return false;
    } else {
        wchar_t *full = path_full(word);
        if (!full) {
            msg_error("%ls is not a path", word);
            return false;
        }
        arguments->paths[arguments->path_count++] = full;
    }
    return true;
}

static bool parse(int argc, wchar_t **argv, struct arguments *arguments) {
    int next = 0, option;
    const wchar_t *value;
    memset(arguments, 0, sizeof(*arguments));
    while ((option = cli_next(undo_options, argc, argv, &next, &value)) != CLI_END) {
        if (option == CLI_ERROR || (option == CLI_WORD && !add_word(arguments, value))) {
            return false;
        }
        arguments->json = arguments->json || option == OPTION_JSON;
        arguments->force = arguments->force || option == OPTION_FORCE;
        arguments->all = arguments->all || option == OPTION_ALL;
    }
    while (next < argc) {
        if (!add_word(arguments, argv[next++])) {
            return false;
        }
    }
    return true;
}

struct losses {
    unsigned long files, directories, renames, not_kept;
};

static struct losses count_losses(const struct undo_run *run) {
    struct losses losses = {0};
    for (size_t i = 0; i < run->record_count; i++) {
        const struct undo_record *record = &run->records[i];
        losses.renames += record->type == UNDO_MOVED;
        if (record->type == UNDO_GONE) {
            losses.not_kept += record->how == UNDO_NOT_KEPT;
            losses.files += record->how == UNDO_LINKED || record->how == UNDO_COPIED;
            losses.directories += record->how == UNDO_EMPTY;
        }
    }
    return losses;
}

static json_t *run_json(const struct undo_run *run) {
    struct losses losses = count_losses(run);
    wchar_t time[32];
    undo_time_text(run->begun, time);
    return json_pack("{s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b}", "run", text_json(run->id), "time",
                     text_json(time), "command", text_json(run->command), "files", (json_int_t)losses.files,
                     "directories", (json_int_t)losses.directories, "renames", (json_int_t)losses.renames, "not_kept",
                     (json_int_t)losses.not_kept, "bytes", (json_int_t)undo_run_bytes(run), "damaged_lines",
                     (json_int_t)run->damaged, "in_use", run->in_use, "complete", !run->killed);
}

static bool list_one(void *context, struct undo_run *run) {
    json_t *all = context;
    struct losses losses = count_losses(run);
    wchar_t time[32];
    if (run->broken) {
        msg_warn("the journal of run %ls is damaged from its first line on; sbx undo prune --all removes it", run->id);
        return true;
    }
    if (all) {
        json_array_append_new(all, run_json(run));
        return true;
    }
    undo_time_text(run->begun, time);
    msg_line("%ls  %ls  %lu files, %lu directories, %lu renames, %llu KiB%ls  %ls", run->id, time, losses.files,
             losses.directories, losses.renames, undo_run_bytes(run) >> 10, run->in_use ? L", running" : L"",
             run->command);
    return true;
}

static int list(const struct arguments *arguments) {
    json_t *all = arguments->json ? json_array() : NULL;
    undo_each_run(list_one, all);
    return arguments->json ? json_print(json_pack("{s:o}", "runs", all)) : 0;
}

static const wchar_t *what_happened(const struct undo_item *item) {
    return item->live                             ? L"renamed"
           : item->record->how == UNDO_NOT_KEPT   ? L"lost, not kept"
           : item->record->kind == UNDO_DIRECTORY ? L"deleted directory"
                                                  : L"deleted or replaced";
}

static json_t *item_json(const struct undo_item *item) {
    return json_pack("{s:o,s:o,s:o,s:b,s:b,s:I}", "what", text_json(what_happened(item)), "path",
                     text_json(item->origin), "now", text_json(item->current), "kept",
                     item->live || item->record->how != UNDO_NOT_KEPT, "made_by_run", item->born, "size",
                     (json_int_t)item->record->size);
}

static void show_item(const struct undo_item *item) {
    bool moved = wcscmp(item->origin, item->current) != 0;
    msg_line("%-19ls  %ls%ls%ls%ls", what_happened(item), item->origin, moved ? L" -> " : L"",
             moved ? item->current : L"", item->born ? L"  (made by the run itself)" : L"");
}

static int show(const struct arguments *arguments) {
    struct undo_run run;
    struct undo_plan plan = {0};
    bool ok = undo_run_read(arguments->run, true, &run) && undo_plan_make(&run, &plan);
    json_t *items = ok && arguments->json ? json_array() : NULL;
    for (size_t i = 0; ok && i < plan.count; i++) {
        if (items) {
            json_array_append_new(items, item_json(&plan.items[i]));
        } else {
            show_item(&plan.items[i]);
        }
    }
    int code = ok ? 0 : SBX_EXIT_FAILED;
    if (items) {
        json_t *whole = run_json(&run);
        json_object_set_new(whole, "items", items);
        code = json_print(whole);
    }
    undo_plan_free(&plan);
    undo_run_free(&run);
    return code;
}

static int restore(const struct arguments *arguments) {
    struct undo_run run;
    struct undo_result result = {0};
    struct undo_wish wish = {arguments->paths, arguments->path_count, arguments->all, arguments->force};
    bool ok = undo_run_read(arguments->run, true, &run);
    if (ok && run.in_use) {
        msg_error("run %ls still goes on; wait until it has ended", run.id);
        ok = false;
    }
    ok = ok && undo_restore(&run, &wish, &result);
    if (ok) {
        msg_line("%lu put back, %lu not", result.restored, result.failed);
        if (result.born) {
            msg_line("%lu that the run itself had made are left out; --all puts them back too", result.born);
        }
    }
    int code = !ok ? SBX_EXIT_FAILED : result.failed || run.damaged ? EXIT_NOT_ALL : 0;
    undo_run_free(&run);
    return code;
}

static int prune(const struct arguments *arguments) {
    return undo_prune(arguments->all ? UNDO_PRUNE_ALL : UNDO_PRUNE_OLD) ? 0 : SBX_EXIT_FAILED;
}

static const struct {
    const wchar_t *name;
    int (*run)(const struct arguments *arguments);
    bool needs_run, takes_paths;
} verbs[] = {
    {L"list", list, false, false},
    {L"show", show, true, false},
    {L"restore", restore, true, true},
    {L"prune", prune, false, false},
};

static int dispatch_verb(const struct arguments *arguments) {
    const wchar_t *verb = arguments->verb ? arguments->verb : L"list";
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!wcscmp(verbs[i].name, verb) && verbs[i].needs_run == (arguments->run != NULL) &&
            (verbs[i].takes_paths || !arguments->path_count)) {
            return verbs[i].run(arguments);
        }
    }
    msg_error("usage: sbx undo list | show RUN | restore RUN [PATH...] | prune");
    return SBX_EXIT_FAILED;
}

int cmd_undo(int argc, wchar_t **argv) {
    struct arguments arguments;
    HANDLE token = NULL;
    int code = SBX_EXIT_FAILED;
    /* Started elevated, files are touched under the token that a run uses for them. */
    if (parse(argc, argv, &arguments) && !token_for_operations(&token) && (!token || SetThreadToken(NULL, token))) {
        code = dispatch_verb(&arguments);
    }
    if (token) {
        SetThreadToken(NULL, NULL);
        CloseHandle(token);
    }
    for (size_t i = 0; i < arguments.path_count; i++) {
        free(arguments.paths[i]);
    }
    return code;
}
