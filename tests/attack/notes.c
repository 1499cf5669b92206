/* Notes about denials that never were, which sbx would show to people and write to the events file. */
#include "attack.h"

#include "kinds.h"

#define NOTES 3000

static struct sbx_request note(uint32_t kind, const wchar_t *name) {
    struct sbx_request request = {.op = SBX_OP_NOTE};
    request.u.note.kind = kind;
    request.u.note.name = wire_name(name);
    return request;
}

/* A directory of its own in each note: what sbx keeps of them may not grow with their number. */
static unsigned flood(void) {
    HANDLE pipe = wire_client();
    unsigned outcome = SERVED;
    for (unsigned i = 0; i < NOTES && outcome == SERVED; i++) {
        wchar_t name[500];
        swprintf(name, 500, L"\\??\\%ls\\made-up-%u\\a", scene.outside, i);
        struct sbx_request request = note(SBX_NOTE_DENIED, name);
        outcome = wire_request(pipe, &request, NULL);
    }
    CloseHandle(pipe);
    return outcome;
}

unsigned note_attack(uintptr_t argument) {
    static wchar_t longest[32001];
    struct sbx_request request = note(SBX_NOTE_DENIED, nt_below(scene.outside, L"kept.txt"));
    switch ((enum note_kind)argument) {
    case NOTE_UNKNOWN_KIND: request.u.note.kind = 77; break;
    case NOTE_WITHOUT_NAME: request = note(SBX_NOTE_DENIED, L""); break;
    case NOTE_NO_SHIM_WITH_NAME: request.u.note.kind = SBX_NOTE_NO_SHIM; break;
    case NOTE_ESCAPES:
        request = note(SBX_NOTE_DENIED, nt_below(scene.outside, L"\x1b]0;owned\a\x1b[2Jx\r\nsbx: all well\x202e\\x"));
        break;
    case NOTE_LONGEST:
        wmemset(longest, L'x', 32000);
        request = note(SBX_NOTE_DENIED, longest);
        break;
    case NOTE_FLOOD: return flood();
    }
    return wire_once(&request, NULL);
}
