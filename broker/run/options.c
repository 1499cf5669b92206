#include "broker/run/options.h"

#include "broker/base/msg.h"
#include "broker/run/control.h"

#include <stdlib.h>

const struct cli_option run_options[] = {
    [OPT_BROKER] = {L"--broker", NULL, L"Perform rename, delete and replace in the writable roots for the program."},
    [OPT_WRITABLE_ROOT] = {L"--writable-root", L"DIR",
                           L"A directory the program may write below. May be given several times."},
    [OPT_ADD_DIR] = {L"--add-dir", L"DIR", L"The same as --writable-root."},
    [OPT_CWD] = {L"--cwd", NULL, L"Make the current directory a writable root."},
    [OPT_READ_ONLY] = {L"--read-only", NULL, L"No writable root but the private TEMP."},
    [OPT_PROTECT] = {L"--protect", L"PATH",
                     L"A path in a writable root that stays read-only. May be given several times."},
    [OPT_PROTECT_VCS] =
        {L"--protect-vcs", NULL,
         L"Protect hooks, config, config.worktree, commondir, modules and worktrees of .git where a root has them."},
    [OPT_HIDE] = {L"--hide", L"PATH",
                  L"A file or directory that the program cannot read. May be given several times. Needs the Low "
                  L"integrity that goes with --broker."},
    [OPT_HIDE_SECRETS] = {L"--hide-secrets", NULL,
                          L"Hide the usual places of credentials in your profile: keys, tokens, cloud and package "
                          L"accounts."},
    [OPT_INTEGRITY] = {L"--integrity", L"LEVEL",
                       L"low or medium: the integrity level of the program. Default: low with --broker, "
                       L"medium without."},
    [OPT_REQUIRE_INTEGRITY] = {L"--require-integrity", NULL,
                               L"Fail when a root cannot carry the Low label, instead of a warning."},
    [OPT_STAMP] = {L"--stamp", L"WHAT",
                   L"root or all: put the entries on the root directory alone (the default) or on everything "
                   L"below it now."},
    [OPT_EVENTS] = {L"--events", L"FILE", L"Append a JSON line for each brokered operation and each refusal."},
    [OPT_STATS] = {L"--stats", NULL, L"Print the number of requests on stderr at the end."},
    [OPT_QUIET] = {L"--quiet", NULL, L"No summary at the end."},
    [OPT_FORCE] = {L"--force", NULL,
                   L"Accept a root that is a drive, a profile, a system folder or behind a link in a known root."},
    [OPT_UNDO] = {L"--undo", NULL, L"Keep what is deleted, replaced or renamed through the broker; see sbx undo."},
    [OPT_REQUIRE_UNDO] = {L"--require-undo", NULL, L"With --undo: what cannot be kept is not deleted or replaced."},
    [OPT_UNDO_QUOTA] = {L"--undo-quota", L"MIB", L"How much one run may keep. Default: 2048."},
    [OPT_NO_CONFIG] = {L"--no-config", NULL, L"Read neither your config.json nor a project's .sbx.json."},
    [OPT_CONTROL] = {L"--control", L"HANDLE",
                     L"For a calling program: end the run when the inherited pipe HANDLE is written to or closed, and "
                     L"write how the run ended to the events file."},
    {NULL, NULL, NULL},
};

static bool add(const wchar_t **list, size_t *count, size_t limit, const wchar_t *value) {
    if (*count == limit) {
        msg_error("too many paths: at most %lu", (unsigned long)limit);
        return false;
    }
    if (!value[0]) {
        msg_error("an empty path was given; name a directory");
        return false;
    }
    list[(*count)++] = value;
    return true;
}

static bool set_integrity(struct run_settings *settings, const wchar_t *value) {
    settings->low = !wcscmp(value, L"low");
    if (!settings->low && wcscmp(value, L"medium") != 0) {
        msg_error("--integrity takes low or medium, not %ls", value);
        return false;
    }
    return true;
}

static bool set_stamp(struct run_settings *settings, const wchar_t *value) {
    settings->stamp_all = !wcscmp(value, L"all");
    if (!settings->stamp_all && wcscmp(value, L"root") != 0) {
        msg_error("--stamp takes root or all, not %ls", value);
        return false;
    }
    return true;
}

static bool set_undo_quota(struct run_settings *settings, const wchar_t *value) {
    wchar_t *end;
    settings->undo_quota = wcstoul(value, &end, 10);
    if (!settings->undo_quota || *end || settings->undo_quota > 1024 * 1024) {
        msg_error("--undo-quota takes a number of MiB from 1 to 1048576, not %ls", value);
        return false;
    }
    return true;
}

static bool set_switch(struct run_settings *settings, int option) {
    bool *switches[] = {[OPT_BROKER] = &settings->broker,
                        [OPT_READ_ONLY] = &settings->read_only,
                        [OPT_PROTECT_VCS] = &settings->protect_vcs,
                        [OPT_HIDE_SECRETS] = &settings->hide_secrets,
                        [OPT_REQUIRE_INTEGRITY] = &settings->require_integrity,
                        [OPT_STATS] = &settings->stats,
                        [OPT_QUIET] = &settings->quiet,
                        [OPT_FORCE] = &settings->force,
                        [OPT_UNDO] = &settings->undo,
                        [OPT_REQUIRE_UNDO] = &settings->require_undo,
                        [OPT_NO_CONFIG] = &settings->no_config};
    *switches[option] = true;
    return true;
}

bool run_option_given(const struct run_settings *settings, int option) { return settings->given >> option & 1; }

bool run_take_option(struct run_settings *settings, int option, const wchar_t *value) {
    /* One root is kept for TEMP. */
    static const size_t root_limit = ROOT_SET_MAX_ROOTS - 1;
    settings->given |= (uint64_t)1 << option;
    switch (option) {
    case OPT_WRITABLE_ROOT:
    case OPT_ADD_DIR: return add(settings->roots, &settings->root_count, root_limit, value);
    case OPT_CWD: return add(settings->roots, &settings->root_count, root_limit, L".");
    case OPT_PROTECT: return add(settings->protect, &settings->protect_count, ROOT_SET_MAX_PROTECTED, value);
    case OPT_HIDE: return add(settings->hide, &settings->hide_count, ROOT_SET_MAX_HIDDEN, value);
    case OPT_INTEGRITY: return set_integrity(settings, value);
    case OPT_STAMP: return set_stamp(settings, value);
    case OPT_UNDO_QUOTA: return set_undo_quota(settings, value);
    case OPT_EVENTS: settings->events = value; return true;
    case OPT_CONTROL: return control_take(value, &settings->control);
    default: return set_switch(settings, option);
    }
}
