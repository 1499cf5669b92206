/* The open request: what the child cannot open itself. The handle that comes back carries explicit rights and never
 * DELETE, WRITE_DAC or WRITE_OWNER; delete-on-close lives in the file object behind it. */
#include "broker/sandbox/judge.h"
#include "broker/serve/held.h"
#include "broker/serve/ops.h"
#include "broker/serve/resolve.h"
#include "broker/undo/undo.h"

#define OPTIONS_ALLOWED                                                                                                \
    (FILE_DIRECTORY_FILE | FILE_WRITE_THROUGH | FILE_SEQUENTIAL_ONLY | FILE_NO_INTERMEDIATE_BUFFERING |                \
     FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE | FILE_RANDOM_ACCESS |         \
     FILE_DELETE_ON_CLOSE | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT | FILE_OPEN_NO_RECALL)
/* Left out of the broker's open. FILE_COMPLETE_IF_OPLOCKED: a caller that does not want to wait for the holder of an
 * oplock gets the file after the wait. FILE_OPEN_REQUIRING_OPLOCK, FILE_RESERVE_OPFILTER, FILE_DISALLOW_EXCLUSIVE: they
 * prepare an oplock that is asked for later, and fails then where another one is held. The rest tells the file system
 * of extended attributes, compression, free space and network sessions, none of which change what is opened. */
#define OPTIONS_HINTS                                                                                                  \
    (FILE_COMPLETE_IF_OPLOCKED | FILE_NO_EA_KNOWLEDGE | FILE_NO_COMPRESSION | FILE_OPEN_REQUIRING_OPLOCK |             \
     FILE_DISALLOW_EXCLUSIVE | FILE_SESSION_AWARE | FILE_RESERVE_OPFILTER | FILE_OPEN_FOR_FREE_SPACE_QUERY |           \
     FILE_CREATE_TREE_CONNECTION)
/* Each turn needs somebody who makes and deletes the file in between. */
#define OPEN_TRIES 100u
#define SYNCHRONOUS (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
#define WRITES (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)

static bool truncates(ULONG disposition) {
    return disposition == FILE_SUPERSEDE || disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF;
}

static bool creates(ULONG disposition) {
    return disposition == FILE_CREATE || disposition == FILE_OPEN_IF || disposition == FILE_OVERWRITE_IF ||
           disposition == FILE_SUPERSEDE;
}

/* A file is never truncated by the open itself: it is opened, judged, and then made empty by its handle. */
static NTSTATUS empty_file(HANDLE object, const struct sbx_open *open, ULONG_PTR *information) {
    IO_STATUS_BLOCK io;
    FILE_END_OF_FILE_INFORMATION end = {{.QuadPart = 0}};
    FILE_BASIC_INFORMATION basic = {0};
    NTSTATUS status = NtSetInformationFile(object, &io, &end, sizeof(end), FileEndOfFileInformation);
    basic.FileAttributes =
        open->file_attributes ? (open->file_attributes | FILE_ATTRIBUTE_ARCHIVE) : FILE_ATTRIBUTE_NORMAL;
    if (NT_SUCCESS(status)) {
        status = NtSetInformationFile(object, &io, &basic, sizeof(basic), FileBasicInformation);
    }
    *information = open->disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED : FILE_OVERWRITTEN;
    return status;
}

struct opening {
    struct place place;
    ACCESS_MASK access; /* of the child's handle, before policy_handle_access */
    ULONG options;      /* of the child's handle */
    bool delete_on_close;
    bool changes; /* content, attributes or security may be changed through it */
    bool keeps;   /* asked for DELETE without sharing it: only this file object can ever rename or delete */
};

static enum policy_verdict judge_existing(struct client *client, HANDLE object, const struct opening *opening) {
    struct object_facts facts;
    size_t root;
    enum place_use use = opening->delete_on_close ? PLACE_DESTROY : PLACE_WRITE;
    enum policy_verdict verdict = judge_object(client->sandbox->set, object, use, &client->subject, &root, &facts);
    if (verdict != POLICY_ALLOWED) {
        return verdict;
    }
    if (facts.reparse_point && !(opening->options & FILE_OPEN_REPARSE_POINT)) {
        return POLICY_REPARSE;
    }
    return opening->changes ? judge_links(client->sandbox->set, object, &facts, &client->scratch) : POLICY_ALLOWED;
}

