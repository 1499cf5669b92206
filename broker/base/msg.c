#include "broker/base/msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define TEXT_RING 4
#define TEXT_MAX 200
#define FORMAT_MAX 600

static bool is_high(wchar_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static bool is_low(wchar_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/* What a terminal or a reader could be misled by: C0, DEL, C1, line separators and marks that change the direction of
 * text. */
static bool is_control(wchar_t unit) {
    return unit < 0x20 || (unit >= 0x7F && unit <= 0x9F) || unit == 0x061C || unit == 0x200E || unit == 0x200F ||
           (unit >= 0x2028 && unit <= 0x202E) || (unit >= 0x2066 && unit <= 0x2069) || unit == 0xFEFF;
}

size_t msg_escape(const wchar_t *text, size_t units, wchar_t *out, size_t size) {
    static const wchar_t digits[] = L"0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < units; i++) {
        bool pair = is_high(text[i]) && i + 1 < units && is_low(text[i + 1]);
        bool escape = is_control(text[i]) || (!pair && (is_high(text[i]) || is_low(text[i])));
        size_t need = escape ? 6 : pair ? 2 : 1;
        if (used + need + 1 > size) {
            break;
        }
        if (escape) {
            out[used++] = L'\\';
            out[used++] = L'u';
            for (int shift = 12; shift >= 0; shift -= 4) {
                out[used++] = digits[(text[i] >> shift) & 15];
            }
        } else {
            out[used++] = text[i];
            if (pair) {
                out[used++] = text[++i];
            }
        }
    }
    if (size) {
        out[used] = 0;
    }
    return used;
}

static void write_text(HANDLE stream, const wchar_t *text, size_t units) {
    DWORD mode, written;
    if (GetConsoleMode(stream, &mode)) {
        WriteConsoleW(stream, text, (DWORD)units, &written, NULL);
        return;
    }
    char bytes[3 * (MSG_MAX + 40)];
    int size = WideCharToMultiByte(CP_UTF8, 0, text, (int)units, bytes, sizeof(bytes), NULL, NULL);
    if (size > 0) {
        WriteFile(stream, bytes, (DWORD)size, &written, NULL);
    }
}

/* Windows' wide functions take %s for a wide string and %hs for a narrow one. Formats are ASCII. */
static void widen_format(const char *format, wchar_t *wide) {
    size_t used = 0;
    bool in_conversion = false;
    for (; *format && used < FORMAT_MAX - 2; format++) {
        if (in_conversion && *format == 's') {
            wide[used++] = L'h';
        }
        in_conversion = *format == '%' ? !in_conversion : in_conversion && strchr("-0123456789.*", *format);
        wide[used++] = (wchar_t)*format;
    }
    wide[used] = 0;
}

/* start and end are trusted and not escaped. */
static void write_message(DWORD stream, const wchar_t *start, const char *format, va_list arguments,
                          const wchar_t *end) {
    DWORD error = GetLastError();
    wchar_t raw[MSG_MAX], line[MSG_MAX + 32], wide[FORMAT_MAX];
    widen_format(format, wide);
    int units = _vsnwprintf(raw, MSG_MAX - 1, wide, arguments);
    bool cut = units < 0 || units >= MSG_MAX - 1;
    raw[MSG_MAX - 1] = 0;
    size_t used = wcslen(start);
    wmemcpy(line, start, used);
    size_t raw_units = wcslen(raw);
    used += msg_escape(raw, raw_units, line + used, MSG_MAX - used);
    if (cut || used + 8 >= MSG_MAX) {
        wmemcpy(line + used, L"...", 3);
        used += 3;
    }
    size_t end_units = wcslen(end);
    wmemcpy(line + used, end, end_units);
    HANDLE handle = GetStdHandle(stream);
    if (handle && handle != INVALID_HANDLE_VALUE) {
        write_text(handle, line, used + end_units);
    }
    SetLastError(error);
}

static volatile LONG errors;

void msg_error(const char *format, ...) {
    va_list arguments;
    InterlockedIncrement(&errors);
    va_start(arguments, format);
    write_message(STD_ERROR_HANDLE, L"sbx: ", format, arguments, L"\r\n");
    va_end(arguments);
}

bool msg_error_was_told(void) { return errors != 0; }

void msg_warn(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(STD_ERROR_HANDLE, L"sbx: warning: ", format, arguments, L"\r\n");
    va_end(arguments);
}

void msg_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(STD_ERROR_HANDLE, L"", format, arguments, L"\r\n");
    va_end(arguments);
}

void msg_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(STD_OUTPUT_HANDLE, L"", format, arguments, L"\r\n");
    va_end(arguments);
}

void msg_bytes(const char *text) {
    HANDLE stream = GetStdHandle(STD_OUTPUT_HANDLE);
    size_t size = strlen(text) + 3;
    char *line = malloc(size);
    DWORD written;
    if (line && stream && stream != INVALID_HANDLE_VALUE) {
        int units = snprintf(line, size, "%s\r\n", text);
        WriteFile(stream, line, (DWORD)units, &written, NULL);
    }
    free(line);
}

static bool error_is_terminal(void) {
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode);
}

void msg_progress(const char *format, ...) {
    if (!error_is_terminal()) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_message(STD_ERROR_HANDLE, L"\r", format, arguments, L"    ");
    va_end(arguments);
}

void msg_progress_end(void) {
    static const wchar_t blank[] =
        L"\r                                                                               \r";
    if (error_is_terminal()) {
        write_text(GetStdHandle(STD_ERROR_HANDLE), blank, wcslen(blank));
    }
}

char *msg_utf8(const wchar_t *text) {
    int size = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, NULL, 0, NULL, NULL);
    char *bytes = size > 0 ? malloc((size_t)size) : NULL;
    if (bytes) {
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, bytes, size, NULL, NULL);
    }
    return bytes;
}

wchar_t *msg_utf16(const char *text) {
    int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = units > 0 ? malloc((size_t)units * sizeof(wchar_t)) : NULL;
    if (wide) {
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, units);
    }
    return wide;
}

/* The next of a thread's few buffers, so that one message can hold several texts. */
static wchar_t *next_text(void) {
    static _Thread_local wchar_t ring[TEXT_RING][TEXT_MAX];
    static _Thread_local unsigned turn;
    return ring[turn++ % TEXT_RING];
}

const wchar_t *msg_win32_text(DWORD error) {
    wchar_t *text = next_text();
    DWORD units = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, text,
                                 TEXT_MAX - 1, NULL);
    while (units && (text[units - 1] == L'\n' || text[units - 1] == L'\r' || text[units - 1] == L'.' ||
                     text[units - 1] == L' ')) {
        units--;
    }
    text[units] = 0;
    if (!units) {
        _snwprintf(text, TEXT_MAX - 1, L"Windows error %lu", (unsigned long)error);
    }
    return text;
}

const wchar_t *msg_status_text(NTSTATUS status) {
    DWORD error = RtlNtStatusToDosError(status);
    if (error != ERROR_MR_MID_NOT_FOUND) {
        return msg_win32_text(error);
    }
    wchar_t *text = next_text();
    _snwprintf(text, TEXT_MAX - 1, L"NT status %08lx", (unsigned long)status);
    return text;
}
