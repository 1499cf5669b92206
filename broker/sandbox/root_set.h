/* What a run may write: its roots, the protected paths in them, and the rules made of both. Filled while the run is
 * prepared; from then on const for everybody. */
#ifndef SBX_BROKER_SANDBOX_ROOT_SET_H
#define SBX_BROKER_SANDBOX_ROOT_SET_H

#include "broker/object/object.h"

#include <stdbool.h>

#define ROOT_SET_MAX_ROOTS 30u /* each has room for an alias in the shim's settings */
#define ROOT_SET_MAX_PROTECTED 64u
#define ROOT_SET_MAX_HIDDEN 64u

struct root {
    wchar_t *dos_path;       /* as shown to people, full, no trailing backslash */
    wchar_t *nt_path;        /* \??\ + dos_path: what the shim compares with */
    wchar_t *alias;          /* the same for the spelling the user gave, NULL when that is the final one */
    struct policy_name name; /* the kernel's name of the open directory, with the volume; owned */
    HANDLE handle;           /* held for the run: relative opens start here */
    PSID sid;                /* capability SID */
    bool stamped;            /* carries our entries; else writes go through the broker's open */
    bool temp;               /* the run's private TEMP */
};

/* A protected or hidden path. */
struct held_path {
    wchar_t *dos_path;
    HANDLE handle; /* held for the run, so that its identity cannot be reused */
    ULONGLONG file_id;
    HANDLE claim; /* an open file of the state that other runs see; NULL while the path carries no entries of ours */
};

struct root_set {
    struct root roots[ROOT_SET_MAX_ROOTS];
    size_t root_count;
    struct held_path protect[ROOT_SET_MAX_PROTECTED];
    size_t protect_count;
    struct held_path hidden[ROOT_SET_MAX_HIDDEN];
    size_t hidden_count;
    /* the same for policy.c */
    struct policy_name root_names[ROOT_SET_MAX_ROOTS];
    struct policy_name protect_names[ROOT_SET_MAX_PROTECTED];
    struct policy_rules rules;
};

/* The innermost root that holds the kernel's name `name`, and the rest of the name below it (without its
 * leading backslash); -1 outside of all roots. */
int root_set_find(const struct root_set *set, struct policy_name name, struct policy_name *rest)
    __attribute__((warn_unused_result));

/* The DOS path of the kernel's name `name` and its root's number: malloc'ed, owned by the caller; NULL outside of all
 * roots or without memory. */
wchar_t *root_set_dos_path(const struct root_set *set, struct policy_name name, size_t *root);

/* "top\\rest" as text, a NUL in it as U+FFFD: malloc'ed, owned by the caller; NULL without memory. */
wchar_t *root_set_path_text(const wchar_t *top, struct policy_name rest);

/* May an object go from root `from` to root `to` with the entries it has? Those of one root would open it there to a
 * later run of the other. Out of TEMP it may, since nothing of a root comes into it where there are several: TEMP's own
 * entry is the run's and means nothing to another. */
bool root_set_may_move(const struct root_set *set, size_t from, size_t to) __attribute__((warn_unused_result));

/* Is `name`, an NT name (\??\C:\dir), a hidden path or below one? For what the program tells of itself. */
bool root_set_hides(const struct root_set *set, struct policy_name name) __attribute__((warn_unused_result));

/* Is the full DOS path `path` a root or below one? For paths of people only. */
bool root_set_holds_path(const struct root_set *set, const wchar_t *path) __attribute__((warn_unused_result));

#endif
