/* The settings that configuration files add. */
#ifndef SBX_BROKER_RUN_CONFIG_H
#define SBX_BROKER_RUN_CONFIG_H

#include "broker/run/settings.h"

/* Adds the user's config.json and the project files from the current directory upward to what the command line said.
 * Returns false after one message. */
bool run_read_config(struct run_settings *settings) __attribute__((warn_unused_result));

#endif
