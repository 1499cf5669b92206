/* The options of `sbx run`, one by one. */
#ifndef SBX_BROKER_RUN_OPTIONS_H
#define SBX_BROKER_RUN_OPTIONS_H

#include "broker/base/cli.h"
#include "broker/run/settings.h"

/* Their places in run_options. */
enum run_option {
    OPT_BROKER,
    OPT_WRITABLE_ROOT,
    OPT_ADD_DIR,
    OPT_CWD,
    OPT_READ_ONLY,
    OPT_PROTECT,
    OPT_PROTECT_VCS,
    OPT_HIDE,
    OPT_HIDE_SECRETS,
    OPT_INTEGRITY,
    OPT_REQUIRE_INTEGRITY,
    OPT_STAMP,
    OPT_EVENTS,
    OPT_STATS,
    OPT_QUIET,
    OPT_FORCE,
    OPT_UNDO,
    OPT_REQUIRE_UNDO,
    OPT_UNDO_QUOTA,
    OPT_NO_CONFIG,
    OPT_CONTROL
};

/* The options of run, in the order of enum run_option. */
extern const struct cli_option run_options[];

/* One option of run_options and its argument (NULL for a switch). `value` must last as long as the settings. Returns
 * false after one message. */
bool run_take_option(struct run_settings *settings, int option, const wchar_t *value)
    __attribute__((warn_unused_result));

/* Was the option said, on the command line or in a file that was read before? */
bool run_option_given(const struct run_settings *settings, int option);

#endif
