/* A hostile program inside the sandbox: what its attacks share.
 *
 * The program takes the shim's hooks out of ntdll and starts itself again, so that the process which attacks has no
 * shim at all. It speaks the protocol with its own connections; what it may not change is prepared and watched by
 * test_attack.py outside. */
#ifndef SBX_ATTACK_H
#define SBX_ATTACK_H

#include <windows.h>

#include <winternl.h>

#include "../../proto/frame.h"
#include "../../proto/message.h"
#include "../../proto/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>

/* What an attack came to. A row has the set of those that count as held. */
enum outcome {
    REFUSED = 1, /* the broker answered STATUS_ACCESS_DENIED */
    CLOSED = 2,  /* the broker closed the connection */
    FAILED = 4,  /* another error, of the broker or of the system */
    SERVED = 8,  /* done as asked, which does no harm in this row */
    DENIED = 16, /* the system denied the call itself */
    HELD = 32,   /* many tries, and none had an effect outside */
    OPEN = 64,   /* the attack worked */
    HUNG = 128   /* no answer within the limit */
};
#define NOT_SERVED (REFUSED | CLOSED | FAILED | DENIED)
#define HARMLESS (NOT_SERVED | SERVED)

struct attack {
    const char *group;
    const char *name;
    const char *tries;
    unsigned wanted;
    /* The outcome at Medium integrity where the user has Full Control on the parent, when that is another one: the
     * documented hole of a token without a level. 0: the same as `wanted`. */
    unsigned medium_full;
    /* The outcome at Medium in both layouts, when it is another one. */
    unsigned medium;
    unsigned (*run)(uintptr_t argument); /* NULL: not testable here */
    uintptr_t argument;
};

extern const struct attack attacks[];
extern const size_t attack_count;

/* Rows that are shown and not run (untested.c). */
extern const struct attack untested[];
extern const size_t untested_count;

/* Where everything is: set by main from the command line before the first attack. */
struct scene {
    wchar_t pipe[80];       /* DOS path of the broker's pipe */
    wchar_t other_pipe[80]; /* of another run, empty for none */
    wchar_t root[300];
    wchar_t outside[300];  /* a directory beside the root */
    wchar_t inactive[300]; /* a root of an earlier run */
    wchar_t second[300];   /* the root of another run that is running */
    wchar_t state[300];    /* sbx's state directory */
    wchar_t app[300];      /* where sbx.exe and the shim are */
    wchar_t events[300];
    wchar_t self[300]; /* this program, outside of the root */
    DWORD broker;      /* process id of sbx.exe */
};
extern struct scene scene;

/* A line of detail for the result that is printed. */
void detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Asks the driver outside for something ("swap on") and waits for its answer; returns the outcome it names, 0 for "ok".
 */
unsigned ask_driver(const char *what);

/* "%ls\%ls" in one of a few static buffers. */
const wchar_t *below(const wchar_t *directory, const wchar_t *leaf);
/* The same with \??\ before it. */
const wchar_t *nt_below(const wchar_t *directory, const wchar_t *leaf);

/* A new small file in the root, with a name of its own; opened with `access`. INVALID_HANDLE_VALUE on failure. */
HANDLE new_file(ACCESS_MASK access, wchar_t *path, size_t units);
/* An existing object, opened for reading (directories too). */
HANDLE open_object(const wchar_t *path, ACCESS_MASK access);

/* wire.c: the pipe */
#define WIRE_LIMIT_MS 20000u
HANDLE wire_open(const wchar_t *path); /* one try */
HANDLE wire_connect(void);             /* tries until an instance is free; without hello */
HANDLE wire_client(void);              /* with hello */
bool wire_send(HANDLE pipe, const void *bytes, size_t size);
/* One reply: SERVED, REFUSED or FAILED by its status, CLOSED, HUNG. `reply` may be NULL. */
unsigned wire_receive(HANDLE pipe, struct sbx_reply *reply);
unsigned wire_receive_within(HANDLE pipe, struct sbx_reply *reply, DWORD limit_ms);
unsigned wire_request(HANDLE pipe, const struct sbx_request *request, struct sbx_reply *reply);
/* A connection of its own for one request. */
unsigned wire_once(const struct sbx_request *request, struct sbx_reply *reply);
unsigned wire_once_raw(const void *bytes, size_t size, bool hello);
struct sbx_name wire_name(const wchar_t *text);
/* The settings that sbx left in this process, NULL in one without the shim. */
struct sbx_settings *shim_settings(void);
/* Sets scene.pipe from there; false without the shim. */
bool wire_find_pipe(void);
uint64_t wire_handle(HANDLE handle);

/* Requests in short */
struct sbx_request delete_request(HANDLE handle);
struct sbx_request rename_request(HANDLE handle, HANDLE directory, const wchar_t *name);
struct sbx_request link_request(HANDLE handle, HANDLE directory, const wchar_t *name);
struct sbx_request open_request(HANDLE directory, const wchar_t *name, ACCESS_MASK access, ULONG disposition,
                                ULONG options);
struct sbx_request stamp_request(HANDLE handle);
struct sbx_request security_request(HANDLE handle, const void *dacl, uint32_t size);

/* load.c: is the broker well? Makes a file and deletes it through a new connection. Returns the milliseconds, or -1. */
long good_client(void);

/* unhook.c: takes the hooks of the shim out of ntdll. How many were found. */
unsigned unhook(void);

/* The attacks, by file */
unsigned shim_patched(uintptr_t argument);
unsigned frame_attack(uintptr_t argument);
unsigned frame_glued(uintptr_t argument);
unsigned frame_split(uintptr_t argument);
unsigned frame_cut(uintptr_t argument);
unsigned frame_random(uintptr_t argument);
unsigned frame_flipped(uintptr_t argument);
unsigned frame_hello_other_pid(uintptr_t argument);
unsigned handle_value(uintptr_t argument);
unsigned handle_kind(uintptr_t argument);
unsigned handle_place(uintptr_t argument);
unsigned handle_pending(uintptr_t argument);
unsigned handle_reused(uintptr_t argument);
unsigned name_rename(uintptr_t argument);
unsigned name_other(uintptr_t argument);
unsigned name_drive(uintptr_t argument);
unsigned hidden_attack(uintptr_t argument);
unsigned note_attack(uintptr_t argument);
unsigned right_open(uintptr_t argument);
unsigned right_handle(uintptr_t argument);
unsigned right_stamp(uintptr_t argument);
unsigned right_security(uintptr_t argument);
unsigned link_attack(uintptr_t argument);
unsigned native_attack(uintptr_t argument);
unsigned broker_process(uintptr_t argument);
unsigned broker_thread(uintptr_t argument);
unsigned broker_other(uintptr_t argument);
unsigned broker_pipe(uintptr_t argument);
unsigned race_swap(uintptr_t argument);
unsigned race_rename(uintptr_t argument);
unsigned load_attack(uintptr_t argument);

#endif
