#include "notes.h"

#include "client.h"
#include "settings.h"

#include <string.h>

#define MAX_NOTES 64u
#define MAX_READS 32u   /* of them, so that denied reads leave room for the rest */
#define ROOM 16384u     /* bytes of names */
#define PREFIX_UNITS 7u /* \??\C:\ */

static struct {
    volatile LONG busy;
    unsigned count;
    size_t used;
    unsigned reads;
    struct {
        uint32_t kind;
        uint32_t hash;
        uint16_t size; /* bytes */
        size_t offset;
    } notes[MAX_NOTES];
    uint8_t names[ROOM];
} kept;

static bool on_a_drive(const UNICODE_STRING *name) {
    return name->Length > PREFIX_UNITS * sizeof(WCHAR) && !memcmp(name->Buffer, L"\\??\\", 4 * sizeof(WCHAR)) &&
           name->Buffer[5] == L':';
}

/* FNV-1a. Two paths with one hash are compared by their bytes. */
static uint32_t hash_of(const uint8_t *bytes, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    return hash;
}

static bool is_kept(uint32_t kind, const uint8_t *bytes, size_t size, uint32_t hash) {
    for (unsigned i = 0; i < kept.count; i++) {
        if (kept.notes[i].kind == kind && kept.notes[i].hash == hash && kept.notes[i].size == size &&
            !memcmp(kept.names + kept.notes[i].offset, bytes, size)) {
            return true;
        }
    }
    return false;
}

static void keep(uint32_t kind, const UNICODE_STRING *name) {
    if (!on_a_drive(name) || kept.count == MAX_NOTES) {
        return;
    }
    const uint8_t *bytes = (const uint8_t *)name->Buffer;
    size_t size = name->Length & ~(size_t)1;
    uint32_t hash = hash_of(bytes, size);
    /* Another thread is at it: this note is lost, which is better than to wait in somebody's open. */
    if (InterlockedCompareExchange(&kept.busy, 1, 0)) {
        return;
    }
    if (kept.count < MAX_NOTES && size <= ROOM - kept.used && !is_kept(kind, bytes, size, hash)) {
        memcpy(kept.names + kept.used, bytes, size);
        kept.reads += kind == SBX_NOTE_UNREADABLE;
        kept.notes[kept.count].kind = kind;
        kept.notes[kept.count].hash = hash;
        kept.notes[kept.count].size = (uint16_t)size;
        kept.notes[kept.count++].offset = kept.used;
        kept.used += size;
    }
    InterlockedExchange(&kept.busy, 0);
}

void notes_denied(const UNICODE_STRING *name) { keep(SBX_NOTE_DENIED, name); }

void notes_unreadable(const UNICODE_STRING *name) {
    if ((settings_block()->flags & SBX_SETTINGS_HIDES) && kept.reads < MAX_READS) {
        keep(SBX_NOTE_UNREADABLE, name);
    }
}

static bool send_note(uint32_t kind, const uint8_t *bytes, uint32_t size) {
    struct sbx_request request = {.op = SBX_OP_NOTE};
    struct sbx_reply reply;
    request.u.note.kind = kind;
    request.u.note.name.bytes = bytes;
    request.u.note.name.size = size;
    return client_call(&request, &reply);
}

void notes_child_without_shim(void) { send_note(SBX_NOTE_NO_SHIM, NULL, 0); }

void notes_send(void) {
    client_last_calls();
    for (unsigned i = 0; i < kept.count; i++) {
        if (!send_note(kept.notes[i].kind, kept.names + kept.notes[i].offset, kept.notes[i].size)) {
            return;
        }
    }
}
