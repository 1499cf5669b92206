/* NtCreateUserProcess: children get the shim before their first instruction. */
#include "calls.h"
#include "notes.h"
#include "settings.h"

#include <stdbool.h>

/* The block goes to the first free slot address, as sbx put it here. Returns where it stands in the child, or NULL. */
static BYTE *copy_settings(HANDLE process) {
    const struct sbx_settings *config = settings_block();
    for (unsigned slot = 0; slot < SBX_SETTINGS_SLOTS; slot++) {
        PVOID base = (PVOID)(uintptr_t)(SBX_SETTINGS_ADDRESS(slot) & ~0xFFFFull);
        SIZE_T size = SBX_SETTINGS_SIZE, done;
        if (NtAllocateVirtualMemory(process, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) !=
            STATUS_SUCCESS_) {
            continue;
        }
        return NtWriteVirtualMemory(process, base, config, config->size, &done) == STATUS_SUCCESS_ ? base : NULL;
    }
    return NULL;
}

/* A process that cannot take the shim (32-bit) runs without it: confined, with no brokered calls, which sbx says. */
static bool inject(HANDLE process, HANDLE thread) {
    union {
        FARPROC found;
        PVOID address;
    } load;
    ULONG_PTR wow64 = 0;
    if (NtQueryInformationProcess(process, ProcessWow64Information, &wow64, sizeof(wow64), NULL) == STATUS_SUCCESS_ &&
        wow64) {
        return false;
    }
    BYTE *remote = copy_settings(process);
    load.found = remote ? GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "LoadLibraryW") : NULL;
    return load.found && NtQueueApcThread(thread, load.address, (ULONG_PTR)(remote + settings_block()->shim_offset), 0,
                                          0) == STATUS_SUCCESS_;
}

NTSTATUS NTAPI shim_create_user_process(PHANDLE process, PHANDLE thread, ACCESS_MASK process_access,
                                        ACCESS_MASK thread_access, POBJECT_ATTRIBUTES process_attributes,
                                        POBJECT_ATTRIBUTES thread_attributes, ULONG process_flags, ULONG thread_flags,
                                        PVOID parameters, PVOID create_info, PVOID attribute_list) {
    NTSTATUS status = originals.create_user_process(
        process, thread, process_access, thread_access, process_attributes, thread_attributes, process_flags,
        thread_flags | NT_CREATE_SUSPENDED, parameters, create_info, attribute_list);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (!inject(*process, *thread)) {
        notes_child_without_shim();
    }
    if (!(thread_flags & NT_CREATE_SUSPENDED)) {
        NtResumeThread(*thread, NULL);
    }
    return status;
}
