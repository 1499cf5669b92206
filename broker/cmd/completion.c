/* `sbx completion bash | powershell`: a script for the shell, from the command table. */
#include "broker/base/msg.h"
#include "broker/base/nt.h"
#include "broker/cmd/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct cli_option completion_options[] = {{NULL, NULL, NULL}};

/* The words that an argument may be. What is named DIR is a directory; anything else is completed as a file. */
static const struct {
    const wchar_t *argument;
    const char *words;
} choices[] = {
    {L"LEVEL", "low medium"},
    {L"WHAT", "root all"},
    {L"OP", "read write create rename delete"},
};

/* A bash that runs on Windows takes a carriage return for part of a word, so lines end in a newline alone. */
static bool put(const char *format, ...) {
    char line[4096];
    DWORD written;
    va_list arguments;
    va_start(arguments, format);
    int units = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return units >= 0 && units < (int)sizeof(line) &&
           WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)units, &written, NULL) && written == (DWORD)units;
}

static const char *choice(const wchar_t *argument) {
    for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
        if (!wcscmp(choices[i].argument, argument)) {
            return choices[i].words;
        }
    }
    return NULL;
}

/* The verbs of a command, as list and show in "list | show PATH": calls `each` once for every one. */
static bool each_verb(const struct cli_command *command, bool (*each)(const wchar_t *verb, size_t length)) {
    const wchar_t *at = command->usage, *last = L"";
    size_t last_length = 0;
    while (at) {
        size_t length = wcscspn(at, L" ");
        bool verb = at[0] >= L'a' && at[0] <= L'z';
        if (verb && (length != last_length || wcsncmp(at, last, length) != 0) && !each(at, length)) {
            return false;
        }
        last = at;
        last_length = length;
        at = wcsstr(at, L" | ");
        at = at ? at + 3 : NULL;
    }
    return true;
}

static bool each_command_name(bool (*each)(const wchar_t *verb, size_t length)) {
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (!each(command->name, wcslen(command->name))) {
            return false;
        }
    }
    return true;
}

/* The words that may follow a command before any option. */
static bool each_word(const struct cli_command *command, bool (*each)(const wchar_t *verb, size_t length)) {
    return command->run == cmd_help ? each_command_name(each) : each_verb(command, each);
}

static bool bash_word(const wchar_t *word, size_t length) { return put(" %.*ls", (int)length, word); }

