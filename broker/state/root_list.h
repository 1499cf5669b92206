/* The stored roots in memory, for the commands that look at them. */
#ifndef SBX_BROKER_STATE_ROOT_LIST_H
#define SBX_BROKER_STATE_ROOT_LIST_H

#include "broker/rights/acl.h"

#include <stddef.h>

struct roots_list {
    size_t count;
    wchar_t **paths;
    PSID *sids; /* sids[i] belongs to paths[i] */
};

/* How a stored root is found on the disk. */
enum root_health { ROOT_OK, ROOT_INCOMPLETE, ROOT_NO_DACL, ROOT_NO_ACLS, ROOT_GONE, ROOT_UNREADABLE };

/* Reads the map. Returns false with a message. Free with roots_list_free, also after a failure. */
bool roots_list_load(struct roots_list *list) __attribute__((warn_unused_result));
void roots_list_free(struct roots_list *list);

/* The innermost root that `path` (final spelling) lies in: its index, or -1. */
int roots_list_find(const struct roots_list *list, const wchar_t *path);

/* Looks at root `index`; *state is what its directory carries (zeroed when it cannot be read). */
enum root_health roots_list_check(const struct roots_list *list, size_t index, struct acl_state *state);

/* A few words for it, as "stamped" or "gone". */
const wchar_t *roots_health_text(enum root_health health, const struct acl_state *state);

#endif
