/* Commands and options: the one table that the parser, `sbx help`, docs/cli.md and the completion files are made from.
 */
#ifndef SBX_BROKER_BASE_CLI_H
#define SBX_BROKER_BASE_CLI_H

#include <stdbool.h>
#include <wchar.h>

#define SBX_EXIT_FAILED 125
#define SBX_EXIT_CANNOT_EXECUTE 126
#define SBX_EXIT_NOT_FOUND 127

struct cli_option {
    const wchar_t *name;     /* L"--writable-root" */
    const wchar_t *argument; /* L"DIR", NULL for a switch */
    const wchar_t *help;     /* one sentence */
};

struct cli_command {
    const wchar_t *name;
    const wchar_t *usage;                 /* what follows the name, as in "list | show PATH" */
    const wchar_t *summary;               /* one line */
    const wchar_t *details;               /* paragraphs for `sbx help COMMAND` and docs/cli.md, may be L"" */
    const struct cli_option *options;     /* ends with a NULL name */
    int (*run)(int argc, wchar_t **argv); /* words after the command; returns the exit code */
};

/* Walks the words of a command. At each call: returns the index of the option in `options` and its argument (NULL for a
 * switch) in *value; CLI_WORD and the word in *value for a word that is no option; CLI_END at the end or after "--"
 * (then *next is the first word behind it); CLI_ERROR after one message on stderr (unknown option with the nearest
 * name, missing argument). Both
 * `--name value` and `--name=value` are taken. *next starts at 0. */
enum { CLI_END = -1, CLI_WORD = -2, CLI_ERROR = -3 };
int cli_next(const struct cli_option *options, int argc, wchar_t **argv, int *next, const wchar_t **value);

/* The command of `commands` (ended by a NULL name) whose name is nearest to `word`, or NULL. */
const wchar_t *cli_nearest_command(const struct cli_command *commands, const wchar_t *word);

#endif
