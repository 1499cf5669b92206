/* Which program the words of a command mean, and how they are put into a command line. */
#include "broker/run/program.h"

#include "broker/base/cli.h"
#include "broker/base/msg.h"

#include <stdlib.h>
#include <string.h>

#define PATH_UNITS 32768u

static bool has_directory(const wchar_t *word) { return wcspbrk(word, L"\\/:") != NULL; }

static const wchar_t *extension_of(const wchar_t *word) {
    const wchar_t *dot = wcsrchr(word, L'.'), *slash = wcspbrk(word, L"\\/");
    while (slash && wcspbrk(slash + 1, L"\\/")) {
        slash = wcspbrk(slash + 1, L"\\/");
    }
    return dot && (!slash || dot > slash) ? dot : NULL;
}

static bool is_file(const wchar_t *path) {
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* `word` with `extension` (may be ""), as a path or by PATH. */
static bool try_one(const wchar_t *word, const wchar_t *extension, wchar_t *buffer) {
    size_t units = wcslen(word), more = wcslen(extension);
    if (units + more >= PATH_UNITS) {
        return false;
    }
    if (!has_directory(word)) {
        wchar_t *file;
        DWORD length = SearchPathW(NULL, word, more ? extension : NULL, PATH_UNITS, buffer, &file);
        return length && length < PATH_UNITS && is_file(buffer);
    }
    wchar_t *whole = malloc((units + more + 1) * sizeof(wchar_t));
    if (!whole) {
        return false;
    }
    memcpy(whole, word, units * sizeof(wchar_t));
    memcpy(whole + units, extension, (more + 1) * sizeof(wchar_t));
    DWORD length = GetFullPathNameW(whole, PATH_UNITS, buffer, NULL);
    free(whole);
    return length && length < PATH_UNITS && is_file(buffer);
}

static bool try_extensions(const wchar_t *word, wchar_t *buffer) {
    wchar_t list[1024];
    DWORD length = GetEnvironmentVariableW(L"PATHEXT", list, 1024);
    if (!length || length >= 1024) {
        wcscpy(list, L".COM;.EXE;.BAT;.CMD");
    }
    for (wchar_t *extension = list; *extension;) {
        wchar_t *end = extension + wcscspn(extension, L";");
        bool last = !*end;
        *end = 0;
        if (*extension && try_one(word, extension, buffer)) {
            return true;
        }
        extension = last ? end : end + 1;
    }
    return false;
}

int run_find_program(const wchar_t *word, wchar_t **path) {
    wchar_t *buffer = malloc(PATH_UNITS * sizeof(wchar_t));
    *path = NULL;
    if (!buffer) {
        msg_error("not enough memory");
        return SBX_EXIT_FAILED;
    }
    if (word[0] && ((extension_of(word) && try_one(word, L"", buffer)) || try_extensions(word, buffer) ||
                    try_one(word, L"", buffer))) {
        *path = buffer;
        return 0;
    }
    free(buffer);
    DWORD attributes = has_directory(word) ? GetFileAttributesW(word) : INVALID_FILE_ATTRIBUTES;
    if (attributes != INVALID_FILE_ATTRIBUTES) {
        msg_error("%ls is a directory and cannot be executed", word);
        return SBX_EXIT_CANNOT_EXECUTE;
    }
    msg_error("%ls: command not found; check the name and PATH", word);
    return SBX_EXIT_NOT_FOUND;
}

/* One word as CommandLineToArgvW and the C runtime read it back. */
static wchar_t *put_quoted(wchar_t *at, const wchar_t *word) {
    if (word[0] && !wcspbrk(word, L" \t\n\v\"")) {
        size_t length = wcslen(word);
        memcpy(at, word, length * sizeof(wchar_t));
        return at + length;
    }
    *at++ = L'"';
    for (;; word++) {
        size_t slashes = 0;
        for (; *word == L'\\'; word++) {
            slashes++;
        }
        size_t doubled = *word == 0 ? 2 * slashes : *word == L'"' ? 2 * slashes + 1 : slashes;
        for (; doubled; doubled--) {
            *at++ = L'\\';
        }
        if (!*word) {
            break;
        }
        *at++ = *word;
    }
    *at++ = L'"';
    return at;
}

wchar_t *run_command_line(wchar_t **command) {
    size_t units = 1;
    for (wchar_t **word = command; *word; word++) {
        units += 2 * wcslen(*word) + 3;
    }
    wchar_t *line = malloc(units * sizeof(wchar_t)), *at = line;
    for (wchar_t **word = command; line && *word; word++) {
        if (word != command) {
            *at++ = L' ';
        }
        at = put_quoted(at, *word);
    }
    if (line) {
        *at = 0;
        if (at - line >= (ptrdiff_t)PATH_UNITS - 1) {
            free(line);
            line = NULL;
        }
    }
    return line;
}
