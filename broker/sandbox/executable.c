#include "broker/sandbox/executable.h"

#include "broker/base/nt.h"

bool executable_name(const wchar_t *name, size_t units) {
    static const wchar_t *const suffixes[] = {L".exe", L".com", L".scr", L".bat", L".cmd",
                                              L".ps1", L".msi", L".dll", L".pyd", L".node"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t length = wcslen(suffixes[i]);
        if (units >= length &&
            CompareStringOrdinal(name + units - length, (int)length, suffixes[i], (int)length, TRUE) == CSTR_EQUAL) {
            return true;
        }
    }
    return false;
}
