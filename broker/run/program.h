/* The program of a run: where it is, and the command line that it gets. */
#ifndef SBX_BROKER_RUN_PROGRAM_H
#define SBX_BROKER_RUN_PROGRAM_H

#include "broker/base/nt.h"

/* Finds the program that the first word names, as cmd.exe would: a full DOS path, malloc'ed. Returns 0 or the exit
 * code, after a message. */
int run_find_program(const wchar_t *word, wchar_t **path);

/* The command line that gives the program the words of `command`. malloc'ed; NULL when it is too long. */
wchar_t *run_command_line(wchar_t **command);

#endif
