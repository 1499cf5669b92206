/* usage: soak --prepare ROOT OPERATIONS                           files that the stamps of the mix use up
 *        soak --work ROOT OUTSIDE OPERATIONS SAMPLES KEEPING      inside; KEEPING: nothing, connections or own
 *        soak --once ROOT NAME [--wait]                           inside: the run's pipe is printed, one replace
 *        soak --short ROOT NAME                                   inside: one replace
 *        soak --sample | --processes | --pipes                    outside: look.c */
#include "soak.h"

#include "../attack/attack.h"

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

/* For the connections of ../attack/wire.c. */
struct scene scene;
void detail(const char *format, ...) { (void)format; }

void need(BOOL done, const wchar_t *what) {
    if (!done) {
        fprintf(stderr, "soak: %ls: error %lu\n", what, GetLastError());
        exit(3);
    }
}

bool read_line(char *line, int size) {
    if (!fgets(line, size, stdin)) {
        return false;
    }
    line[strcspn(line, "\r\n")] = 0;
    return true;
}

static int once(const wchar_t *root, const wchar_t *name, bool wait) {
    char line[10];
    need(wire_find_pipe(), L"the settings of the shim");
    mix_replace(root, name);
    printf("%ls\n", scene.pipe);
    fflush(stdout);
    return wait && read_line(line, sizeof(line)) ? 1 : 0;
}

static int usage(void) {
    fputs("usage: soak --prepare ROOT OPERATIONS | --work ROOT OUTSIDE OPERATIONS SAMPLES KEEPING |\n"
          "            --once ROOT NAME [--wait] | --short ROOT NAME | --sample | --processes | --pipes\n",
          stderr);
    return 2;
}

static int work(wchar_t **words) {
    static const wchar_t *const keepings[] = {L"nothing", L"connections", L"own"};
    for (int i = 0; i < 3; i++) {
        if (!wcscmp(words[4], keepings[i])) {
            mix_run(words[0], words[1], wcstoul(words[2], NULL, 10), wcstoul(words[3], NULL, 10), (enum keeping)i);
            return 0;
        }
    }
    return usage();
}

static int look(const wchar_t *what) {
    static const struct {
        const wchar_t *name;
        void (*run)(void);
    } looks[] = {{L"--sample", look_at_processes}, {L"--processes", look_for_processes}, {L"--pipes", look_for_pipes}};
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        if (!wcscmp(what, looks[i].name)) {
            looks[i].run();
            return 0;
        }
    }
    return usage();
}

int wmain(int count, wchar_t **words); /* no header has it */

int wmain(int count, wchar_t **words) {
    const wchar_t *how = count > 1 ? words[1] : L"";
    _setmode(_fileno(stdout), _O_BINARY);
    if (count == 7 && !wcscmp(how, L"--work")) {
        return work(words + 2);
    }
    if (count == 4 && !wcscmp(how, L"--prepare")) {
        mix_prepare(words[2], wcstoul(words[3], NULL, 10) / mix_operations() + 1);
        return 0;
    }
    if (count == 4 && !wcscmp(how, L"--short")) {
        mix_replace(words[2], words[3]);
        return 0;
    }
    if (count >= 4 && !wcscmp(how, L"--once")) {
        return once(words[2], words[3], count == 5 && !wcscmp(words[4], L"--wait"));
    }
    return count == 2 ? look(how) : usage();
}
