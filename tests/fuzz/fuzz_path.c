/* The way to a new name, gone in a model of a volume: names come from the input, and whatever they are, the walk stays
 * below the root it began at and the judgement of the place is that of the model.
 *
 * The input: a byte of flags (1: a directory handle, 2: an object beside), the number of the object of the handle, the
 * number of the object beside, then the path as UTF-16LE. */
#include "tests/fuzz/fuzz.h"

#include "broker/policy/route.h"

#include <stdlib.h>
#include <string.h>

#define MAX_UNITS 600u
#define NAME_UNITS 700u

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { TOP = 0, ROOT = 1, INNER_ROOT = 6, GUARD = 8, NODES = 14 };

/* Each node stands after its parent. */
static const struct node {
    int parent;
    const char *name;
    bool directory, link;
} nodes[NODES] = {
    {-1, "", true, false},          {TOP, "w", true, false},    {ROOT, "a.txt", false, false},
    {ROOT, "dir", true, false},     {ROOT, "link", true, true}, {3, "deep", true, false},
    {3, "inner", true, false},      {6, "x", true, false},      {ROOT, "guard", true, false},
    {GUARD, "inside", true, false}, {TOP, "out", true, false},  {10, "dir", true, false},
    {TOP, "wider", true, false},    {5, "..x", true, false},
};
static const int root_nodes[] = {ROOT, INNER_ROOT};
#define ROOTS 2u

struct text {
    uint16_t units[NAME_UNITS];
    size_t length;
};

static uint16_t fold(uint16_t unit) { return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - 32) : unit; }

static void append(struct text *text, const char *more) {
    for (; *more; more++) {
        text->units[text->length++] = (uint16_t)*more;
    }
}

static void append_name(struct text *text, struct policy_name more) {
    text->units[text->length++] = '\\';
    memcpy(text->units + text->length, more.units, more.length * sizeof(uint16_t));
    text->length += more.length;
}

static void kernel_name(int node, struct text *text) {
    if (nodes[node].parent < 0) {
        append(text, "\\Device\\HarddiskVolume1");
        return;
    }
    kernel_name(nodes[node].parent, text);
    append(text, "\\");
    append(text, nodes[node].name);
}

static struct policy_name name_of(const struct text *text) {
    struct policy_name name = {text->units, text->length};
    return name;
}

/* `node` is `top` or below it. */
static bool node_under(int node, int top) {
    while (node >= 0 && node != top) {
        node = nodes[node].parent;
    }
    return node == top;
}

static int child_of(int node, struct policy_name name) {
    for (int i = 1; i < NODES; i++) {
        size_t length = strlen(nodes[i].name), same = 0;
        while (same < length && same < name.length && fold((uint16_t)nodes[i].name[same]) == fold(name.units[same])) {
            same++;
        }
        if (nodes[i].parent == node && same == length && same == name.length) {
            return i;
        }
    }
    return -1;
}

static void check_component(struct policy_name name) {
    REQUIRE(name.length > 0 && name.length <= POLICY_LEAF_MAX);
    REQUIRE(!(name.length == 1 && name.units[0] == '.'));
    REQUIRE(!(name.length == 2 && name.units[0] == '.' && name.units[1] == '.'));
    for (size_t i = 0; i < name.length; i++) {
        REQUIRE(name.units[i] != '\\' && name.units[i] != '/' && name.units[i] != ':' && name.units[i] != 0);
    }
}

/* Goes down as the kernel does: no links, directories only. -1 where the way ends. */
static int walk(int node, struct policy_name path) {
    while (path.length && node >= 0) {
        struct policy_name part = {path.units, 0};
        while (part.length < path.length && path.units[part.length] != '\\') {
            part.length++;
        }
        check_component(part);
        size_t used = part.length < path.length ? part.length + 1 : part.length;
        path.units += used;
        path.length -= used;
        node = child_of(node, part);
        node = node >= 0 && nodes[node].directory && !nodes[node].link ? node : -1;
    }
    return node;
}

