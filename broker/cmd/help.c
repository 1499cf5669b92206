/* `sbx help`, and docs/cli.md: both from the command table. */
#include "broker/base/msg.h"
#include "broker/cmd/commands.h"

#include <stdbool.h>
#include <wchar.h>

static const struct cli_option help_options[] = {
    {L"--markdown", NULL, L"All commands as the text of docs/cli.md."},
    {NULL, NULL, NULL},
};

static void print_options(const struct cli_option *options, bool markdown) {
    for (const struct cli_option *option = options; option->name; option++) {
        const wchar_t *space = option->argument ? L" " : L"", *argument = option->argument ? option->argument : L"";
        if (markdown) {
            msg_line("| `%ls%ls%ls` | %ls |", option->name, space, argument, option->help);
        } else {
            msg_line("  %ls%ls%ls", option->name, space, argument);
            msg_line("        %ls", option->help);
        }
    }
}

/* Paragraphs, one line each in the table. */
static void print_details(const wchar_t *text) {
    while (*text) {
        size_t length = wcscspn(text, L"\n");
        msg_line("%.*ls", (int)length, text);
        text += length + (text[length] == L'\n');
    }
}

void cli_print_help(const struct cli_command *command) {
    msg_line("usage: sbx %ls %ls", command->name, command->usage);
    msg_line("%ls", command->summary);
    if (command->options->name) {
        msg_line("");
        msg_line("Options:");
        print_options(command->options, false);
    }
    if (command->details[0]) {
        msg_line("");
        print_details(command->details);
    }
}

static void print_overview(void) {
    msg_line("sbx runs a program that reads what you can read and changes only what you said.");
    msg_line("");
    msg_line("  sbx run --broker --writable-root DIR -- COMMAND [ARGUMENT...]");
    msg_line("");
    msg_line("Commands:");
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        msg_line("  %-10ls %ls", command->name, command->summary);
    }
    msg_line("");
    msg_line("sbx help COMMAND shows a command's options; sbx --version the version.");
}

static void print_markdown(void) {
    msg_line("# Commands");
    msg_line("");
    msg_line("This page is the output of `sbx help --markdown`.");
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        msg_line("");
        msg_line("## sbx %ls", command->name);
        msg_line("");
        msg_line("%ls", command->summary);
        msg_line("");
        msg_line("    sbx %ls %ls", command->name, command->usage);
        if (command->options->name) {
            msg_line("");
            msg_line("| option | meaning |");
            msg_line("|---|---|");
            print_options(command->options, true);
        }
        if (command->details[0]) {
            msg_line("");
            print_details(command->details);
        }
    }
}

int cmd_help(int argc, wchar_t **argv) {
    int next = 0;
    for (;;) {
        const wchar_t *value;
        int option = cli_next(help_options, argc, argv, &next, &value);
        if (option == CLI_ERROR) {
            return SBX_EXIT_FAILED;
        }
        if (option == CLI_END) {
            print_overview();
            return 0;
        }
        if (option == CLI_WORD) {
            for (const struct cli_command *command = cli_commands; command->name; command++) {
                if (!wcscmp(command->name, value)) {
                    cli_print_help(command);
                    return 0;
                }
            }
            msg_error("no command %ls; see sbx help", value);
            return SBX_EXIT_FAILED;
        }
        print_markdown();
        return 0;
    }
}
