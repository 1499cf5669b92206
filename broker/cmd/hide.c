/* `sbx hide`: what no program at Low may read, for good. */
#include "broker/run/hide.h"
#include "broker/base/msg.h"
#include "broker/cmd/commands.h"
#include "broker/cmd/json.h"
#include "broker/object/path.h"
#include "broker/state/hidden.h"

#include <stdlib.h>

enum { OPTION_JSON };

const struct cli_option hide_options[] = {
    {L"--json", NULL, L"With list: one JSON object instead of text."},
    {NULL, NULL, NULL},
};

static bool add(struct hidden *hidden, const wchar_t *path) {
    wchar_t *final;
    HANDLE object = hide_open(path, &final);
    if (!object) {
        return false;
    }
    bool ok = hidden_put(hidden, final, object, true);
    CloseHandle(object);
    if (ok) {
        msg_line("%ls is hidden", final);
    }
    free(final);
    return ok;
}

static bool take_away(struct hidden *hidden, const wchar_t *path) {
    struct claims live;
    DWORD error;
    wchar_t *final = NULL, *full = path_full(path);
    HANDLE object = full ? path_open(full, READ_CONTROL, &final, &error) : NULL;
    if (object) {
        CloseHandle(object);
    }
    /* One that is gone is known by what was given. */
    const wchar_t *name = final ? final : full ? full : path;
    bool ok = claims_read(HIDDEN_CLAIM, &live) && hidden_is_lasting(hidden, name);
    if (!ok) {
        msg_error("%ls was not hidden by sbx hide add; see sbx hide list", name);
    }
    ok = ok && hidden_lift(hidden, name, &live);
    if (ok) {
        msg_line(claims_of(&live, name) == CLAIMED_WHOLE ? "%ls is hidden until the last run that hides it ends"
                                                         : "%ls is no longer hidden",
                 name);
    }
    claims_free(&live);
    free(final);
    free(full);
    return ok;
}

static void print(void *context, const wchar_t *path, bool lasting) {
    json_t *all = context;
    if (all) {
        json_array_append_new(all, json_pack("{s:o,s:b}", "path", text_json(path), "lasting", lasting));
    } else {
        msg_line("%ls%ls", path, lasting ? L"" : L" (for a run)");
    }
}

static int list(bool json) {
    struct hidden *hidden = hidden_look();
    json_t *all = json ? json_array() : NULL;
    if (!hidden) {
        json_decref(all);
        return SBX_EXIT_FAILED;
    }
    hidden_each(hidden, print, all);
    hidden_close(hidden);
    return json ? json_print(json_pack("{s:o}", "hidden", all)) : 0;
}

static int change(int count, const wchar_t **paths, bool (*act)(struct hidden *hidden, const wchar_t *path)) {
    struct hidden *hidden = hidden_open();
    bool ok = hidden != NULL;
    for (int i = 0; hidden && i < count; i++) {
        ok = act(hidden, paths[i]) && ok;
    }
    hidden_close(hidden);
    return ok ? 0 : SBX_EXIT_FAILED;
}

int cmd_hide(int argc, wchar_t **argv) {
    int next = 0, option, count = 0, code = SBX_EXIT_FAILED;
    const wchar_t *value, **words = calloc((size_t)argc + 1, sizeof(*words));
    bool json = false;
    while (words && (option = cli_next(hide_options, argc, argv, &next, &value)) != CLI_END) {
        if (option == CLI_ERROR) {
            free((void *)words);
            return SBX_EXIT_FAILED;
        }
        json = json || option == OPTION_JSON;
        if (option == CLI_WORD) {
            words[count++] = value;
        }
    }
    while (words && next < argc) {
        words[count++] = argv[next++];
    }
    if (words && count == 1 && !wcscmp(words[0], L"list")) {
        code = list(json);
    } else if (words && count > 1 && !json && !wcscmp(words[0], L"add")) {
        code = change(count - 1, words + 1, add);
    } else if (words && count > 1 && !json && !wcscmp(words[0], L"remove")) {
        code = change(count - 1, words + 1, take_away);
    } else {
        msg_error("usage: sbx hide add PATH... | list [--json] | remove PATH...");
    }
    free((void *)words);
    return code;
}