static bool lies_in(struct policy_name part, struct policy_name whole) {
    return !part.length || (part.units >= whole.units && part.units + part.length <= whole.units + whole.length);
}

/* What the kernel's name of the place is judged to be, against where the model has it. */
static void check_judgement(int directory, struct policy_name leaf, const struct policy_rules *rules) {
    struct text name = {.length = 0};
    kernel_name(directory, &name);
    append_name(&name, leaf);
    int there = child_of(directory, leaf);
    struct policy_object object = {name_of(&name), false};
    enum policy_verdict verdict = policy_may_write(rules, &object);
    bool protected_path = node_under(directory, GUARD) || there == GUARD;
    bool inside = node_under(directory, ROOT) || there == ROOT;
    REQUIRE(verdict == (!inside ? POLICY_OUTSIDE : protected_path ? POLICY_PROTECTED : POLICY_ALLOWED));
    enum policy_verdict destroys = policy_may_destroy(rules, &object);
    REQUIRE(verdict == POLICY_ALLOWED || destroys != POLICY_ALLOWED);
    REQUIRE(destroys != POLICY_ALLOWED || (there != ROOT && there != INNER_ROOT));
}

static struct policy_name read_path(const uint8_t *data, size_t size, struct text *text) {
    text->length = size / 2 < MAX_UNITS ? size / 2 : MAX_UNITS;
    memcpy(text->units, data, text->length * sizeof(uint16_t));
    return name_of(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const spellings[] = {"\\??\\C:\\w", "\\??\\C:\\LONGNA~1", "\\??\\C:\\w\\dir\\inner",
                                            "\\??\\D:\\"};
    struct text spelled_text[2 * ROOTS] = {{.length = 0}}, kernel_text[ROOTS] = {{.length = 0}}, guard = {.length = 0};
    struct text beside_text = {.length = 0}, path_text;
    struct policy_name spelled[2 * ROOTS], kernel[ROOTS], protect[1];
    if (size < 3) {
        return 0;
    }
    for (size_t i = 0; i < ROOTS; i++) {
        append(&spelled_text[2 * i], spellings[2 * i]);
        append(&spelled_text[2 * i + 1], spellings[2 * i + 1]);
        spelled[2 * i] = name_of(&spelled_text[2 * i]);
        spelled[2 * i + 1] = name_of(&spelled_text[2 * i + 1]);
        kernel_name(root_nodes[i], &kernel_text[i]);
        kernel[i] = name_of(&kernel_text[i]);
    }
    kernel_name(GUARD, &guard);
    protect[0] = name_of(&guard);
    struct policy_rules rules = {kernel, ROOTS, protect, 1, fold};
    struct route_roots roots = {spelled, kernel, ROOTS, fold};
    bool has_handle = data[0] & 1, has_beside = data[0] & 2;
    int handle = data[1] % NODES, other = data[2] % NODES;
    struct policy_name path = read_path(data + 3, size - 3, &path_text);
    kernel_name(other, &beside_text);
    struct policy_name beside = name_of(&beside_text);

    struct route route;
    if (route_find(&roots, has_handle, path, has_beside ? &beside : NULL, &route) != POLICY_ALLOWED) {
        return 0;
    }
    check_component(route.leaf);
    REQUIRE(lies_in(route.leaf, path) && (lies_in(route.parent, path) || lies_in(route.parent, beside)));
    REQUIRE(route.from_handle == has_handle && (has_handle || route.root < ROOTS));
    int start = has_handle ? handle : root_nodes[route.root];
    int directory = nodes[start].directory && !nodes[start].link ? walk(start, route.parent) : -1;
    if (directory >= 0) {
        REQUIRE(node_under(directory, start));
        check_judgement(directory, route.leaf, &rules);
    }
    return 0;
}
