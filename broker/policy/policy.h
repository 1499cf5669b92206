/* What may be touched: decisions on names and facts, and nothing else.
 *
 * Portable C11, no Windows header: built natively for the unit tests and the fuzzer. Names are arrays of UTF-16 units
 * with a length, never NUL-terminated. The facts come from the kernel (names asked of a handle), never from the child.
 */
#ifndef SBX_BROKER_POLICY_POLICY_H
#define SBX_BROKER_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLICY_LEAF_MAX 255u /* units: the limit of NTFS for one component */

/* Every way a request is refused. POLICY_ALLOWED is the only one that lets it through. */
enum policy_verdict {
    POLICY_ALLOWED,
    POLICY_OUTSIDE,         /* not in a writable root */
    POLICY_IS_ROOT,         /* a root itself is never deleted, renamed or replaced */
    POLICY_PROTECTED,       /* is, or lies in, a protected path */
    POLICY_ABOVE_PROTECTED, /* a protected path lies in it */
    POLICY_BAD_NAME,        /* empty, too long, a separator, NUL, "." or ".." in a component */
    POLICY_STREAM,          /* a colon in a component */
    POLICY_BAD_HANDLE,      /* not a file, or not the process's handle */
    POLICY_REPARSE,         /* leads through, or is, a reparse point where that is not allowed */
    POLICY_HARD_LINK,       /* has a name outside the roots */
    POLICY_HIDDEN,          /* is, or lies in, a hidden path: told of a read that the system denied */
    POLICY_BAD_REQUEST,     /* flags or rights that are never granted */
    POLICY_VERDICT_COUNT
};

struct policy_name {
    const uint16_t *units;
    size_t length;
};

/* Upper-cases one unit as the file system does (RtlUpcaseUnicodeChar on Windows). */
typedef uint16_t policy_fold(uint16_t unit);

/* Is `path` equal to `top` or below it, by whole components and without case? *rest is then what follows, without its
 * first separator (empty for `top` itself). `top` has no trailing separator, except that of a drive's root, which may
 * have one. */
bool policy_under(struct policy_name path, struct policy_name top, policy_fold *fold, struct policy_name *rest)
    __attribute__((warn_unused_result));

/* May `leaf` be one component of a path that the broker opens or makes? */
enum policy_verdict policy_component(struct policy_name leaf) __attribute__((warn_unused_result));

/* Splits a relative path at its last separator: *directory (may be empty) and *leaf. Every component is checked. */
enum policy_verdict policy_split(struct policy_name path, struct policy_name *directory, struct policy_name *leaf)
    __attribute__((warn_unused_result));

/* Index of the innermost of `count` tops that `path` is equal to or below, or -1; *rest as in policy_under. */
int policy_innermost(struct policy_name path, const struct policy_name *tops, size_t count, policy_fold *fold,
                     struct policy_name *rest) __attribute__((warn_unused_result));

/* What the kernel said of an object or of the place of a new name. */
struct policy_object {
    struct policy_name path; /* as the kernel gives it for the handle, with the volume */
    bool protected_identity; /* the walk to it met a protected object by identity (an alias name does not help) */
};

struct policy_rules {
    const struct policy_name *roots;
    size_t root_count;
    const struct policy_name *protect; /* kernel names of protected paths */
    size_t protect_count;
    policy_fold *fold;
};

/* May the object be deleted, renamed or replaced? */
enum policy_verdict policy_may_destroy(const struct policy_rules *rules, const struct policy_object *object)
    __attribute__((warn_unused_result));

/* May something be written at, or a new name be made in, this place? For a new name `object` is the path that it would
 * have. */
enum policy_verdict policy_may_write(const struct policy_rules *rules, const struct policy_object *object)
    __attribute__((warn_unused_result));

/* Does the kernel's name of something below a root (`below`, without the root) name a directory by a stream, as
 * "dir:$I30:$INDEX_ALLOCATION" does, alone or on the way? Such a name hides from a comparison which directory it is. A
 * stream of a file is not meant: that is its last component. */
bool policy_is_stream_of_directory(struct policy_name below, bool directory) __attribute__((warn_unused_result));

/* May content, attributes or security of an object with `links` names be changed, of which `names_in_roots` were found
 * to lie in active roots? */
enum policy_verdict policy_may_change_content(unsigned links, unsigned names_in_roots)
    __attribute__((warn_unused_result));

/* The rights that a handle given to the child may carry: `asked` (generic bits already mapped) without DELETE,
 * WRITE_DAC, WRITE_OWNER, FILE_DELETE_CHILD and ACCESS_SYSTEM_SECURITY. */
uint32_t policy_handle_access(uint32_t asked) __attribute__((warn_unused_result));

/* The rule in a few words, for a person. Static string. */
const char *policy_verdict_text(enum policy_verdict verdict);
/* The rule as one word, for programs ("outside"). Static string. */
const char *policy_verdict_name(enum policy_verdict verdict);

#endif