static NTSTATUS hand_over(struct client *client, HANDLE object, const struct sbx_open *open, ACCESS_MASK access,
                          uint64_t *handle) {
    HANDLE theirs = NULL;
    ULONG attributes = open->object_attributes & OBJ_INHERIT;
    NTSTATUS status = NtDuplicateObject(GetCurrentProcess(), object, client->process, &theirs,
                                        policy_handle_access(access) | SYNCHRONIZE, attributes, 0);
    *handle = NT_SUCCESS(status) ? (uint64_t)(uintptr_t)theirs : 0;
    return status;
}

/* Gives the program its handle, and keeps or closes the broker's. */
static void finish(struct client *client, HANDLE object, const struct sbx_open *open, const struct opening *opening,
                   struct outcome *outcome) {
    bool given = NT_SUCCESS(outcome->status) && !(open->flags & SBX_OPEN_NO_HANDLE);
    if (given) {
        outcome->status = hand_over(client, object, open, opening->access, &outcome->handle);
    }
    if (given && NT_SUCCESS(outcome->status) && opening->keeps && held_keep(client, outcome->handle, object)) {
        outcome->information |= SBX_OPEN_KEPT;
    } else {
        NtClose(object);
    }
}

/* The open that the child's handle comes from: by the checked handle, so that nothing can be put in its place. */
static struct outcome finish_existing(struct client *client, HANDLE checked, const struct sbx_open *open,
                                      const struct opening *opening) {
    struct outcome outcome = outcome_status(STATUS_SUCCESS);
    ACCESS_MASK access = opening->access | (opening->delete_on_close || opening->keeps ? DELETE : 0) |
                         (truncates(open->disposition) ? FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES : 0);
    ULONG options = opening->options | (opening->delete_on_close ? FILE_DELETE_ON_CLOSE : 0);
    struct object_create how = {access, 0, open->share, FILE_OPEN, options};
    struct policy_name empty = {NULL, 0};
    HANDLE object;
    ULONG_PTR information;
    struct undo_step step = {0};
    if (opening->delete_on_close || truncates(open->disposition)) {
        enum undo_loss loss = opening->changes ? UNDO_LOSE_CONTENT : UNDO_LOSE_NAME;
        outcome.status = undo_before_loss(client->sandbox->undo, checked, loss, &step);
    }
    if (NT_SUCCESS(outcome.status)) {
        outcome.status = object_create_leaf(checked, empty, &how, &object, &information);
        undo_settle(client->sandbox->undo, &step, NT_SUCCESS(outcome.status));
    }
    if (!NT_SUCCESS(outcome.status)) {
        return outcome;
    }
    /* An open by handle gives the same object on Windows. Wine opens a file once more by the path it had. */
    if (!object_same(checked, object)) {
        NtClose(object);
        return outcome_refused(POLICY_REPARSE);
    }
    outcome.information = FILE_OPENED;
    if (truncates(open->disposition)) {
        outcome.status = empty_file(object, open, &outcome.information);
    }
    finish(client, object, open, opening, &outcome);
    return outcome;
}

/* Takes `checked`. */
static struct outcome open_checked(struct client *client, HANDLE checked, const struct sbx_open *open,
                                   const struct opening *opening) {
    enum policy_verdict verdict = judge_existing(client, checked, opening);
    struct outcome outcome =
        verdict == POLICY_ALLOWED ? finish_existing(client, checked, open, opening) : outcome_refused(verdict);
    NtClose(checked);
    return outcome;
}

/* ReOpenFile: an empty name below a handle is the object of that handle. */
static struct outcome open_again(struct client *client, const struct sbx_open *open, const struct opening *opening) {
    HANDLE taken, checked;
    if (!NT_SUCCESS(object_take(client->process, open->directory, &taken))) {
        return outcome_refused(POLICY_BAD_HANDLE);
    }
    ULONG kind = opening->options & (FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE);
    NTSTATUS status = object_reopen(taken, FILE_READ_ATTRIBUTES, kind, &checked);
    NtClose(taken);
    if (NT_SUCCESS(status) && open->disposition == FILE_CREATE) {
        NtClose(checked);
        status = STATUS_OBJECT_NAME_COLLISION;
    }
    return NT_SUCCESS(status) ? open_checked(client, checked, open, opening) : outcome_status(status);
}

static struct outcome open_existing(struct client *client, const struct sbx_open *open, const struct opening *opening) {
    HANDLE checked;
    ULONG kind = opening->options & (FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE);
    struct outcome outcome = outcome_status(
        object_open_below(opening->place.directory, opening->place.leaf, FILE_READ_ATTRIBUTES, kind, &checked));
    return outcome_failed(outcome) ? outcome : open_checked(client, checked, open, opening);
}

