/* `sbx explain`: what a program in the sandbox may do to a path, which rule and which entry says so, and what to do
 * about it. */
#include "broker/cmd/commands.h"

#include "broker/base/msg.h"
#include "broker/cmd/json.h"
#include "broker/object/object.h"
#include "broker/object/path.h"
#include "broker/policy/policy.h"
#include "broker/rights/access.h"
#include "broker/rights/acl.h"
#include "broker/rights/sid.h"
#include "broker/state/root_list.h"

#include <stdlib.h>
#include <wchar.h>

#define TEXT_UNITS 1200
#define EXIT_DENIED 1

enum { OPTION_OP, OPTION_INTEGRITY, OPTION_JSON };

const struct cli_option explain_options[] = {
    {L"--op", L"OP",
     L"Only one operation: read, write, create, rename or delete. The exit code is then 1 when it is denied."},
    {L"--integrity", L"LEVEL",
     L"low or medium: the integrity level of the program. Default: low, as with run --broker."},
    {L"--json", NULL, L"One JSON object instead of text."},
    {NULL, NULL, NULL},
};

/* An object with its descriptor. */
struct place_facts {
    wchar_t *path;
    bool exists, directory;
    ULONG links;
    struct sd sd;
};

struct question {
    struct place_facts object, parent;
    const wchar_t *root; /* the stored root it lies in, or NULL */
    PSID sid;
    bool protected_entry, root_changeable;
    struct policy_rules rules; /* as a run with every stored root has them, by DOS paths */
    enum root_health health;
    struct acl_state root_state;
    struct access_subject subject;
    bool low;
};

enum answer_by { BY_NOBODY, BY_SYSTEM, BY_BROKER };

struct answer {
    enum answer_by by;
    wchar_t why[TEXT_UNITS], advice[TEXT_UNITS];
};

static bool load_facts(const wchar_t *path, struct place_facts *facts, DWORD *error) {
    *facts = (struct place_facts){0};
    HANDLE handle = path_open(path, READ_CONTROL, &facts->path, error);
    if (!handle) {
        return false;
    }
    struct object_facts found;
    NTSTATUS status = object_query_facts(handle, &found);
    if (NT_SUCCESS(status)) {
        facts->exists = true;
        facts->directory = found.directory;
        facts->links = found.directory ? 1 : found.links;
        status = sd_read(handle, &facts->sd);
    }
    CloseHandle(handle);
    *error = RtlNtStatusToDosError(status);
    return NT_SUCCESS(status);
}

static void free_facts(struct place_facts *facts) {
    free(facts->path);
    sd_free(&facts->sd);
}

/* The directory that holds `path`: malloc'ed; NULL for a drive's root. */
static wchar_t *parent_of(const wchar_t *path) {
    const wchar_t *slash = wcsrchr(path, L'\\');
    if (!slash || !slash[1]) {
        return NULL;
    }
    size_t units = (size_t)(slash - path);
    wchar_t *parent = malloc((units + 2) * sizeof(wchar_t));
    if (parent) {
        units += units == 2; /* "C:\" keeps its backslash */
        wmemcpy(parent, path, units);
        parent[units] = 0;
    }
    return parent;
}

static void ace_text(const struct sd_ace *ace, wchar_t *text, size_t size) {
    wchar_t sid[300], rights[200];
    sid_text(ace->sid, sid, 300);
    acl_rights_text(ace->type, ace->flags, ace->mask, rights, 200);
    _snwprintf(text, size - 1, L"%ls:%ls", sid, rights);
    text[size - 1] = 0;
}

static void say_why(const struct access_verdict *verdict, const struct place_facts *place, wchar_t *why) {
    wchar_t ace[600] = L"";
    if (verdict->has_ace) {
        ace_text(&verdict->ace, ace, 600);
    }
    switch (verdict->reason) {
    case ACCESS_GRANTED:
        _snwprintf(why, TEXT_UNITS - 1, L"by %ls on %ls", verdict->has_ace ? ace : L"the missing DACL", place->path);
        break;
    case ACCESS_BY_LEVEL:
        _snwprintf(why, TEXT_UNITS - 1,
                   label_is_hiding(&place->sd) ? L"hidden: the label of %ls keeps programs at Low from it"
                                               : L"the integrity level of %ls is above the program's",
                   place->path);
        break;
    case ACCESS_BY_USER:
        _snwprintf(why, TEXT_UNITS - 1,
                   verdict->has_ace ? L"you may not do it yourself: %ls on %ls" : L"no entry gives it to you%ls on %ls",
                   ace, place->path);
        break;
    case ACCESS_BY_SANDBOX:
        _snwprintf(
            why, TEXT_UNITS - 1,
            verdict->has_ace
                ? L"denied by %ls on %ls"
                : L"you may, but no entry gives it to a capability SID of the run, the logon SID or Everyone%ls on %ls",
            ace, place->path);
        break;
    default: _snwprintf(why, TEXT_UNITS - 1, L"the system denies it on %ls", place->path); break;
    }
    why[TEXT_UNITS - 1] = 0;
}

