#include "broker/sandbox/denials.h"

#include "broker/base/msg.h"
#include "broker/policy/policy.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DIRECTORIES 10u

struct denied_directory {
    wchar_t *path; /* the first that was denied there */
    size_t directory_units;
    enum policy_verdict rule;
    bool more;
};

static struct {
    SRWLOCK lock;
    struct denied_directory directories[MAX_DIRECTORIES];
    size_t count;
    size_t others; /* paths in further directories */
} seen = {.lock = SRWLOCK_INIT};

static size_t directory_units(const wchar_t *path) {
    const wchar_t *last = wcsrchr(path, L'\\');
    return last ? (size_t)(last - path) : 0;
}

static struct denied_directory *find(const wchar_t *path, size_t units, enum policy_verdict rule) {
    for (size_t i = 0; i < seen.count; i++) {
        if (seen.directories[i].rule == rule && seen.directories[i].directory_units == units &&
            !_wcsnicmp(seen.directories[i].path, path, units)) {
            return &seen.directories[i];
        }
    }
    return NULL;
}

void denials_keep(const wchar_t *path, enum policy_verdict rule) {
    size_t units = directory_units(path);
    AcquireSRWLockExclusive(&seen.lock);
    struct denied_directory *known = find(path, units, rule);
    if (known) {
        known->more = known->more || _wcsicmp(known->path, path) != 0;
    } else if (seen.count < MAX_DIRECTORIES) {
        wchar_t *copy = _wcsdup(path);
        if (copy) {
            seen.directories[seen.count++] = (struct denied_directory){copy, units, rule, false};
        }
    } else {
        seen.others++;
    }
    ReleaseSRWLockExclusive(&seen.lock);
}

size_t denials_count(void) { return seen.count + (seen.others != 0); }

void denials_show(void) {
    for (size_t i = 0; i < seen.count; i++) {
        wchar_t shown[1024];
        const struct denied_directory *directory = &seen.directories[i];
        msg_escape(directory->path, wcslen(directory->path), shown, 1024);
        msg_note("sbx: denied: %ls%ls: %s", shown, directory->more ? L" and more there" : L"",
                 policy_verdict_text(directory->rule));
    }
    if (seen.others) {
        msg_note("sbx: denied: and more in other directories (--events has them all)");
    }
}
