#include "broker/policy/policy.h"

#define ACCESS_DELETE 0x00010000u
#define ACCESS_WRITE_DAC 0x00040000u
#define ACCESS_WRITE_OWNER 0x00080000u
#define ACCESS_DELETE_CHILD 0x00000040u
#define ACCESS_SYSTEM_SECURITY_RIGHT 0x01000000u
#define ACCESS_MAXIMUM_ALLOWED 0x02000000u
#define ACCESS_GENERIC 0xF0000000u

static const struct {
    const char *name;
    const char *text;
} verdicts[POLICY_VERDICT_COUNT] = {
    [POLICY_ALLOWED] = {"allowed", "allowed"},
    [POLICY_OUTSIDE] = {"outside", "not in a writable root"},
    [POLICY_IS_ROOT] = {"is-root", "a writable root itself stays where it is"},
    [POLICY_PROTECTED] = {"protected", "in a protected path"},
    [POLICY_ABOVE_PROTECTED] = {"above-protected", "a protected path lies in it"},
    [POLICY_BAD_NAME] = {"bad-name", "the name is not one file name"},
    [POLICY_STREAM] = {"stream", "the name names a stream"},
    [POLICY_BAD_HANDLE] = {"bad-handle", "the handle is not an open file of the process"},
    [POLICY_REPARSE] = {"reparse", "the path leads through a reparse point"},
    [POLICY_HARD_LINK] = {"hard-link", "the file has a name outside the writable roots"},
    [POLICY_HIDDEN] = {"hidden", "in a hidden path"},
    [POLICY_BAD_REQUEST] = {"bad-request", "flags or rights that are never granted"},
};

static bool is_separator(uint16_t unit) { return unit == '\\'; }

bool policy_under(struct policy_name path, struct policy_name top, policy_fold *fold, struct policy_name *rest) {
    if (top.length && is_separator(top.units[top.length - 1])) {
        top.length--;
    }
    if (!top.length || path.length < top.length) {
        return false;
    }
    for (size_t i = 0; i < top.length; i++) {
        if (path.units[i] != top.units[i] && fold(path.units[i]) != fold(top.units[i])) {
            return false;
        }
    }
    if (path.length > top.length && !is_separator(path.units[top.length])) {
        return false;
    }
    size_t skip = path.length > top.length ? top.length + 1 : top.length;
    rest->units = path.units + skip;
    rest->length = path.length - skip;
    return true;
}

enum policy_verdict policy_component(struct policy_name leaf) {
    if (leaf.length == 0 || leaf.length > POLICY_LEAF_MAX) {
        return POLICY_BAD_NAME;
    }
    if (leaf.units[0] == '.' && (leaf.length == 1 || (leaf.length == 2 && leaf.units[1] == '.'))) {
        return POLICY_BAD_NAME;
    }
    for (size_t i = 0; i < leaf.length; i++) {
        uint16_t unit = leaf.units[i];
        if (unit == ':') {
            return POLICY_STREAM;
        }
        if (unit == 0 || unit == '\\' || unit == '/') {
            return POLICY_BAD_NAME;
        }
    }
    return POLICY_ALLOWED;
}

enum policy_verdict policy_split(struct policy_name path, struct policy_name *directory, struct policy_name *leaf) {
    size_t start = 0;
    for (size_t i = 0; i <= path.length; i++) {
        if (i < path.length && !is_separator(path.units[i])) {
            continue;
        }
        struct policy_name component = {path.units + start, i - start};
        enum policy_verdict verdict = policy_component(component);
        if (verdict != POLICY_ALLOWED) {
            return verdict;
        }
        if (i == path.length) {
            *leaf = component;
            directory->units = path.units;
            directory->length = start ? start - 1 : 0;
        }
        start = i + 1;
    }
    return POLICY_ALLOWED;
}

int policy_innermost(struct policy_name path, const struct policy_name *tops, size_t count, policy_fold *fold,
                     struct policy_name *rest) {
    int best = -1;
    for (size_t i = 0; i < count; i++) {
        struct policy_name remainder;
        if (!policy_under(path, tops[i], fold, &remainder)) {
            continue;
        }
        if (best < 0 || remainder.length < rest->length) {
            best = (int)i;
            *rest = remainder;
        }
    }
    return best;
}

static bool in_protected(const struct policy_rules *rules, const struct policy_object *object) {
    struct policy_name rest;
    return object->protected_identity ||
           policy_innermost(object->path, rules->protect, rules->protect_count, rules->fold, &rest) >= 0;
}

static bool above_protected(const struct policy_rules *rules, struct policy_name path) {
    struct policy_name rest;
    for (size_t i = 0; i < rules->protect_count; i++) {
        if (policy_under(rules->protect[i], path, rules->fold, &rest)) {
            return true;
        }
    }
    return false;
}

enum policy_verdict policy_may_write(const struct policy_rules *rules, const struct policy_object *object) {
    struct policy_name rest;
    if (policy_innermost(object->path, rules->roots, rules->root_count, rules->fold, &rest) < 0) {
        return POLICY_OUTSIDE;
    }
    return in_protected(rules, object) ? POLICY_PROTECTED : POLICY_ALLOWED;
}

enum policy_verdict policy_may_destroy(const struct policy_rules *rules, const struct policy_object *object) {
    enum policy_verdict verdict = policy_may_write(rules, object);
    if (verdict != POLICY_ALLOWED) {
        return verdict;
    }
    /* A directory with a root in it counts as that root: moving it would move the root. */
    for (size_t i = 0; i < rules->root_count; i++) {
        struct policy_name rest;
        if (policy_under(rules->roots[i], object->path, rules->fold, &rest)) {
            return POLICY_IS_ROOT;
        }
    }
    return above_protected(rules, object->path) ? POLICY_ABOVE_PROTECTED : POLICY_ALLOWED;
}

bool policy_is_stream_of_directory(struct policy_name below, bool directory) {
    bool stream = false;
    for (size_t i = 0; i < below.length; i++) {
        if (stream && is_separator(below.units[i])) {
            return true;
        }
        stream = stream || below.units[i] == ':';
    }
    return stream && directory;
}

enum policy_verdict policy_may_change_content(unsigned links, unsigned names_in_roots) {
    return links <= 1 || names_in_roots >= links ? POLICY_ALLOWED : POLICY_HARD_LINK;
}

uint32_t policy_handle_access(uint32_t asked) {
    return asked & ~(ACCESS_DELETE | ACCESS_WRITE_DAC | ACCESS_WRITE_OWNER | ACCESS_DELETE_CHILD |
                     ACCESS_SYSTEM_SECURITY_RIGHT | ACCESS_MAXIMUM_ALLOWED | ACCESS_GENERIC);
}

const char *policy_verdict_text(enum policy_verdict verdict) {
    return (unsigned)verdict < POLICY_VERDICT_COUNT ? verdicts[verdict].text : "unknown rule";
}

const char *policy_verdict_name(enum policy_verdict verdict) {
    return (unsigned)verdict < POLICY_VERDICT_COUNT ? verdicts[verdict].name : "unknown";
}
