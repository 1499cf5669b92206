/* `sbx roots`: the map of roots, what they carry, putting it back and taking it away. */
#include "broker/cmd/commands.h"

#include "broker/base/msg.h"
#include "broker/cmd/json.h"
#include "broker/object/path.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/state/root_list.h"
#include "broker/state/root_map.h"
#include "broker/state/root_tree.h"

#include <sddl.h>
#include <stdlib.h>
#include <wchar.h>

#define EXIT_NOT_IN_ORDER 1

enum { OPTION_JSON, OPTION_ALL };

const struct cli_option roots_options[] = {
    {L"--json", NULL, L"With list and show: one JSON object instead of text."},
    {L"--all", NULL, L"With clean: every root that sbx knows."},
    {NULL, NULL, NULL},
};

struct arguments {
    bool json, all;
    const wchar_t *words[2];
    int word_count;
};

static bool parse(int argc, wchar_t **argv, struct arguments *arguments) {
    int next = 0, option;
    const wchar_t *value;
    *arguments = (struct arguments){0};
    while ((option = cli_next(roots_options, argc, argv, &next, &value)) != CLI_END) {
        if (option == CLI_ERROR) {
            return false;
        }
        if (option == CLI_WORD && arguments->word_count == 2) {
            msg_error("one path at a time: %ls", value);
            return false;
        }
        if (option == CLI_WORD) {
            arguments->words[arguments->word_count++] = value;
        }
        arguments->json = arguments->json || option == OPTION_JSON;
        arguments->all = arguments->all || option == OPTION_ALL;
    }
    while (next < argc && arguments->word_count < 2) {
        arguments->words[arguments->word_count++] = argv[next++];
    }
    return true;
}

static json_t *state_json(const wchar_t *path, PSID sid, enum root_health health, const struct acl_state *state) {
    wchar_t text[200];
    sid_text(sid, text, 200);
    return json_pack("{s:o,s:o,s:o,s:b,s:b,s:b,s:b}", "path", text_json(path), "sid", text_json(text), "state",
                     text_json(roots_health_text(health, state)), "ok", health == ROOT_OK, "allow", state->allow,
                     "deny_delete_child", state->deny, "low", state->low);
}

static int list_roots(const struct arguments *arguments, const struct roots_list *list) {
    json_t *all = arguments->json ? json_array() : NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct acl_state state;
        enum root_health health = roots_list_check(list, i, &state);
        if (arguments->json) {
            json_array_append_new(all, state_json(list->paths[i], list->sids[i], health, &state));
        } else {
            wchar_t sid[200];
            sid_text(list->sids[i], sid, 200);
            msg_line("%ls", list->paths[i]);
            msg_line("    %ls  %ls", sid, roots_health_text(health, &state));
        }
    }
    if (arguments->json) {
        return json_print(json_pack("{s:o}", "roots", all));
    }
    if (!list->count) {
        msg_note("no roots yet: sbx run --writable-root DIR makes one");
    }
    return 0;
}

static void show_line(void *context, const char *line) {
    json_t *entries = context;
    if (entries) {
        json_array_append_new(entries, json_string(line));
        return;
    }
    wchar_t *wide = msg_utf16(line);
    msg_line("    %ls", wide ? wide : L"(entry that cannot be shown)");
    free(wide);
}