static bool bash_arguments(const struct cli_command *command) {
    for (const struct cli_option *option = command->options; option->name; option++) {
        const char *words = option->argument ? choice(option->argument) : NULL;
        if (!option->argument) {
            continue;
        }
        bool ok = words ? put("    %ls:%ls) _sbx_reply -W '%s' ;;\n", command->name, option->name, words)
                        : put("    %ls:%ls) _sbx_reply %s ;;\n", command->name, option->name,
                              wcscmp(option->argument, L"DIR") ? "-f" : "-d");
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool bash_options(const struct cli_command *command) {
    bool ok = put("    %ls:-*) _sbx_reply -W '--help", command->name);
    for (const struct cli_option *option = command->options; ok && option->name; option++) {
        ok = put(" %ls", option->name);
    }
    return ok && put("' ;;\n");
}

static bool bash_words(const struct cli_command *command) {
    return put("    %ls:*) _sbx_reply -f -W '", command->name) && each_word(command, bash_word) && put("' ;;\n");
}

static bool each_command(bool (*each)(const struct cli_command *command)) {
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (!each(command)) {
            return false;
        }
    }
    return true;
}

static bool bash(void) {
    return put("# Completion of sbx for bash. Made by: sbx completion bash\n"
               "_sbx_reply() {\n"
               "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
               "    case $1 in -d | -f | -c) compopt -o filenames 2> /dev/null ;; esac\n"
               "}\n"
               "_sbx() {\n"
               "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} "
               "i\n"
               "    COMPREPLY=()\n"
               "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
               "        _sbx_reply -W '--help --version") &&
           each_command_name(bash_word) &&
           put("'\n"
               "        return\n"
               "    fi\n"
               "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
               "        if [ \"${COMP_WORDS[i]}\" = -- ]; then\n"
               "            if [ $i -eq $((COMP_CWORD - 1)) ]; then _sbx_reply -c; else _sbx_reply -f; fi\n"
               "            return\n"
               "        fi\n"
               "    done\n"
               "    case $command:$before in\n") &&
           each_command(bash_arguments) && put("    *) case $command:$word in\n") && each_command(bash_options) &&
           each_command(bash_words) &&
           put("    esac ;;\n"
               "    esac\n"
               "}\n"
               "complete -F _sbx sbx sbx.exe\n");
}

/* In single quotes, as PowerShell reads it: a quote is said by two. */
static bool powershell_text(const wchar_t *text) {
    bool ok = put("'");
    for (; ok && *text; text++) {
        ok = *text == L'\'' ? put("''") : put("%lc", *text);
    }
    return ok && put("'");
}

static bool powershell_word(const wchar_t *word, size_t length) {
    return put("        , @('%.*ls', 'word')\n", (int)length, word);
}

static bool powershell_command(const struct cli_command *command) {
    bool ok = put("    '%ls' = @(\n", command->name) && each_word(command, powershell_word);
    for (const struct cli_option *option = command->options; ok && option->name; option++) {
        ok = put("        , @('%ls', ", option->name) && powershell_text(option->help) && put(")\n");
    }
    return ok && put("        , @('--help', 'Help for this command.')\n    )\n");
}

static bool powershell_choices(void) {
    bool ok = put("$global:sbxArguments = @{\n");
    for (const struct cli_command *command = cli_commands; ok && command->name; command++) {
        for (const struct cli_option *option = command->options; ok && option->name; option++) {
            const char *words = option->argument ? choice(option->argument) : "";
            ok = !option->argument || put("    '%ls %ls' = '%s'\n", command->name, option->name, words ? words : "");
        }
    }
    return ok && put("}\n");
}

static bool powershell_top(const struct cli_command *command) {
    return put("        , @('%ls', ", command->name) && powershell_text(command->summary) && put(")\n");
}

static bool powershell(void) {
    return put("# Completion of sbx for PowerShell. Made by: sbx completion powershell\n"
               "$global:sbxWords = @{\n"
               "    '' = @(\n") &&
           each_command(powershell_top) &&
           put("        , @('--help', 'The commands.')\n        , @('--version', 'The version.')\n    )\n") &&
           each_command(powershell_command) && put("}\n") && powershell_choices() &&
           put("Register-ArgumentCompleter -Native -CommandName sbx, sbx.exe -ScriptBlock {\n"
               "    param($word, $ast, $position)\n"
               "    $said = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } |\n"
               "        ForEach-Object { $_.Extent.Text })\n"
               "    if ($said -contains '--') { return }\n"
               "    $command = if ($said.Count -gt 1) { $said[1] } else { '' }\n"
               "    $values = $global:sbxArguments[\"$command $($said[-1])\"]\n"
               "    # An empty answer makes PowerShell complete files.\n"
               "    if ($null -ne $values) { $words = $values.Split(' ') | ForEach-Object { , @($_, $_) } }\n"
               "    else { $words = $global:sbxWords[$command] }\n"
               "    $words | Where-Object { $_[0] -and $_[0].StartsWith($word) } | ForEach-Object {\n"
               "        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])\n"
               "    }\n"
               "}\n");
}

int cmd_completion(int argc, wchar_t **argv) {
    int next = 0;
    const wchar_t *shell;
    int option = cli_next(completion_options, argc, argv, &next, &shell);
    if (option == CLI_ERROR) {
        return SBX_EXIT_FAILED;
    }
    bool is_bash = shell && !wcscmp(shell, L"bash");
    if (option == CLI_END || next < argc || (!is_bash && wcscmp(shell, L"powershell") != 0)) {
        msg_error(L"usage: sbx completion bash | powershell");
        return SBX_EXIT_FAILED;
    }
    if (!(is_bash ? bash() : powershell())) {
        msg_error(L"the script cannot be written: %ls", msg_win32_text(GetLastError()));
        return SBX_EXIT_FAILED;
    }
    return 0;
}