static struct access_verdict ask(const struct question *question, const struct place_facts *place, ACCESS_MASK access,
                                 struct answer *answer) {
    struct access_verdict verdict = access_evaluate(&question->subject, &place->sd, access);
    answer->by = verdict.reason == ACCESS_GRANTED ? BY_SYSTEM : BY_NOBODY;
    say_why(&verdict, place, answer->why);
    return verdict;
}

static void advise_root(const struct question *question, struct answer *answer) {
    const struct place_facts *place =
        question->object.exists && question->object.directory ? &question->object : &question->parent;
    if (place->path && wcslen(place->path) > 3) {
        _snwprintf(answer->advice, TEXT_UNITS - 1, L"to allow it: sbx run --broker --add-dir \"%ls\"", place->path);
    }
}

static void advise_stray(const struct question *question, struct answer *answer) {
    if (!question->root) {
        wcscpy(answer->advice,
               L"possible although it is not in a writable root; remove the entry if that is not intended");
    }
}

static struct policy_name name_of(const wchar_t *path) {
    return (struct policy_name){(const uint16_t *)path, wcslen(path)};
}

/* What the broker's own rules say of the object. */
static enum policy_verdict ask_policy(const struct question *question, bool destroys) {
    struct policy_object object = {name_of(question->object.path), question->protected_entry};
    if (destroys) {
        return policy_may_destroy(&question->rules, &object);
    }
    enum policy_verdict verdict = policy_may_write(&question->rules, &object);
    return verdict == POLICY_ALLOWED && question->object.exists ? policy_may_change_content(question->object.links, 1)
                                                                : verdict;
}

/* Denied by the system: would the broker do it, and what else helps? */
static void ask_broker(const struct question *question, bool destroys, const struct access_verdict *verdict,
                       struct answer *answer) {
    enum policy_verdict policy = ask_policy(question, destroys);
    if (policy == POLICY_OUTSIDE) {
        if (verdict->reason != ACCESS_BY_USER) {
            advise_root(question, answer);
        }
    } else if (policy == POLICY_HARD_LINK) {
        wcscpy(answer->advice,
               L"the file has several names: the broker stamps it only when all of them are in writable roots");
    } else if (policy != POLICY_ALLOWED) {
        _snwprintf(answer->why, TEXT_UNITS - 1, L"the broker refuses it: %hs", policy_verdict_text(policy));
    } else if (verdict->reason != ACCESS_BY_USER) {
        answer->by = BY_BROKER;
        wcscpy(answer->why,
               destroys ? L"with run --broker, checked and recorded; the program itself may not"
                        : L"with run --broker, which stamps the object at the first write; without: sbx roots repair");
    }
}

static void answer_read(const struct question *question, struct answer *answer) {
    ask(question, &question->object, FILE_GENERIC_READ, answer);
}

static void answer_write(const struct question *question, struct answer *answer) {
    struct access_verdict verdict = ask(question, &question->object, FILE_WRITE_DATA | FILE_APPEND_DATA, answer);
    if (verdict.reason != ACCESS_GRANTED) {
        ask_broker(question, false, &verdict, answer);
    } else {
        advise_stray(question, answer);
    }
}

static void answer_create(const struct question *question, struct answer *answer) {
    const struct place_facts *place =
        question->object.exists && question->object.directory ? &question->object : &question->parent;
    struct access_verdict verdict = ask(question, place, FILE_ADD_FILE, answer);
    if (verdict.reason != ACCESS_GRANTED) {
        ask_broker(question, false, &verdict, answer);
    } else {
        advise_stray(question, answer);
    }
}

