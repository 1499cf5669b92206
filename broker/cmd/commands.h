/* The commands that look at and mend what sbx has put on the disk, for the table in table.c. */
#ifndef SBX_BROKER_CMD_COMMANDS_H
#define SBX_BROKER_CMD_COMMANDS_H

#include "broker/base/cli.h"

/* All commands, ended by a NULL name (in table.c). */
extern const struct cli_command cli_commands[];

/* `sbx help [COMMAND] [--markdown]`: from the table. */
int cmd_help(int argc, wchar_t **argv);
/* Help for one command, on stdout. */
void cli_print_help(const struct cli_command *command);

/* `sbx roots list | show PATH | repair PATH | clean PATH | clean --all | relabel [PATH]`. `argv` holds the words after
 * "roots". Returns 0, 1 when show finds something that is not as it should be, SBX_EXIT_FAILED after a message. */
int cmd_roots(int argc, wchar_t **argv);
extern const struct cli_option roots_options[];

/* `sbx explain [--op OP] PATH`: 0 when it is allowed inside, 1 when not, SBX_EXIT_FAILED after a message. */
int cmd_explain(int argc, wchar_t **argv);
extern const struct cli_option explain_options[];

/* `sbx doctor`: 0 when all is well, 1 when something was found, SBX_EXIT_FAILED after a message. */
int cmd_doctor(int argc, wchar_t **argv);
extern const struct cli_option doctor_options[];

/* `sbx undo list | show RUN | restore RUN [PATH...] | prune`: 0, 1 when restore could not put everything back,
 * SBX_EXIT_FAILED after a message. */
int cmd_undo(int argc, wchar_t **argv);
extern const struct cli_option undo_options[];

/* `sbx hide add PATH... | list | remove PATH...`: 0, SBX_EXIT_FAILED after a message. */
int cmd_hide(int argc, wchar_t **argv);
extern const struct cli_option hide_options[];

extern const struct cli_option events_options[];
int cmd_events(int argc, wchar_t **argv);

#endif
