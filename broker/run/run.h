/* `sbx run`: one program in the sandbox. */
#ifndef SBX_BROKER_RUN_RUN_H
#define SBX_BROKER_RUN_RUN_H

#include <wchar.h>

/* `argv` holds the words after "run". Returns the program's exit code, or sbx's own (125 to 127) after a message. */
int cmd_run(int argc, wchar_t **argv);

#endif
