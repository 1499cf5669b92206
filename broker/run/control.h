/*
 * The run as seen by the program that started sbx: it holds the other end of a pipe, and can end the run through it.
 */
#ifndef SBX_BROKER_RUN_CONTROL_H
#define SBX_BROKER_RUN_CONTROL_H

#include "broker/base/nt.h"

#include <stdbool.h>

/**
 * Take the inherited handle that `--control` names. The program inside does not inherit it.
 * @param number the handle's value in decimal
 * @param control receives the handle; it stays open until sbx ends
 * @return false, after a message, when the number is no handle of a pipe
 */
__attribute__((warn_unused_result)) bool control_take(const wchar_t *number, HANDLE *control);

/**
 * End every process of `job` (borrowed, open until sbx ends) once a byte arrives or the last writer has gone.
 * @param control what control_take gave
 * @return a Win32 error, 0 when the pipe is watched from now on
 */
__attribute__((warn_unused_result)) DWORD control_watch(HANDLE control, HANDLE job);

/** Did the run end because of the pipe? */
bool control_stopped(void);

#endif
