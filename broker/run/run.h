/* `sbx run`: one program in the sandbox. */
#ifndef SBX_BROKER_RUN_RUN_H
#define SBX_BROKER_RUN_RUN_H

#include "broker/base/cli.h"
#include "broker/sandbox/sandbox.h"

/* The options of run, in the order of run_option_ids. */
extern const struct cli_option run_options[];

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
    bool undo;
    bool require_undo;
    unsigned long undo_quota; /* MiB, 0: the default */
    bool no_config;
    uint64_t given; /* bit i: option i was said */
    const wchar_t *events;
    HANDLE control; /* see control.h; NULL for none */
    const wchar_t *roots[SANDBOX_MAX_ROOTS];
    size_t root_count;
    const wchar_t *protect[SANDBOX_MAX_PROTECT];
    size_t protect_count;
    bool protect_implied[SANDBOX_MAX_PROTECT]; /* no warning when it lies in no root */
    wchar_t **command;                         /* words after the options, ended by NULL */
};

/* Reads the words after "run". Returns false after one message. */
bool run_parse(int argc, wchar_t **argv, struct run_settings *settings) __attribute__((warn_unused_result));

/* One option of run_options and its argument (NULL for a switch). `value` must last as long as the settings. Returns
 * false after one message. */
bool run_take_option(struct run_settings *settings, int option, const wchar_t *value)
    __attribute__((warn_unused_result));

/* Was the option said, on the command line or in a file that was read before? */
bool run_option_given(const struct run_settings *settings, int option);

/* Adds the user's config.json and the project files from the current directory upward to what the command line said.
 * Returns false after one message. */
bool run_read_config(struct run_settings *settings) __attribute__((warn_unused_result));

/* Opens, checks and stamps the writable roots and protected paths of `settings` and the private TEMP. A bad root of
 * several is a warning. Returns false after a message when the run cannot go on. */
bool run_prepare_roots(const struct run_settings *settings, struct sandbox *sandbox)
    __attribute__((warn_unused_result));

/* The second half of it: capability SIDs, stamps, entries of protected paths. */
bool run_stamp_roots(const struct run_settings *settings, struct sandbox *sandbox) __attribute__((warn_unused_result));

/* Removes the private TEMP; called when the job is empty. */
void run_remove_temp(struct sandbox *sandbox);

/* Removes what killed runs left in the state directory: their TEMP and unfinished lists, a few of each, none younger
 * than a minute. A run that goes on holds its TEMP. What cannot be removed is left without a word: `sbx doctor` names
 * it. */
void run_sweep_temp(void);

/* Puts the entries of protected path `index` on it and on all below it. Returns false after a message when the path
 * itself cannot be protected; what cannot be below it is a warning. */
bool run_protect(struct sandbox *sandbox, size_t index) __attribute__((warn_unused_result));

/* Takes the entries of protected paths away again; called when the job is empty. */
void run_lift_protection(struct sandbox *sandbox);

/* Is `path`, or anything above it, one of the roots? (The state, the shim and the events file must not be writable.) */
bool run_path_in_roots(const struct sandbox *sandbox, const wchar_t *path) __attribute__((warn_unused_result));

/* Finds the program that the first word names, as cmd.exe would: a full DOS path, malloc'ed. Returns 0 or the exit
 * code, after a message. */
int run_find_program(const wchar_t *word, wchar_t **path);

/* The command line that gives the program the words of `command`. malloc'ed; NULL when it is too long. */
wchar_t *run_command_line(wchar_t **command);

/* Starts the program in `job` and waits for it. Returns 0 and its exit code in *code, or sbx's own exit code after a
 * message. */
struct run_child {
    const wchar_t *program;
    wchar_t *command_line;
    const wchar_t *temp;    /* TEMP and TMP of the child */
    const BYTE *shim_block; /* NULL without --broker */
    HANDLE token;
};
int run_child_start(struct sandbox *sandbox, const struct run_child *child, PROCESS_INFORMATION *process);

int cmd_run(int argc, wchar_t **argv);

#endif
