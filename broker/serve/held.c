#include "broker/serve/held.h"

#define MAX_HELD 128u
/* So that one program cannot take the entries of all others. */
#define MAX_HELD_OF_PROCESS 64u
#define ENDING_MS 1000u

static SRWLOCK lock = SRWLOCK_INIT;
static struct held {
    const struct client *client; /* NULL: a free entry */
    DWORD pid;
    bool kept;    /* opened by the broker with DELETE: lasts until the program closes its handle */
    bool deleted; /* its disposition is set */
    uint64_t handle;
    HANDLE object;
    ULONGLONG id;
    struct undo_step step;
} held[MAX_HELD];

/* With the lock held. A process has several connections: its threads may use another one than the deletion came by. */
static struct held *find(const struct client *client, uint64_t handle) {
    for (size_t i = 0; i < MAX_HELD; i++) {
        if (held[i].client && held[i].pid == client->pid && held[i].handle == handle) {
            return &held[i];
        }
    }
    return NULL;
}

/* With the lock held: the entry whose handle is another one to the file object of `handle`. */
static struct held *find_copy(const struct client *client, uint64_t handle) {
    HANDLE copy, original;
    struct held *found = NULL;
    if (!NT_SUCCESS(object_take(client->process, handle, &copy))) {
        return NULL;
    }
    for (size_t i = 0; i < MAX_HELD && !found; i++) {
        if (held[i].client && held[i].pid == client->pid && held[i].deleted &&
            NT_SUCCESS(object_take(client->process, held[i].handle, &original))) {
            found = NT_SUCCESS(NtCompareObjects(copy, original)) ? &held[i] : NULL;
            NtClose(original);
        }
    }
    NtClose(copy);
    return found;
}

static struct held *find_free(DWORD pid) {
    struct held *entry = NULL;
    size_t same = 0;
    for (size_t i = 0; i < MAX_HELD; i++) {
        same += held[i].client && held[i].pid == pid;
        entry = !entry && !held[i].client ? &held[i] : entry;
    }
    return same < MAX_HELD_OF_PROCESS ? entry : NULL;
}

/* With the lock held. Without an entry: one whose object is NULL. */
static struct held take(struct held *entry) {
    struct held taken = {0};
    if (entry) {
        taken = *entry;
        entry->client = NULL;
    }
    return taken;
}

/* Without the lock. */
static void let_go(const struct client *client, struct held *taken, bool deleted) {
    if (taken->object) {
        NtClose(taken->object);
        if (taken->deleted) {
            undo_settle(client->sandbox->undo, &taken->step, deleted);
        }
    }
}

/* Puts `new` in the place of what was there for its handle, which is let go. */
static bool put(const struct client *client, struct held new) {
    if (!NT_SUCCESS(object_query_id(new.object, &new.id))) {
        return false;
    }
    AcquireSRWLockExclusive(&lock);
    struct held before = take(find(client, new.handle));
    struct held *entry = find_free(client->pid);
    if (entry) {
        *entry = new;
        entry->kept = new.kept || (before.kept && before.id == new.id);
    }
    ReleaseSRWLockExclusive(&lock);
    let_go(client, &before, true);
    return entry != NULL;
}

bool held_hold(const struct client *client, uint64_t handle, HANDLE object, const struct undo_step *step) {
    struct held new = {client, client->pid, .deleted = true, .handle = handle, .object = object, .step = *step};
    return put(client, new);
}

bool held_keep(const struct client *client, uint64_t handle, HANDLE object) {
    struct held new = {client, client->pid, .kept = true, .handle = handle, .object = object};
    return put(client, new);
}

HANDLE held_borrow(HANDLE taken) {
    HANDLE object = NULL;
    AcquireSRWLockShared(&lock);
    for (size_t i = 0; i < MAX_HELD && !object; i++) {
        if (held[i].client && held[i].kept && NT_SUCCESS(NtCompareObjects(held[i].object, taken))) {
            object = object_duplicate(held[i].object);
        }
    }
    ReleaseSRWLockShared(&lock);
    return object;
}

bool held_has(const struct client *client, uint64_t handle, HANDLE object) {
    ULONGLONG id;
    AcquireSRWLockShared(&lock);
    const struct held *entry = find(client, handle);
    bool deleted = entry && entry->deleted;
    ULONGLONG known = deleted ? entry->id : 0;
    ReleaseSRWLockShared(&lock);
    return deleted && (!object || (NT_SUCCESS(object_query_id(object, &id)) && id == known));
}

bool held_keeps(const struct client *client, uint64_t handle) {
    AcquireSRWLockShared(&lock);
    const struct held *entry = find(client, handle);
    bool kept = entry && entry->kept;
    ReleaseSRWLockShared(&lock);
    return kept;
}

NTSTATUS held_let_go(const struct client *client, uint64_t handle, bool take_back) {
    IO_STATUS_BLOCK io;
    FILE_DISPOSITION_INFORMATION keep = {FALSE};
    NTSTATUS status = STATUS_SUCCESS;
    AcquireSRWLockExclusive(&lock);
    struct held *entry = find(client, handle);
    if (!entry && take_back) {
        entry = find_copy(client, handle);
    }
    struct held taken = take(entry && (entry->deleted || !take_back) ? entry : NULL);
    ReleaseSRWLockExclusive(&lock);
    if (!taken.object) {
        return STATUS_NOT_FOUND;
    }
    if (take_back) {
        status = NtSetInformationFile(taken.object, &io, &keep, sizeof(keep), NtFileDispositionInformation);
    }
    /* What was kept for the handle stays: the program can delete or rename by it again. */
    HANDLE again = take_back && NT_SUCCESS(status) && taken.kept ? object_duplicate(taken.object) : NULL;
    let_go(client, &taken, !take_back || !NT_SUCCESS(status));
    if (again && !held_keep(client, taken.handle, again)) {
        NtClose(again);
    }
    return status;
}

bool held_any(const struct client *client) {
    bool any = false;
    AcquireSRWLockShared(&lock);
    for (size_t i = 0; i < MAX_HELD; i++) {
        any = any || held[i].client == client;
    }
    ReleaseSRWLockShared(&lock);
    return any;
}

/* A process of the run that something is held for and that is `process`: the caller closes it. */
static HANDLE find_process(HANDLE process) {
    HANDLE found = NULL;
    AcquireSRWLockShared(&lock);
    for (size_t i = 0; i < MAX_HELD && !found; i++) {
        if (held[i].client && NT_SUCCESS(NtCompareObjects(held[i].client->process, process))) {
            found = object_duplicate(held[i].client->process);
        }
    }
    ReleaseSRWLockShared(&lock);
    return found;
}

void held_end(const struct client *client, HANDLE process) {
    HANDLE known = find_process(process);
    bool ended = known && WaitForSingleObject(known, ENDING_MS) == WAIT_OBJECT_0;
    for (size_t i = 0; ended && i < MAX_HELD; i++) {
        AcquireSRWLockExclusive(&lock);
        bool its = held[i].client && NT_SUCCESS(NtCompareObjects(held[i].client->process, known));
        struct held taken = take(its ? &held[i] : NULL);
        ReleaseSRWLockExclusive(&lock);
        let_go(client, &taken, true);
    }
    if (known) {
        NtClose(known);
    }
}

void held_forget(const struct client *client) {
    for (size_t i = 0; i < MAX_HELD; i++) {
        AcquireSRWLockExclusive(&lock);
        struct held taken = take(held[i].client == client ? &held[i] : NULL);
        ReleaseSRWLockExclusive(&lock);
        let_go(client, &taken, true);
    }
}
