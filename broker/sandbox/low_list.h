/* What a run may have left with a Low label and should not: programs, and directories with programs in them that were
 * moved. Windows starts a program at the lower of its parent's level and its file's, so at the end of the run they are
 * set back. Filled by the watch of the roots and by the operations; a lock of its own. */
#ifndef SBX_BROKER_SANDBOX_LOW_LIST_H
#define SBX_BROKER_SANDBOX_LOW_LIST_H

#include "broker/sandbox/root_set.h"

struct low_entry {
    size_t root;
    bool tree;     /* a directory: all below it */
    wchar_t *path; /* below the root */
};

struct low_list;

/* NULL without memory. */
struct low_list *low_list_new(void) __attribute__((warn_unused_result));
void low_list_free(struct low_list *list);

/* Puts the object at `path` below root number `root` on the list; a file only when executable_name says so. `list` may
 * be NULL. Where there is no room the root as a whole is on the list from then on. */
void low_list_add(struct low_list *list, size_t root, struct policy_name path, bool tree);

/* The same for the kernel's name of an object in a root. */
void low_list_note(struct low_list *list, const struct root_set *set, struct policy_name name, bool tree);

/* Puts a root as a whole on the list. */
void low_list_add_root(struct low_list *list, size_t root);
bool low_list_has_root(const struct low_list *list, size_t root) __attribute__((warn_unused_result));

/* The entries, in the order in which they were added. Only once nobody adds any more. */
const struct low_entry *low_list_entries(const struct low_list *list, size_t *count);

#endif
