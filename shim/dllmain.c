/* Hooks in at load. There is no way out again: the code that is patched may be running, so the library stays loaded
 * whoever frees it. */
#include "calls.h"
#include "hook.h"
#include "notes.h"
#include "settings.h"

struct originals originals;

typedef void any_function(void);

static const struct {
    const char *name;
    any_function *replacement;
    void *original; /* where the way to the original goes */
} hooks[] = {
    {"NtCreateFile", (any_function *)shim_create_file, &originals.create_file},
    {"NtOpenFile", (any_function *)shim_open_file, &originals.open_file},
    {"NtSetInformationFile", (any_function *)shim_set_information_file, &originals.set_information_file},
    {"NtDeleteFile", (any_function *)shim_delete_file, &originals.delete_file},
    {"NtCreateUserProcess", (any_function *)shim_create_user_process, &originals.create_user_process},
    {"NtClose", (any_function *)shim_close, &originals.close},
    {"NtDuplicateObject", (any_function *)shim_duplicate_object, &originals.duplicate_object},
    {"NtTerminateProcess", (any_function *)shim_terminate_process, &originals.terminate_process},
    {"NtSetSecurityObject", (any_function *)shim_set_security_object, &originals.set_security_object},
    {"NtCreateNamedPipeFile", (any_function *)shim_create_named_pipe_file, &originals.create_named_pipe_file},
    {"NtCreateEvent", (any_function *)shim_create_event, &originals.create_event},
    {"NtCreateMutant", (any_function *)shim_create_mutant, &originals.create_mutant},
    {"NtCreateSemaphore", (any_function *)shim_create_semaphore, &originals.create_semaphore},
    {"NtCreateTimer", (any_function *)shim_create_timer, &originals.create_timer},
    {"NtCreateSection", (any_function *)shim_create_section, &originals.create_section},
    {"NtCreateDirectoryObject", (any_function *)shim_create_directory_object, &originals.create_directory_object},
};

static void install(void) {
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    /* What a hook calls must be set before any hook is in. */
    originals.create_file = (nt_create_file *)(any_function *)GetProcAddress(ntdll, "NtCreateFile");
    originals.open_file = (nt_open_file *)(any_function *)GetProcAddress(ntdll, "NtOpenFile");
    for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
        union {
            FARPROC found;
            void *address;
        } stub = {GetProcAddress(ntdll, hooks[i].name)};
        union {
            any_function *function;
            void *address;
        } replacement = {hooks[i].replacement};
        hook_install(stub.address, replacement.address, hooks[i].original);
    }
}

static void stay_loaded(HINSTANCE instance) {
    HMODULE pinned;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)instance,
                       &pinned);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved) {
    if (reason == DLL_PROCESS_DETACH && reserved && settings_block()) {
        notes_send();
    }
    if (reason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(instance);
        if (settings_find()) {
            stay_loaded(instance);
            install();
        }
    }
    return TRUE;
}
