/* The commands. */
#include "broker/base/cli.h"
#include "broker/cmd/commands.h"
#include "broker/run/options.h"
#include "broker/run/run.h"
#include "broker/sandbox/events.h"

static const struct cli_option no_options[] = {{NULL, NULL, NULL}};

const struct cli_command cli_commands[] = {
    {L"run", L"[OPTION...] -- COMMAND [ARGUMENT...]", L"Run a program that can write only in the writable roots.",
     L"The program runs under a strict restricted token. It reads what you can read and writes below the writable "
     L"roots and "
     L"in a private TEMP that is removed afterwards. With --broker its rename, delete and replace calls work there, "
     L"each checked "
     L"by sbx. When the program ends, everything it started ends too.\n"
     L"\n"
     L"Exit code: the program's own; 125 when sbx failed, 126 when the program cannot be executed, 127 when it is not "
     L"found.",
     run_options, cmd_run},
    {L"roots", L"list | show PATH | repair PATH | clean PATH | clean --all | relabel [PATH]",
     L"Show, mend or take away what sbx has put on writable roots.",
     L"list: the roots that sbx knows and how they are.\n"
     L"show: the access control entries of PATH as icacls prints them, ours marked.\n"
     L"repair: put back what is missing, on PATH and everything below.\n"
     L"clean: take away every entry of sbx from PATH and everything below, and forget the root. Any path may be given, "
     L"a file that "
     L"was moved out of a root too.\n"
     L"relabel: set executables made inside (all roots, or below PATH) back from Low to Medium integrity, so that they "
     L"run at the "
     L"usual level outside.\n"
     L"\n"
     L"Exit code: 0; 1 when show finds something missing; 125 when something could not be done.",
     roots_options, cmd_roots},
    {L"explain", L"[--op OP] [--integrity LEVEL] [--json] PATH",
     L"Say what a sandboxed program may do to a path, and why.",
     L"Asks the system with the token that a run would have, and names the entry that decides. Without --op all "
     L"operations are "
     L"shown: read, write, create, rename, delete.\n"
     L"\n"
     L"Exit code: 0; with --op 1 when the operation is denied; 125 when sbx failed.",
     explain_options, cmd_explain},
    {L"doctor", L"[--json]", L"Check this machine for what sbx relies on and for what was left behind.",
     L"Tries on a file of its own whether the system confines a restricted token and takes integrity labels; looks at "
     L"the roots, "
     L"the state directory and the directories of PATH.\n"
     L"\n"
     L"Exit code: 0 when all is well; 1 when there is a warning or a failure; 125 when sbx failed.",
     doctor_options, cmd_doctor},
    {L"hide", L"add PATH... | list | remove PATH...",
     L"Keep files and directories from being read by sandboxed programs.",
     L"add: no program at Low integrity, which is what run --broker starts, can read, change or execute PATH and what "
     L"is "
     L"below it, in this run and all later ones. A label on the files says so; programs outside are not concerned.\n"
     L"list: what is hidden, for good or by a run that goes on.\n"
     L"remove: show it again. What had a label of its own gets it back.\n"
     L"\n"
     L"For one run: sbx run --hide PATH, --hide-secrets. docs/hide.md says what this stops and what it does not.\n"
     L"\n"
     L"Exit code: 0; 125 when something could not be done.",
     hide_options, cmd_hide},
    {L"events", L"FILE", L"Show the events that sbx run --events wrote, one a line.",
     L"Exit code: 0; 1 when a line is not an event; 125 when the file cannot be read.", events_options, cmd_events},
    {L"undo", L"list | show RUN | restore RUN [PATH...] | prune", L"Put back what sbx run --undo kept.",
     L"list: the runs, with what each deleted, replaced or renamed through the broker.\n"
     L"show: every object of one run.\n"
     L"restore: put back everything, or what was or is at or below PATH, with content, times and attributes. What was "
     L"changed after the run "
     L"stays, unless --force is given. What has to make way is kept in a run of its own.\n"
     L"prune: remove runs older than 30 days, and the oldest ones while all runs together hold more than 8 GiB.\n"
     L"\n"
     L"Exit code: 0; 1 when restore could not put everything back; 125 when sbx failed.",
     undo_options, cmd_undo},
    {L"help", L"[COMMAND]", L"Show the commands, or one command.", L"", no_options, cmd_help},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};
