#include "broker/policy/route.h"

static bool has_separator(struct policy_name name) {
    for (size_t i = 0; i < name.length; i++) {
        if (name.units[i] == '\\') {
            return true;
        }
    }
    return false;
}

static enum policy_verdict below_root(struct policy_name rest, int root, struct route *route) {
    if (root < 0) {
        return POLICY_OUTSIDE;
    }
    if (!rest.length) {
        return POLICY_IS_ROOT;
    }
    route->root = (size_t)root;
    return policy_split(rest, &route->parent, &route->leaf);
}

/* The directory of `beside`, the kernel's name of an open object. */
static enum policy_verdict find_beside(const struct route_roots *roots, struct policy_name leaf,
                                       struct policy_name beside, struct route *route) {
    struct policy_name rest;
    int root = policy_innermost(beside, roots->kernel, roots->count, roots->fold, &rest);
    enum policy_verdict verdict = below_root(rest, root, route);
    route->leaf = leaf;
    return verdict;
}

enum policy_verdict route_find(const struct route_roots *roots, bool has_handle, struct policy_name path,
                               const struct policy_name *beside, struct route *route) {
    struct policy_name rest;
    /* A new name of a directory may end in a separator. */
    if (beside && path.length > 1 && path.units[path.length - 1] == '\\') {
        path.length--;
    }
    *route = (struct route){.from_handle = has_handle, .leaf = path};
    if (has_handle) {
        return policy_split(path, &route->parent, &route->leaf);
    }
    if (has_separator(path)) {
        int found = policy_innermost(path, roots->spelled, 2 * roots->count, roots->fold, &rest);
        return below_root(rest, found < 0 ? -1 : found / 2, route);
    }
    enum policy_verdict verdict = policy_component(path);
    if (verdict != POLICY_ALLOWED) {
        return verdict;
    }
    return beside ? find_beside(roots, path, *beside, route) : POLICY_OUTSIDE;
}