static void answer_delete(const struct question *question, struct answer *answer) {
    struct access_verdict own = ask(question, &question->object, DELETE, answer);
    if (own.reason != ACCESS_GRANTED && question->parent.exists) {
        struct answer by_parent = {0};
        struct access_verdict parent = ask(question, &question->parent, FILE_DELETE_CHILD, &by_parent);
        /* The right on the directory is enough, whatever the object's own entries and label say. */
        if (parent.reason == ACCESS_GRANTED) {
            *answer = by_parent;
            own.reason = ACCESS_GRANTED;
            if (!question->root) {
                wcscpy(answer->advice,
                       L"FILE_DELETE_CHILD of the directory is not confined by the token: --integrity low closes this");
            }
        }
    } else {
        advise_stray(question, answer);
    }
    if (own.reason != ACCESS_GRANTED) {
        ask_broker(question, true, &own, answer);
    }
}

static void answer_rename(const struct question *question, struct answer *answer) {
    answer_delete(question, answer);
    struct answer there = {0};
    if (answer->by == BY_SYSTEM && question->parent.exists) {
        struct access_verdict verdict = ask(question, &question->parent,
                                            question->object.directory ? FILE_ADD_SUBDIRECTORY : FILE_ADD_FILE, &there);
        if (verdict.reason != ACCESS_GRANTED) {
            ask_broker(question, false, &verdict, &there);
            *answer = there;
        }
    }
}

static const struct {
    const wchar_t *name;
    void (*answer)(const struct question *question, struct answer *answer);
    bool needs_object;
} operations[] = {
    {L"read", answer_read, true},     {L"write", answer_write, true},   {L"create", answer_create, false},
    {L"rename", answer_rename, true}, {L"delete", answer_delete, true},
};
#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

/* Whether the root's DACL could be changed by the user. */
static bool is_changeable(const wchar_t *root) {
    wchar_t *final;
    DWORD error;
    HANDLE handle = path_open(root, WRITE_DAC, &final, &error);
    if (handle) {
        CloseHandle(handle);
    }
    free(final);
    return handle != NULL;
}

static bool find_root(const struct roots_list *list, struct question *question) {
    const wchar_t *path = question->object.path;
    int index = roots_list_find(list, path);
    PSID *sids = calloc(list->count + 1, sizeof(*sids));
    struct policy_name *names = calloc(list->count + 1, sizeof(*names));
    size_t count = 0;
    question->rules = (struct policy_rules){.roots = names, .root_count = names ? list->count : 0, .fold = object_fold};
    for (size_t i = 0; sids && names && i < list->count; i++) {
        names[i] = name_of(list->paths[i]);
        if (path_below(path, list->paths[i])) {
            sids[count++] = list->sids[i];
        }
    }
    if (index >= 0) {
        struct acl_state state;
        question->root = list->paths[index];
        question->sid = list->sids[index];
        question->health = roots_list_check(list, (size_t)index, &question->root_state);
        question->root_changeable = is_changeable(question->root);
        HANDLE handle;
        wchar_t *final;
        DWORD error;
        handle = question->object.exists ? path_open(path, READ_CONTROL, &final, &error) : NULL;
        if (handle) {
            question->protected_entry =
                NT_SUCCESS(acl_query(handle, question->object.directory, question->sid, &state)) &&
                state.protected_entry;
            CloseHandle(handle);
            free(final);
        }
    }
    bool ok = sids && names && access_open(sids, count, question->low, &question->subject);
    free(sids);
    return ok;
}

static bool load_question(const wchar_t *given, struct question *question) {
    DWORD error;
    wchar_t *full = path_full(given);
    if (!full) {
        msg_error("%ls is not a path", given);
        return false;
    }
    if (!load_facts(full, &question->object, &error)) {
        if (error != ERROR_FILE_NOT_FOUND && error != ERROR_PATH_NOT_FOUND) {
            msg_error("cannot open %ls: %ls", full, msg_win32_text(error));
            free(full);
            return false;
        }
        free_facts(&question->object);
        question->object = (struct place_facts){.path = full};
        full = NULL;
    }
    free(full);
    wchar_t *parent = parent_of(question->object.path);
    bool ok = !parent || load_facts(parent, &question->parent, &error);
    if (!ok || (!parent && !question->object.exists)) {
        msg_error("cannot open the directory %ls: %ls", parent ? parent : given, msg_win32_text(error));
        ok = false;
    }
    free(parent);
    return ok;
}

