/* Configuration files: a JSON object whose members are options by their long names without the dashes. A switch is true
 * or false, an option with an argument a string, or a list of strings where it may be given several times. */
#ifndef SBX_BROKER_STATE_CONFIG_FILE_H
#define SBX_BROKER_STATE_CONFIG_FILE_H

#include "broker/base/cli.h"

enum config_result { CONFIG_READ, CONFIG_MISSING, CONFIG_BAD };

/* One setting: the index of its option, and its argument (NULL for a switch that is true). `value` lasts until the
 * process ends. Returns false after a message to stop. */
typedef bool config_visit(void *context, int option, const wchar_t *value);

/* Reads the file at `path` and calls `visit` for each setting, in the order of the file. All of the file is looked at
 * before the first call, so a damaged one changes nothing. Paths (arguments named DIR, PATH or FILE) are made full
 * against `base`; with base NULL they must be full already. Returns CONFIG_MISSING when there is no file, CONFIG_BAD
 * after one message. */
enum config_result config_read(const wchar_t *path, const wchar_t *base, const struct cli_option *options,
                               config_visit *visit, void *context) __attribute__((warn_unused_result));

#endif
