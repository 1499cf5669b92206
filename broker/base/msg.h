/* What sbx says to people: whole lines of UTF-8, written at once, with nothing in them that a terminal would act on. */
#ifndef SBX_BROKER_BASE_MSG_H
#define SBX_BROKER_BASE_MSG_H

#include "broker/base/nt.h"

#include <stdbool.h>
#include <stddef.h>

/* Longest line, in UTF-16 units; what is longer is cut and ends in "...". */
#define MSG_MAX 4096

/* The compiler compares the format with its arguments: %ls for wide and %s for narrow strings, no %z, of which older C
 * libraries of Windows know nothing. */
#define MSG_FORMAT __attribute__((format(gnu_printf, 1, 2)))

/* One line on stderr: "sbx: " and the text, for msg_warn "sbx: warning: " and the text. GetLastError() is kept. */
void msg_error(const char *format, ...) MSG_FORMAT;
void msg_warn(const char *format, ...) MSG_FORMAT;
/* Has msg_error been called? */
bool msg_error_was_told(void);

/* The same without a prefix: on stderr, and on stdout. */
void msg_note(const char *format, ...) MSG_FORMAT;
void msg_line(const char *format, ...) MSG_FORMAT;

/* Bytes as they are (JSON, made UTF-8 by its writer) and a newline, on stdout. */
void msg_bytes(const char *text);

/* Overwrites the last progress line. Does nothing when stderr is no terminal. Ended (erased) by msg_progress_end. */
void msg_progress(const char *format, ...) MSG_FORMAT;
void msg_progress_end(void);

/* Copies `text` (`units` long) into `out` (`size` units, always terminated) with control characters, direction marks
 * and lone surrogates written as \uXXXX. Returns the length of the result. */
size_t msg_escape(const wchar_t *text, size_t units, wchar_t *out, size_t size);

/* UTF-8 of `text`, malloc'ed, owned by the caller; NULL when memory is short or when `text` is no valid UTF-16. */
char *msg_utf8(const wchar_t *text);

/* UTF-16 of `text`, malloc'ed, owned by the caller; NULL when memory is short or when `text` is no valid UTF-8. */
wchar_t *msg_utf16(const char *text);

/* A short text for a status, as "Access is denied" (never NULL, no newline). For a status without a text of its own:
 * the number. The result lasts until the same thread calls the next 4 times. */
const wchar_t *msg_status_text(NTSTATUS status);

/* The same for a Win32 error. */
const wchar_t *msg_win32_text(DWORD error);

#endif