static struct outcome create_new(struct client *client, const struct sbx_open *open, const struct opening *opening) {
    struct outcome outcome = outcome_status(STATUS_SUCCESS);
    struct object_create how = {opening->access | (opening->delete_on_close || opening->keeps ? DELETE : 0),
                                open->file_attributes, open->share, FILE_CREATE,
                                opening->options | (opening->delete_on_close ? FILE_DELETE_ON_CLOSE : 0)};
    HANDLE object;
    outcome.status =
        object_create_leaf(opening->place.directory, opening->place.leaf, &how, &object, &outcome.information);
    if (!NT_SUCCESS(outcome.status)) {
        return outcome;
    }
    if (!(open->flags & SBX_OPEN_NO_HANDLE)) {
        outcome.status = hand_over(client, object, open, opening->access, &outcome.handle);
    }
    NtClose(object);
    return outcome;
}

/* Was there nothing, or nothing any more when the file that was judged was opened? (Wine has the second of these for an
 * open by the handle of a deleted file, Windows the third.) */
static bool is_missing(struct outcome outcome) {
    return outcome.verdict == POLICY_ALLOWED &&
           (outcome.status == STATUS_OBJECT_NAME_NOT_FOUND || outcome.status == STATUS_NO_SUCH_FILE ||
            outcome.status == STATUS_FILE_DELETED);
}

/* Opening and making are two calls here and one on Windows: others may make or delete the file between them, and the
 * program must see neither. */
static struct outcome open_by_disposition(struct client *client, const struct sbx_open *open,
                                          const struct opening *opening) {
    struct outcome outcome;
    for (unsigned tries = 0; tries < OPEN_TRIES; tries++) {
        outcome = outcome_status(STATUS_OBJECT_NAME_NOT_FOUND);
        if (open->disposition != FILE_CREATE) {
            outcome = open_existing(client, open, opening);
        }
        if (!is_missing(outcome) || !creates(open->disposition)) {
            break;
        }
        outcome = create_new(client, open, opening);
        if (open->disposition == FILE_CREATE || outcome.status != STATUS_OBJECT_NAME_COLLISION) {
            break;
        }
    }
    return is_missing(outcome) ? outcome_status(STATUS_OBJECT_NAME_NOT_FOUND) : outcome;
}

/* What NtCreateFile itself refuses before it looks at the object, by whomever it is called. */
static bool is_contradictory(const struct sbx_open *open) {
    return (open->options & SYNCHRONOUS) == SYNCHRONOUS ||
           ((open->options & FILE_DIRECTORY_FILE) && open->disposition != FILE_OPEN &&
            open->disposition != FILE_CREATE && open->disposition != FILE_OPEN_IF);
}

struct outcome op_open(struct client *client, const struct sbx_request *request) {
    const struct sbx_open *open = &request->u.open;
    struct opening opening = {.access = object_map_generic(open->access),
                              .options = open->options & ~(FILE_DELETE_ON_CLOSE | OPTIONS_HINTS)};
    if ((open->options & ~(OPTIONS_ALLOWED | OPTIONS_HINTS)) || open->disposition > FILE_OVERWRITE_IF ||
        (open->share & ~NT_SHARE_ALL) || (open->flags & ~SBX_OPEN_NO_HANDLE) ||
        (opening.access & (WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY))) {
        return outcome_refused(POLICY_BAD_REQUEST);
    }
    if (is_contradictory(open)) {
        return outcome_status(STATUS_INVALID_PARAMETER);
    }
    opening.delete_on_close = (open->options & FILE_DELETE_ON_CLOSE) != 0;
    opening.keeps = (opening.access & DELETE) && !(open->share & FILE_SHARE_DELETE) && !opening.delete_on_close;
    /* Without a right to the content the rights that stay decide; MAXIMUM_ALLOWED is never passed on. */
    opening.access = policy_handle_access(opening.access) | FILE_READ_ATTRIBUTES;
    opening.changes = (opening.access & WRITES) || truncates(open->disposition);
    if (open->directory && !open->name.size) {
        return open_again(client, open, &opening);
    }
    struct outcome outcome =
        resolve_name(client, open->directory, &open->name, opening.delete_on_close ? PLACE_DESTROY : PLACE_WRITE, NULL,
                     &client->subject, &opening.place);
    if (outcome_failed(outcome)) {
        return outcome;
    }
    outcome = open_by_disposition(client, open, &opening);
    NtClose(opening.place.directory);
    return outcome;
}
