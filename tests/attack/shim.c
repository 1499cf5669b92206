/* Attacks on the shim from the process that has it: its settings lie in the process's own memory. */
#include "attack.h"

#include <string.h>

static unsigned delete_with_shim(const wchar_t *path) {
    if (DeleteFileW(path)) {
        return OPEN;
    }
    detail("error %lu", GetLastError());
    return DENIED;
}

unsigned shim_patched(uintptr_t argument) {
    struct sbx_settings *config = shim_settings();
    if (!config) {
        return FAILED;
    }
    struct sbx_settings before = *config;
    wchar_t *free_room = (wchar_t *)((BYTE *)config + config->size), path[400];
    unsigned outcome;
    swprintf(free_room, 400, argument ? L"\\??\\pipe\\sbx-nobody" : L"\\??\\%ls", scene.outside);
    if (argument) {
        CloseHandle(new_file(GENERIC_READ, path, 400));
        config->pipe_offset = config->size;
        config->pipe_size = (uint32_t)wcslen(free_room) * 2;
        /* The shim may have a connection already; then its own file goes, as it may. */
        outcome = delete_with_shim(path) == OPEN ? SERVED : DENIED;
    } else {
        config->roots[0].path_offset = config->size;
        config->roots[0].path_size = (uint32_t)wcslen(free_room) * 2;
        outcome = delete_with_shim(below(scene.outside, L"shimmed.txt"));
    }
    *config = before;
    return outcome;
}
