/* What a run was asked to do: by the command line and the configuration files. */
#ifndef SBX_BROKER_RUN_SETTINGS_H
#define SBX_BROKER_RUN_SETTINGS_H

#include "broker/sandbox/root_set.h"

struct run_settings {
    bool broker;
    bool low;
    bool require_integrity;
    bool read_only;
    bool stats;
    bool quiet;
    bool force;
    bool stamp_all;
    bool protect_vcs;
    bool hide_secrets;
    bool undo;
    bool require_undo;
    unsigned long undo_quota; /* MiB, 0: the default */
    bool no_config;
    uint64_t given; /* bit i: option i was said */
    const wchar_t *events;
    HANDLE control; /* see control.h; NULL for none */
    const wchar_t *roots[ROOT_SET_MAX_ROOTS];
    size_t root_count;
    const wchar_t *protect[ROOT_SET_MAX_PROTECTED];
    size_t protect_count;
    bool protect_implied[ROOT_SET_MAX_PROTECTED]; /* no warning when it lies in no root */
    const wchar_t *hide[ROOT_SET_MAX_HIDDEN];
    size_t hide_count;
    wchar_t **command; /* words after the options, ended by NULL */
};

/* Reads the words after "run". Returns false after one message. */
bool run_parse(int argc, wchar_t **argv, struct run_settings *settings) __attribute__((warn_unused_result));

#endif
