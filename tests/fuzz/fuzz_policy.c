/* Decisions about names compared with a second, slower statement of the same rules, written on lists of components.
 *
 * The input: a byte of flags, the number of roots (0 to 3) and of protected paths (0 to 3), then names as UTF-16LE
 * separated by the unit 0xffff: the object's path, the roots, the protected paths. */
#include "tests/fuzz/fuzz.h"

#include "broker/policy/policy.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 7u
#define MAX_UNITS 512u
#define SEPARATOR 0xffffu

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static uint16_t fold(uint16_t unit) {
    return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 32) : unit == 0xe9 ? 0xc9 : unit;
}

static struct policy_name without_last_separator(struct policy_name name) {
    if (name.length && name.units[name.length - 1] == '\\') {
        name.length--;
    }
    return name;
}

static struct policy_name next_component(struct policy_name *name) {
    struct policy_name first = {name->units, 0};
    while (first.length < name->length && name->units[first.length] != '\\') {
        first.length++;
    }
    size_t skip = first.length < name->length ? first.length + 1 : first.length;
    name->units += skip;
    name->length -= skip;
    return first;
}

static bool same_component(struct policy_name a, struct policy_name b) {
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (fold(a.units[i]) != fold(b.units[i])) {
            return false;
        }
    }
    return true;
}

static size_t count_components(struct policy_name name) {
    size_t count = 1;
    for (size_t i = 0; i < name.length; i++) {
        count += name.units[i] == '\\';
    }
    return count;
}

/* The components of `top` are the first ones of `path`. */
static bool plain_under(struct policy_name path, struct policy_name top) {
    top = without_last_separator(top);
    size_t count = count_components(top);
    bool same = top.length && count <= count_components(path);
    for (size_t i = 0; same && i < count; i++) {
        same = same_component(next_component(&path), next_component(&top));
    }
    return same;
}

static bool under(struct policy_name path, struct policy_name top) {
    struct policy_name rest;
    return policy_under(path, top, fold, &rest);
}

static void check_under(struct policy_name path, struct policy_name top) {
    struct policy_name rest;
    bool result = policy_under(path, top, fold, &rest);
    REQUIRE(result == plain_under(path, top));
    if (!result) {
        return;
    }
    struct policy_name head = {path.units, without_last_separator(top).length};
    REQUIRE(same_component(head, without_last_separator(top)));
    REQUIRE(rest.length <= path.length - head.length && rest.units + rest.length == path.units + path.length);
    REQUIRE(path.length == head.length || path.units[head.length] == '\\');
}

static void check_component(struct policy_name leaf) {
    bool bad = leaf.length == 0 || leaf.length > POLICY_LEAF_MAX;
    bool dots = leaf.length == 1 || leaf.length == 2;
    for (size_t i = 0; i < leaf.length; i++) {
        uint16_t unit = leaf.units[i];
        bad = bad || unit == 0 || unit == '\\' || unit == '/' || unit == ':';
        dots = dots && unit == '.';
    }
    REQUIRE(!(bad || dots) || policy_component(leaf) != POLICY_ALLOWED);
}

static void check_split(struct policy_name path) {
    struct policy_name directory, leaf, part = path;
    if (policy_split(path, &directory, &leaf) != POLICY_ALLOWED) {
        return;
    }
    REQUIRE(policy_component(leaf) == POLICY_ALLOWED);
    REQUIRE(leaf.units + leaf.length == path.units + path.length && directory.units == path.units);
    REQUIRE(directory.length ? directory.length + 1 + leaf.length == path.length : leaf.length == path.length);
    REQUIRE(!directory.length || path.units[directory.length] == '\\');
    while (part.length) {
        REQUIRE(policy_component(next_component(&part)) == POLICY_ALLOWED);
    }
}

static int check_innermost(struct policy_name path, const struct policy_name *tops, size_t count) {
    struct policy_name rest, other;
    int found = policy_innermost(path, tops, count, fold, &rest);
    for (size_t i = 0; i < count; i++) {
        bool is_under = policy_under(path, tops[i], fold, &other);
        REQUIRE(!is_under || (found >= 0 && rest.length <= other.length));
    }
    REQUIRE(found < (int)count && (found < 0 || under(path, tops[found])));
    return found;
}

/* What "allowed" has to mean, said the other way round. */
static void check_decisions(const struct policy_rules *rules, const struct policy_object *object) {
    bool inside = check_innermost(object->path, rules->roots, rules->root_count) >= 0;
    bool shielded =
        object->protected_identity || check_innermost(object->path, rules->protect, rules->protect_count) >= 0;
    bool above_root = false, above_protected = false;
    for (size_t i = 0; i < rules->root_count; i++) {
        above_root = above_root || under(rules->roots[i], object->path);
    }
    for (size_t i = 0; i < rules->protect_count; i++) {
        above_protected = above_protected || under(rules->protect[i], object->path);
    }
    REQUIRE((policy_may_write(rules, object) == POLICY_ALLOWED) == (inside && !shielded));
    REQUIRE((policy_may_destroy(rules, object) == POLICY_ALLOWED) ==
            (inside && !shielded && !above_root && !above_protected));
}

static void check_case(const struct policy_rules *rules, const struct policy_object *object) {
    uint16_t upper[MAX_UNITS];
    struct policy_object other = {{upper, object->path.length}, object->protected_identity};
    for (size_t i = 0; i < object->path.length; i++) {
        upper[i] = fold(object->path.units[i]);
    }
    REQUIRE(policy_may_destroy(rules, object) == policy_may_destroy(rules, &other));
    REQUIRE(policy_may_write(rules, object) == policy_may_write(rules, &other));
}

static void check_access(const uint8_t *data, size_t size) {
    uint32_t asked = 0;
    memcpy(&asked, data, size < sizeof(asked) ? size : sizeof(asked));
    uint32_t given = policy_handle_access(asked);
    REQUIRE(!(given & ~asked) && !(given & 0x030d0040u) && policy_handle_access(given) == given);
}

/* Copies the names to blocks of their own, so that ASan sees a unit read past an end. */
static size_t read_names(struct policy_name *names, const uint8_t *data, size_t size) {
    size_t count = 0, start = 0, units = size / 2;
    for (size_t i = 0; i <= units && count < MAX_NAMES; i++) {
        if (i < units && (data[2 * i] | data[2 * i + 1] << 8) != SEPARATOR) {
            continue;
        }
        size_t length = i - start < MAX_UNITS ? i - start : MAX_UNITS;
        uint16_t *copy = malloc(length ? length * 2 : 1);
        REQUIRE(copy);
        memcpy(copy, data + 2 * start, length * 2);
        names[count++] = (struct policy_name){copy, length};
        start = i + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct policy_name names[MAX_NAMES];
    if (size < 1) {
        return 0;
    }
    check_access(data, size);
    size_t count = read_names(names, data + 1, size - 1);
    size_t roots = data[0] & 3, protect = data[0] >> 2 & 3;
    roots = roots < count - 1 ? roots : count - 1;
    protect = protect < count - 1 - roots ? protect : count - 1 - roots;
    struct policy_rules rules = {names + 1, roots, names + 1 + roots, protect, fold};
    struct policy_object object = {names[0], (data[0] & 16) != 0};
    for (size_t i = 0; i < count; i++) {
        check_under(names[0], names[i]);
        check_component(names[i]);
        check_split(names[i]);
    }
    check_decisions(&rules, &object);
    check_case(&rules, &object);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)names[i].units);
    }
    return 0;
}
