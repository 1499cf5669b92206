/* May it? Asked of open objects, by the kernel's name of the very handle that is used afterwards. */
#ifndef SBX_BROKER_SANDBOX_JUDGE_H
#define SBX_BROKER_SANDBOX_JUDGE_H

#include "broker/sandbox/place.h"
#include "broker/sandbox/root_set.h"

/* Judges a handle of the broker's own by its kernel name, which is left in `name`, and what was asked of it in `facts`.
 */
enum policy_verdict judge_object(const struct root_set *set, HANDLE object, enum place_use use,
                                 struct object_name *name, size_t *root, struct object_facts *facts)
    __attribute__((warn_unused_result));

/* May content or security of the open object be changed: is every name it has in an active root? */
enum policy_verdict judge_links(const struct root_set *set, HANDLE object, const struct object_facts *facts,
                                struct object_name *scratch) __attribute__((warn_unused_result));

/* Judges the full kernel name that an object has, or would have; `directory`: it is, or would be, one. *root is the
 * number of its root. */
enum policy_verdict judge_name(const struct root_set *set, enum place_use use, struct policy_name name, bool directory,
                               size_t *root) __attribute__((warn_unused_result));

#endif
