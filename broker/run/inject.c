#include "broker/run/inject.h"

#include "broker/serve/server.h"

#include <string.h>

/* How long the shim waits for an answer. The broker must have given up first, or what was denied would be done. */
#define SHIM_WAIT_MS 15000u
_Static_assert(SHIM_WAIT_MS > SERVER_OPERATION_LIMIT_MS + 2000u, "the shim waits longer than the broker works");
/* A root, and the spelling that the user gave. */
_Static_assert(2 * ROOT_SET_MAX_ROOTS <= SBX_MAX_ROOTS, "every root and its alias has room in the settings");

static bool put_string(struct sbx_settings *config, const wchar_t *text, bool terminated, uint32_t *offset,
                       uint32_t *size) {
    size_t bytes = wcslen(text) * sizeof(wchar_t);
    size_t room = bytes + (terminated ? sizeof(wchar_t) : 0);
    if (room > SBX_SETTINGS_SIZE - config->size) {
        return false;
    }
    memcpy((BYTE *)config + config->size, text, bytes);
    *offset = config->size;
    *size = (uint32_t)bytes;
    config->size += (uint32_t)((room + 7) & ~(size_t)7);
    return true;
}

static bool put_root(struct sbx_settings *config, const wchar_t *path, PSID sid) {
    DWORD sid_size = GetLengthSid(sid);
    struct sbx_settings_root *out = &config->roots[config->root_count];
    if (config->root_count == SBX_MAX_ROOTS || sid_size > SBX_SID_MAX ||
        !put_string(config, path, false, &out->path_offset, &out->path_size)) {
        return false;
    }
    memcpy(out->sid, sid, sid_size);
    out->sid_size = sid_size;
    config->root_count++;
    return true;
}

bool inject_settings(const struct sandbox *sandbox, const wchar_t *pipe_path, const wchar_t *shim_path, BYTE *block) {
    struct sbx_settings *config = (struct sbx_settings *)block;
    memset(block, 0, SBX_SETTINGS_SIZE);
    config->magic = SBX_SETTINGS_MAGIC;
    config->size = (sizeof(*config) + 7u) & ~7u;
    config->protocol = SBX_PROTOCOL_VERSION;
    config->wait_ms = SHIM_WAIT_MS;
    config->flags = sandbox->set->hidden_count ? SBX_SETTINGS_HIDES : 0;
    bool fits = put_string(config, pipe_path, false, &config->pipe_offset, &config->pipe_size) &&
                put_string(config, shim_path, true, &config->shim_offset, &config->shim_size);
    for (size_t i = 0; fits && i < sandbox->set->root_count; i++) {
        const struct root *root = &sandbox->set->roots[i];
        config->run_root = root->temp ? config->root_count : config->run_root;
        fits = put_root(config, root->nt_path, root->sid) && (!root->alias || put_root(config, root->alias, root->sid));
    }
    return fits;
}

DWORD inject_shim(HANDLE process, HANDLE thread, const BYTE *block) {
    const struct sbx_settings *config = (const struct sbx_settings *)block;
    BOOL wow64 = FALSE;
    BYTE *remote = NULL;
    if (!IsWow64Process(process, &wow64)) {
        return last_error();
    }
    if (wow64) {
        return ERROR_BAD_EXE_FORMAT;
    }
    for (unsigned slot = 0; !remote && slot < SBX_SETTINGS_SLOTS; slot++) {
        remote = VirtualAllocEx(process, (void *)(uintptr_t)(SBX_SETTINGS_ADDRESS(slot) & ~0xFFFFull),
                                SBX_SETTINGS_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    }
    if (!remote) {
        return last_error();
    }
    SIZE_T written;
    if (!WriteProcessMemory(process, remote, block, SBX_SETTINGS_SIZE, &written)) {
        return last_error();
    }
    /* kernel32 stands at the same address in every process of a session. The path in the block is NUL-terminated. */
    union {
        FARPROC found;
        PAPCFUNC call;
    } load = {GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "LoadLibraryW")};
    return QueueUserAPC(load.call, thread, (ULONG_PTR)(remote + config->shim_offset)) ? 0 : last_error();
}
