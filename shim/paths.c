#include "paths.h"

#include "settings.h"

#include <stddef.h>
#include <string.h>

static bool same(WCHAR a, WCHAR b) {
    return a == b || RtlUpcaseUnicodeChar(a) == RtlUpcaseUnicodeChar(b);
}

static bool below(const WCHAR *path, size_t units, const WCHAR *top, size_t top_units) {
    if (units < top_units || (units > top_units && path[top_units] != L'\\')) {
        return false;
    }
    /* Roots share their beginnings, so the difference is found sooner from the end. */
    for (size_t i = top_units; i > 0; i--) {
        if (!same(path[i - 1], top[i - 1])) {
            return false;
        }
    }
    return true;
}

static int root_of(const WCHAR *path, size_t units) {
    const struct sbx_config *config = settings_block();
    int best = -1;
    size_t longest = 0;
    for (uint32_t i = 0; i < config->root_count; i++) {
        const struct sbx_config_root *root = &config->roots[i];
        size_t length = root->path_size / sizeof(WCHAR);
        if (length >= longest && below(path, units, settings_string(root->path_offset), length)) {
            best = (int)i;
            longest = length;
        }
    }
    return best;
}

int paths_root_of(const OBJECT_ATTRIBUTES *attributes) {
    const UNICODE_STRING *name = attributes->ObjectName;
    if (attributes->RootDirectory) {
        return 0; /* the broker knows the directory by its handle */
    }
    if (!name || !name->Buffer || !name->Length) {
        return -1;
    }
    return root_of(name->Buffer, name->Length / sizeof(WCHAR));
}
