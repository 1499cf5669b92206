#include "broker/base/msg.h"
#include "broker/cmd/commands.h"

static bool wants_help(int argc, wchar_t **argv) {
    for (int i = 0; i < argc && wcscmp(argv[i], L"--") != 0; i++) {
        if (argv[i][0] != L'-') {
            return false;
        }
        if (!wcscmp(argv[i], L"--help") || !wcscmp(argv[i], L"-h")) {
            return true;
        }
    }
    return false;
}

int wmain(int argc, wchar_t **argv); /* no header has it */

int wmain(int argc, wchar_t **argv) {
    if (argc < 2) {
        msg_error("no command; try: sbx run --broker --writable-root DIR -- COMMAND, or sbx help");
        return SBX_EXIT_FAILED;
    }
    if (!wcscmp(argv[1], L"--version")) {
        msg_line("sbx %s", SBX_VERSION);
        return 0;
    }
    if (!wcscmp(argv[1], L"--help") || !wcscmp(argv[1], L"-h")) {
        return cmd_help(0, argv + argc);
    }
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        if (wcscmp(command->name, argv[1]) != 0) {
            continue;
        }
        if (wants_help(argc - 2, argv + 2)) {
            cli_print_help(command);
            return 0;
        }
        int code = command->run(argc - 2, argv + 2);
        if (code == SBX_EXIT_FAILED && !msg_error_was_told()) {
            /* What fails without a message of its own is an allocation. */
            msg_error("not enough memory");
        }
        return code;
    }
    const wchar_t *nearest = cli_nearest_command(cli_commands, argv[1]);
    if (nearest) {
        msg_error("unknown command %ls; did you mean %ls?", argv[1], nearest);
    } else {
        msg_error("unknown command %ls; see sbx help", argv[1]);
    }
    return SBX_EXIT_FAILED;
}
