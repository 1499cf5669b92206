/* The settings of a run that come from files. What the user wrote himself may say all that the command line may; a file
 * found beside the work may have been written by anybody, and only takes away. */
#include "broker/run/config.h"

#include "broker/base/msg.h"
#include "broker/object/path.h"
#include "broker/run/options.h"
#include "broker/state/config_file.h"
#include "broker/state/state.h"

#include <stdlib.h>
#include <string.h>

#define PROJECT_NAME L".sbx.json"
#define ASKED_UNITS 1024u /* more than all names together */

/* What a project file may say: each takes rights away. */
static const wchar_t *const narrowing[] = {L"--protect",      L"--protect-vcs", L"--hide",
                                           L"--hide-secrets", L"--read-only",   L"--require-integrity"};

/* What stands on the command line of one run alone. */
static const wchar_t *const command_line_only[] = {L"--no-config", L"--force", L"--control"};

struct reading {
    struct run_settings *settings;
    const wchar_t *file;
    const wchar_t *directory;
    ULONGLONG asked_options;    /* a bit for each option that the project file may not give */
    wchar_t asked[ASKED_UNITS]; /* their names, for a person; never their values, which a stranger wrote */
};

static bool one_of(const wchar_t *name, const wchar_t *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!wcscmp(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is(int option, const wchar_t *name) { return !wcscmp(run_options[option].name, name); }

static bool adds_root(int option) {
    return is(option, L"--writable-root") || is(option, L"--add-dir") || is(option, L"--cwd");
}

static bool may_be_in_a_file(const struct reading *reading, int option) {
    if (one_of(run_options[option].name, command_line_only, sizeof(command_line_only) / sizeof(*command_line_only))) {
        msg_error("%ls: \"%ls\" is taken from the command line only", reading->file, run_options[option].name + 2);
        return false;
    }
    return true;
}

/* The command line goes before the user's file: roots and protected paths add up, anything else is said once. */
static bool user_setting(void *context, int option, const wchar_t *value) {
    struct reading *reading = context;
    struct run_settings *settings = reading->settings;
    if (!may_be_in_a_file(reading, option)) {
        return false;
    }
    bool adds = adds_root(option) || is(option, L"--protect") || is(option, L"--hide");
    if ((!adds && run_option_given(settings, option)) || (adds_root(option) && settings->read_only) ||
        (is(option, L"--read-only") && settings->root_count)) {
        return true;
    }
    return run_take_option(settings, option, value);
}

static bool is_granted(const struct run_settings *settings, int option, const wchar_t *value) {
    for (size_t i = 0; adds_root(option) && value && i < settings->root_count; i++) {
        wchar_t *root = path_full(settings->roots[i]);
        bool inside = root && path_below(value, root);
        free(root);
        if (inside) {
            return true;
        }
    }
    return !adds_root(option) && run_option_given(settings, option);
}

static void ask(struct reading *reading, int option, const wchar_t *value) {
    const wchar_t *name = run_options[option].name + 2;
    size_t used = wcslen(reading->asked);
    if (!is_granted(reading->settings, option, value) && used + wcslen(name) + 3 <= ASKED_UNITS &&
        !(reading->asked_options & (1ull << option))) {
        reading->asked_options |= 1ull << option;
        _snwprintf(reading->asked + used, ASKED_UNITS - used, L"%ls%ls", used ? L", " : L"", name);
    }
}

/* --protect and --hide. */
static bool take_path_below(struct reading *reading, int option, const wchar_t *path) {
    const wchar_t *name = run_options[option].name + 2;
    if (!path_below(path, reading->directory)) {
        msg_warn("%ls: \"%ls\": %ls, which is not below the file; this is left out", reading->file, name, path);
        return true;
    }
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        msg_warn("%ls: \"%ls\": %ls, which does not exist; this is left out", reading->file, name, path);
        return true;
    }
    return run_take_option(reading->settings, option, path);
}

static bool project_setting(void *context, int option, const wchar_t *value) {
    struct reading *reading = context;
    struct run_settings *settings = reading->settings;
    if (is(option, L"--no-config")) {
        return may_be_in_a_file(reading, option);
    }
    if (is(option, L"--protect") || is(option, L"--hide")) {
        return take_path_below(reading, option, value);
    }
    if (is(option, L"--read-only") && settings->root_count) {
        msg_note("sbx: %ls says read-only: no writable root is used; --no-config leaves the file out", reading->file);
        settings->root_count = 0;
    }
    if (one_of(run_options[option].name, narrowing, sizeof(narrowing) / sizeof(*narrowing))) {
        return run_take_option(settings, option, value);
    }
    ask(reading, option, value);
    return true;
}

static int option_index(const wchar_t *name) {
    int i = 0;
    while (run_options[i].name && wcscmp(run_options[i].name, name) != 0) {
        i++;
    }
    return i;
}

static enum config_result read_project(struct run_settings *settings, const wchar_t *directory) {
    size_t units = wcslen(directory) + wcslen(PROJECT_NAME) + 2;
    wchar_t *file = malloc(units * sizeof(wchar_t));
    struct reading *reading = calloc(1, sizeof(*reading));
    if (!file || !reading) {
        free(file);
        free(reading);
        msg_error("out of memory");
        return CONFIG_BAD;
    }
    bool drive = directory[wcslen(directory) - 1] == L'\\';
    _snwprintf(file, units, L"%ls%ls%ls", directory, drive ? L"" : L"\\", PROJECT_NAME);
    *reading = (struct reading){.settings = settings, .file = file, .directory = directory};
    enum config_result result = config_read(file, directory, run_options, project_setting, reading);
    if (result == CONFIG_READ) {
        if (reading->asked[0]) {
            msg_note("sbx: %ls asks for %ls; a project file cannot give that, the command line can", file,
                     reading->asked);
        }
        /* Or a program in the sandbox would take away what narrows the next run. The path is kept by the settings. */
        if (!settings->read_only && run_take_option(settings, option_index(L"--protect"), file)) {
            settings->protect_implied[settings->protect_count - 1] = true;
        } else if (!settings->read_only) {
            result = CONFIG_BAD;
        }
    } else {
        free(file);
    }
    free(reading);
    return result;
}

/* Every file on the way up counts: were it the nearest alone, a new one could switch off what one above it says. */
static bool read_projects(struct run_settings *settings) {
    wchar_t *directory = path_full(L".");
    bool ok = directory != NULL;
    while (ok) {
        ok = read_project(settings, directory) != CONFIG_BAD;
        wchar_t *slash = wcsrchr(directory, L'\\');
        if (!slash || !slash[1] || directory[1] != L':') {
            break;
        }
        slash[slash == directory + 2] = 0;
    }
    free(directory);
    return ok;
}

bool run_read_config(struct run_settings *settings) {
    wchar_t path[MAX_PATH + 64];
    if (!state_path(L"config.json", path, MAX_PATH + 64)) {
        return false;
    }
    struct reading reading = {.settings = settings, .file = path};
    return config_read(path, NULL, run_options, user_setting, &reading) != CONFIG_BAD && read_projects(settings);
}