static bool is_directory(HANDLE object) {
    BY_HANDLE_FILE_INFORMATION information;
    return GetFileInformationByHandle(object, &information) &&
           (information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Opens the path that the person gave; NULL after a message. */
static HANDLE open_given(const wchar_t *given, ACCESS_MASK access, wchar_t **final) {
    DWORD error;
    HANDLE object = path_open(given, access, final, &error);
    if (!object) {
        msg_error("cannot open %ls: %ls", given, msg_win32_text(error));
    }
    return object;
}

static enum root_health health_of(HANDLE object, int root, NTSTATUS status, const struct acl_state *state) {
    return !NT_SUCCESS(status)                   ? ROOT_UNREADABLE
           : !path_has_acls(object)              ? ROOT_NO_ACLS
           : state->no_dacl                      ? ROOT_NO_DACL
           : root >= 0 && state->protected_entry ? ROOT_OK
           : state->allow && state->deny         ? ROOT_OK
                                                 : ROOT_INCOMPLETE;
}

static int show_path(const struct arguments *arguments, const struct roots_list *list) {
    wchar_t *final;
    HANDLE object = open_given(arguments->words[1], READ_CONTROL, &final);
    if (!object) {
        return SBX_EXIT_FAILED;
    }
    int root = roots_list_find(list, final);
    bool directory = is_directory(object);
    json_t *entries = arguments->json ? json_array() : NULL;
    struct acl_state state = {0};
    NTSTATUS status = acl_query(object, directory, root < 0 ? NULL : list->sids[root], &state);
    enum root_health health = health_of(object, root, status, &state);
    if (!arguments->json) {
        msg_line("%ls", final);
    }
    if (NT_SUCCESS(status)) {
        status = acl_print(object, list->sids, list->count, show_line, entries);
    }
    CloseHandle(object);
    int code = root < 0 || health == ROOT_OK ? 0 : EXIT_NOT_IN_ORDER;
    if (!NT_SUCCESS(status)) {
        msg_error("cannot read the access control list of %ls: %ls", final, msg_status_text(status));
        json_decref(entries);
        code = SBX_EXIT_FAILED;
    } else if (arguments->json) {
        json_t *result = json_pack("{s:o,s:o?,s:o?,s:b,s:b,s:o}", "path", text_json(final), "root",
                                   root < 0 ? NULL : text_json(list->paths[root]), "state",
                                   root < 0 ? NULL : text_json(roots_health_text(health, &state)), "ok", code == 0,
                                   "protected", state.protected_entry, "entries", entries);
        int printed = json_print(result);
        code = printed ? printed : code;
    } else if (root < 0) {
        msg_line("below no root of sbx");
    } else {
        msg_line("root: %ls", list->paths[root]);
        msg_line("state: %ls%ls", state.protected_entry ? L"protected, " : L"", roots_health_text(health, &state));
        if (code) {
            msg_line("to repair it: sbx roots repair \"%ls\"", final);
        }
    }
    free(final);
    return code;
}

static int repair_path(const struct arguments *arguments, const struct roots_list *list) {
    wchar_t *final;
    struct tree_count count;
    struct acl_state state;
    HANDLE object = open_given(arguments->words[1], READ_CONTROL, &final);
    if (!object) {
        return SBX_EXIT_FAILED;
    }
    CloseHandle(object);
    int root = roots_list_find(list, final);
    if (root < 0) {
        msg_error("%ls is below no root of sbx; sbx run --writable-root DIR makes one", final);
        free(final);
        return SBX_EXIT_FAILED;
    }
    roots_list_check(list, (size_t)root, &state);
    NTSTATUS status = tree_stamp(final, list->sids[root], state.low ? ACL_LABEL_LOW : ACL_LABEL_NONE, &count);
    bool ok = tree_report(final, &count) && NT_SUCCESS(status);
    if (!NT_SUCCESS(status)) {
        msg_error("cannot repair %ls: %ls", final, msg_status_text(status));
    } else {
        msg_line("%ls: %llu objects looked at, %llu mended", final, count.seen, count.changed);
    }
    free(final);
    return ok ? 0 : SBX_EXIT_FAILED;
}

/* Cleans `path`; of the stored roots' SIDs those stay that belong to roots other than `root` (an index, or -1: none
 * stays). */
static int clean_tree(const struct roots_list *list, int root, const wchar_t *path) {
    struct tree_count count;
    PSID *keep = calloc(list->count + 1, sizeof(*keep));
    size_t kept = 0;
    if (!keep) {
        msg_error("out of memory");
        return SBX_EXIT_FAILED;
    }
    for (size_t i = 0; root >= 0 && i < list->count; i++) {
        if ((int)i != root) {
            keep[kept++] = list->sids[i];
        }
    }
    NTSTATUS status = tree_clean(path, keep, kept, &count);
    free(keep);
    if (!NT_SUCCESS(status)) {
        msg_error("cannot clean %ls: %ls", path, msg_status_text(status));
        return SBX_EXIT_FAILED;
    }
    bool ok = tree_report(path, &count);
    msg_line("%ls: %llu objects looked at, %llu cleaned", path, count.seen, count.changed);
    if (ok && root >= 0) {
        ok = roots_forget(list->paths[root]);
    }
    return ok ? 0 : SBX_EXIT_FAILED;
}

static int clean_root(const struct roots_list *list, size_t index) {
    struct acl_state state;
    if (roots_list_check(list, index, &state) == ROOT_GONE) {
        msg_line("%ls: gone, forgotten", list->paths[index]);
        return roots_forget(list->paths[index]) ? 0 : SBX_EXIT_FAILED;
    }
    return clean_tree(list, (int)index, list->paths[index]);
}

static int clean(const struct arguments *arguments, const struct roots_list *list) {
    int code = 0;
    if (arguments->all) {
        for (size_t i = 0; i < list->count; i++) {
            int one = clean_root(list, i);
            code = one ? one : code;
        }
        return code;
    }
    wchar_t *final = NULL, *full = path_full(arguments->words[1]);
    int stored = full ? roots_list_find(list, full) : -1;
    if (stored >= 0 && !_wcsicmp(list->paths[stored], full)) {
        code = clean_root(list, (size_t)stored);
    } else {
        HANDLE object = open_given(arguments->words[1], READ_CONTROL, &final);
        int root = object ? roots_list_find(list, final) : -1;
        bool is_root = root >= 0 && !_wcsicmp(list->paths[root], final);
        if (object) {
            CloseHandle(object);
        }
        code = object ? clean_tree(list, is_root ? root : -1, final) : SBX_EXIT_FAILED;
    }
    free(final);
    free(full);
    return code;
}

static int relabel_one(const wchar_t *path) {
    struct tree_count count;
    NTSTATUS status = tree_relabel(path, 0, &count);
    if (!NT_SUCCESS(status)) {
        msg_error("cannot relabel %ls: %ls", path, msg_status_text(status));
        return SBX_EXIT_FAILED;
    }
    bool ok = tree_report(path, &count);
    msg_line("%ls: %llu objects looked at, %llu executables set to Medium", path, count.seen, count.changed);
    return ok ? 0 : SBX_EXIT_FAILED;
}

static int relabel(const struct arguments *arguments, const struct roots_list *list) {
    int code = 0;
    if (arguments->words[1]) {
        wchar_t *final = NULL;
        HANDLE object = open_given(arguments->words[1], READ_CONTROL, &final);
        code = object ? relabel_one(final) : SBX_EXIT_FAILED;
        if (object) {
            CloseHandle(object);
        }
        free(final);
        return code;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct acl_state state;
        if (roots_list_check(list, i, &state) != ROOT_GONE) {
            int one = relabel_one(list->paths[i]);
            code = one ? one : code;
        }
    }
    return code;
}

static const struct {
    const wchar_t *name;
    int (*run)(const struct arguments *arguments, const struct roots_list *list);
    bool needs_path;
    bool may_all;
} verbs[] = {
    {L"list", list_roots, false, false}, {L"show", show_path, true, false},   {L"repair", repair_path, true, false},
    {L"clean", clean, true, true},       {L"relabel", relabel, false, false},
};

int cmd_roots(int argc, wchar_t **argv) {
    struct arguments arguments;
    struct roots_list list;
    if (!parse(argc, argv, &arguments)) {
        return SBX_EXIT_FAILED;
    }
    const wchar_t *verb = arguments.words[0] ? arguments.words[0] : L"list";
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (wcscmp(verbs[i].name, verb) != 0) {
            continue;
        }
        if ((arguments.all && (!verbs[i].may_all || arguments.words[1])) ||
            (verbs[i].needs_path && !arguments.words[1] && !arguments.all)) {
            msg_error("usage: sbx roots list | show PATH | repair PATH | clean PATH | clean --all | relabel [PATH]");
            return SBX_EXIT_FAILED;
        }
        int code = roots_list_load(&list) ? verbs[i].run(&arguments, &list) : SBX_EXIT_FAILED;
        roots_list_free(&list);
        return code;
    }
    msg_error("sbx roots %ls: no such command; try list, show, repair, clean or relabel", verb);
    return SBX_EXIT_FAILED;
}
