#include "settings.h"

#include "nt.h"

static const struct sbx_settings *block;

static bool is_range(const struct sbx_settings *config, uint32_t offset, uint32_t size) {
    return offset <= config->size && size <= config->size - offset && !(size & 1) && !(offset & 1);
}

static bool is_sound(const struct sbx_settings *config) {
    if (config->magic != SBX_SETTINGS_MAGIC || config->size > SBX_SETTINGS_SIZE || config->size < sizeof(*config) ||
        config->root_count > SBX_MAX_ROOTS || config->run_root >= SBX_MAX_ROOTS ||
        !is_range(config, config->pipe_offset, config->pipe_size) || config->pipe_size > 1024 ||
        config->shim_size > SBX_SETTINGS_SIZE || !is_range(config, config->shim_offset, config->shim_size + 2)) {
        return false;
    }
    for (uint32_t i = 0; i < config->root_count; i++) {
        const struct sbx_settings_root *root = &config->roots[i];
        if (!is_range(config, root->path_offset, root->path_size) || root->sid_size > SBX_SID_MAX ||
            root->sid_size < 8) {
            return false;
        }
    }
    return true;
}

bool settings_find(void) {
    for (unsigned slot = 0; slot < SBX_SETTINGS_SLOTS; slot++) {
        MEMORY_BASIC_INFORMATION memory;
        void *address = (void *)(uintptr_t)(SBX_SETTINGS_ADDRESS(slot) & ~0xFFFFull);
        if (!VirtualQuery(address, &memory, sizeof(memory)) || memory.State != MEM_COMMIT ||
            memory.BaseAddress != address || memory.RegionSize < SBX_SETTINGS_SIZE ||
            !(memory.Protect & (PAGE_READWRITE | PAGE_READONLY))) {
            continue;
        }
        if (is_sound(address)) {
            block = address;
            return true;
        }
    }
    return false;
}

const struct sbx_settings *settings_block(void) { return block; }

const wchar_t *settings_string(uint32_t offset) { return (const wchar_t *)((const BYTE *)block + offset); }
