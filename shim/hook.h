/* Patching a system call stub of ntdll. */
#ifndef SBX_SHIM_HOOK_H
#define SBX_SHIM_HOOK_H

#include <stdbool.h>

/* Sends calls of `function` (an ntdll stub) to `replacement`; *original is then a way to call the stub as it was. The
 * stub must begin with `mov r10, rcx; mov eax, number`, as every system call stub of x64 Windows does: another one
 * (patched by another product already) is left alone and false is returned. The patch is one aligned 8-byte store. */
bool hook_install(void *function, void *replacement, void **original);

#endif
