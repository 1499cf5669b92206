#include "broker/run/settings.h"

#include "broker/base/msg.h"
#include "broker/run/config.h"
#include "broker/run/options.h"

/* What the command line says by itself, before any file is read. */
static bool consistent(const struct run_settings *settings) {
    if (!settings->command[0]) {
        msg_error("no command to run; put it after the options: sbx run --broker --writable-root DIR -- COMMAND");
        return false;
    }
    if ((settings->require_undo || settings->undo_quota) && !settings->undo) {
        msg_error("--require-undo and --undo-quota go with --undo; add it");
        return false;
    }
    if (settings->undo && !settings->broker) {
        msg_error("--undo keeps what the broker deletes and replaces; add --broker");
        return false;
    }
    if (settings->read_only && settings->root_count) {
        msg_error("--read-only and a writable root contradict each other; leave one out");
        return false;
    }
    return true;
}

bool run_parse(int argc, wchar_t **argv, struct run_settings *settings) {
    int next = 0;
    for (;;) {
        const wchar_t *value;
        int option = cli_next(run_options, argc, argv, &next, &value);
        if (option == CLI_ERROR) {
            return false;
        }
        if (option == CLI_END || option == CLI_WORD) {
            /* The first word that is no option begins the command. */
            settings->command = argv + (option == CLI_WORD ? next - 1 : next);
            break;
        }
        if (!run_take_option(settings, option, value)) {
            return false;
        }
    }
    if (!consistent(settings) || (!settings->no_config && !run_read_config(settings))) {
        return false;
    }
    if (!run_option_given(settings, OPT_INTEGRITY)) {
        settings->low = settings->broker;
    }
    if ((settings->hide_count || settings->hide_secrets) && !settings->low) {
        msg_error("--hide and --hide-secrets need a program at Low integrity; add --broker and leave out --integrity "
                  "medium");
        return false;
    }
    if (!settings->read_only && !settings->root_count) {
        msg_error("no writable root; add --writable-root DIR, --cwd or --read-only");
        return false;
    }
    return true;
}