static void say_setting(const struct question *question) {
    const wchar_t *level = question->low ? L"Low" : L"Medium";
    msg_line("%ls%ls", question->object.path, question->object.exists ? L"" : L" (does not exist)");
    if (!question->root) {
        msg_line("    in no writable root; program at %ls integrity", level);
        return;
    }
    msg_line("    in the root %ls (%ls); program at %ls integrity", question->root,
             roots_health_text(question->health, &question->root_state), level);
    if (!question->root_changeable && question->health != ROOT_OK) {
        wchar_t sid[200];
        sid_text(question->sid, sid, 200);
        msg_line("    you may not change the root's access control list: writes go through the broker, or an "
                 "administrator runs");
        msg_line("        icacls \"%ls\" /grant \"*%ls:(OI)(CI)(RX,W)\"", question->root, sid);
    }
}

static void say_answer(const wchar_t *name, const struct answer *answer, json_t *all) {
    static const wchar_t *const words[] = {L"denied", L"allowed", L"allowed"};
    static const char *const by[] = {"nobody", "system", "broker"};
    if (all) {
        json_array_append_new(all, json_pack("{s:o,s:b,s:s,s:o,s:o}", "op", text_json(name), "allowed",
                                             answer->by != BY_NOBODY, "by", by[answer->by], "why",
                                             text_json(answer->why), "advice", text_json(answer->advice)));
        return;
    }
    msg_line("    %-7ls %-8ls %ls", name, words[answer->by], answer->why);
    if (answer->advice[0]) {
        msg_line("                     %ls", answer->advice);
    }
}

static int answer_all(const struct question *question, const wchar_t *operation, bool json) {
    json_t *all = json ? json_array() : NULL;
    int code = 0;
    if (!json) {
        say_setting(question);
    }
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        struct answer answer = {0};
        if (operation && wcscmp(operation, operations[i].name) != 0) {
            continue;
        }
        if (!question->object.exists && operations[i].needs_object) {
            wcscpy(answer.why, L"there is nothing of that name");
        } else {
            operations[i].answer(question, &answer);
        }
        say_answer(operations[i].name, &answer, all);
        code = operation && answer.by == BY_NOBODY ? EXIT_DENIED : 0;
    }
    if (json) {
        json_t *result = json_pack("{s:o,s:b,s:o?,s:s,s:o}", "path", text_json(question->object.path), "exists",
                                   question->object.exists, "root", question->root ? text_json(question->root) : NULL,
                                   "integrity", question->low ? "low" : "medium", "operations", all);
        int printed = json_print(result);
        code = printed ? printed : code;
    }
    return code;
}

static bool known_operation(const wchar_t *name) {
    for (size_t i = 0; i < OPERATION_COUNT; i++) {
        if (!wcscmp(operations[i].name, name)) {
            return true;
        }
    }
    msg_error("--op takes read, write, create, rename or delete, not %ls", name);
    return false;
}

int cmd_explain(int argc, wchar_t **argv) {
    int next = 0, option;
    const wchar_t *value, *path = NULL, *operation = NULL, *level = L"low";
    bool json = false;
    while ((option = cli_next(explain_options, argc, argv, &next, &value)) != CLI_END) {
        if (option == CLI_ERROR || (option == OPTION_OP && !known_operation(value))) {
            return SBX_EXIT_FAILED;
        }
        operation = option == OPTION_OP ? value : operation;
        level = option == OPTION_INTEGRITY ? value : level;
        path = option == CLI_WORD ? value : path;
        json = json || option == OPTION_JSON;
    }
    path = !path && next < argc ? argv[next] : path;
    if (!path || (wcscmp(level, L"low") != 0 && wcscmp(level, L"medium") != 0)) {
        msg_error("usage: sbx explain [--op read|write|create|rename|delete] [--integrity low|medium] [--json] PATH");
        return SBX_EXIT_FAILED;
    }
    struct question question = {.low = !wcscmp(level, L"low")};
    struct roots_list list;
    int code = SBX_EXIT_FAILED;
    if (roots_list_load(&list) && load_question(path, &question) && find_root(&list, &question)) {
        code = answer_all(&question, operation, json);
    }
    access_close(&question.subject);
    free((void *)question.rules.roots);
    free_facts(&question.object);
    free_facts(&question.parent);
    roots_list_free(&list);
    return code;
}
