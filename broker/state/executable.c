#include "broker/state/executable.h"

#include "broker/base/nt.h"

bool executable_name(const wchar_t *name) {
    static const wchar_t *const suffixes[] = {L".exe", L".com", L".scr", L".bat", L".cmd",
                                              L".ps1", L".msi", L".dll", L".pyd", L".node"};
    const wchar_t *suffix = wcsrchr(name, L'.');
    for (size_t i = 0; suffix && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (CompareStringOrdinal(suffix, -1, suffixes[i], -1, TRUE) == CSTR_EQUAL) {
            return true;
        }
    }
    return false;
}
