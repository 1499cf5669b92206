/*
 * The console that a run shares with its program.
 *
 * The program reads keys, sees the window's size and gets Ctrl-C from the console itself; sbx only waits for it.
 */
#ifndef SBX_BROKER_BASE_CONSOLE_H
#define SBX_BROKER_BASE_CONSOLE_H

#include "broker/base/nt.h"

#include <stdbool.h>

/**
 * Remember the console's modes and code pages, and keep Ctrl-C and Ctrl-Break from ending sbx before its program.
 */
void console_begin(void);

/**
 * From now on Ctrl-C is the program's business; closing the window ends `job` (borrowed until console_end).
 * @return false when Ctrl-C was pressed before this call: the program is not to be started
 */
__attribute__((warn_unused_result)) bool console_give(HANDLE job);

/** Was Ctrl-C pressed before the program had the console? Never so without console_begin. */
bool console_interrupted(void);

/**
 * Put the modes and code pages back as they were: a program that was ended could not. The run is over, and a close of
 * the window that waits for it may go on.
 */
void console_end(void);

#endif
