#include "broker/run/hide.h"

#include "broker/base/msg.h"
#include "broker/object/path.h"
#include "broker/run/roots.h"
#include "broker/state/hidden.h"
#include "broker/state/state.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_UNITS 1024u

/* Where programs keep what lets somebody in. Browsers' and Windows' own stores are not among them: their programs run
 * parts of themselves at Low, which need them. docs/hide.md has the same list. */
static const struct {
    const wchar_t *variable, *path;
} secrets[] = {
    {L"USERPROFILE", L".ssh"},
    {L"USERPROFILE", L".gnupg"},
    {L"APPDATA", L"gnupg"},
    {L"USERPROFILE", L".aws"},
    {L"USERPROFILE", L".azure"},
    {L"APPDATA", L"gcloud"},
    {L"USERPROFILE", L".kube"},
    {L"USERPROFILE", L".docker\\config.json"},
    {L"APPDATA", L"GitHub CLI"},
    {L"USERPROFILE", L".netrc"},
    {L"USERPROFILE", L"_netrc"},
    {L"USERPROFILE", L".git-credentials"},
    {L"USERPROFILE", L".npmrc"},
    {L"USERPROFILE", L".pypirc"},
    {L"APPDATA", L"postgresql\\pgpass.conf"},
    {L"USERPROFILE", L".cargo\\credentials"},
    {L"USERPROFILE", L".cargo\\credentials.toml"},
    {L"USERPROFILE", L".gem\\credentials"},
    {L"APPDATA", L"terraform.rc"},
    {L"APPDATA", L"terraform.d\\credentials.tfrc.json"},
};

HANDLE hide_open(const wchar_t *path, wchar_t **final) {
    DWORD error;
    wchar_t *full = path_full(path), own[MAX_PATH], state[MAX_PATH];
    if (!full || roots_link_leaves(full)) {
        msg_error("%ls is reached by a link in a known root; use the path it leads to", path);
        free(full);
        return NULL;
    }
    HANDLE handle = path_open(full, FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE, final, &error);
    free(full);
    if (!handle) {
        msg_error("%ls cannot be hidden: %ls", path, msg_win32_text(error));
        return NULL;
    }
    DWORD units = GetModuleFileNameW(NULL, own, MAX_PATH);
    const wchar_t *reason = roots_unwise(*final);
    if (!reason && (!units || units == MAX_PATH || path_below(own, *final))) {
        reason = L"sbx itself lies in it";
    }
    if (!reason && (!state_directory(state, MAX_PATH) || path_below(state, *final) || path_below(*final, state))) {
        reason = L"the state of sbx lies in it";
    }
    if (reason) {
        msg_error("%ls cannot be hidden: %ls; hide a smaller place", *final, reason);
        CloseHandle(handle);
        free(*final);
        return NULL;
    }
    return handle;
}

static bool is_in_a_root(const struct root_set *set, const wchar_t *path) {
    for (size_t i = 0; i < set->root_count; i++) {
        if (path_below(set->roots[i].dos_path, path)) {
            msg_error("%ls cannot be hidden: the writable root %ls lies in it", path, set->roots[i].dos_path);
            return true;
        }
    }
    return false;
}

static bool add(struct root_set *set, const wchar_t *path) {
    wchar_t *final;
    if (set->hidden_count == ROOT_SET_MAX_HIDDEN) {
        msg_error("%ls cannot be hidden: no more than %u paths can be", path, ROOT_SET_MAX_HIDDEN);
        return false;
    }
    HANDLE handle = hide_open(path, &final);
    if (!handle) {
        return false;
    }
    struct held_path *hidden = &set->hidden[set->hidden_count++];
    *hidden = (struct held_path){.dos_path = final, .handle = handle};
    if (!NT_SUCCESS(object_query_id(handle, &hidden->file_id))) {
        msg_error("%ls cannot be hidden: the system gives no identity for it", path);
        return false;
    }
    /* The broker must not move out or open for writing what the program cannot even read. */
    return !is_in_a_root(set, final) && (!root_set_holds_path(set, final) || roots_add_protected(set, final, true));
}

static bool add_secrets(struct root_set *set) {
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        wchar_t path[PATH_UNITS];
        DWORD units = GetEnvironmentVariableW(secrets[i].variable, path, PATH_UNITS / 2);
        if (!units || units >= PATH_UNITS / 2) {
            continue;
        }
        (void)swprintf(path + units, PATH_UNITS - units, L"\\%ls", secrets[i].path);
        DWORD error = GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? last_error() : 0;
        bool missing = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
        if (!missing && !add(set, path)) {
            return false;
        }
    }
    return true;
}

bool run_judge_hidden(const struct run_settings *settings, struct root_set *set) {
    for (size_t i = 0; i < settings->hide_count; i++) {
        if (!add(set, settings->hide[i])) {
            return false;
        }
    }
    return !settings->hide_secrets || add_secrets(set);
}

static bool hide_one(struct hidden *hidden, struct held_path *path) {
    path->claim = claim_open(HIDDEN_CLAIM, path->handle, path->file_id, path->dos_path);
    if (!path->claim) {
        msg_error("%ls cannot be hidden: %ls", path->dos_path, msg_win32_text(last_error()));
        return false;
    }
    return hidden_put(hidden, path->dos_path, path->handle, false);
}

bool run_hide(struct root_set *set) {
    struct claims live = {0};
    if (!set->hidden_count && !hidden_any()) {
        return true;
    }
    struct hidden *hidden = hidden_open();
    if (!hidden) {
        return false;
    }
    if (claims_read(HIDDEN_CLAIM, &live)) {
        hidden_sweep(hidden, &live);
    }
    claims_free(&live);
    bool ok = true;
    for (size_t i = 0; ok && i < set->hidden_count; i++) {
        ok = hide_one(hidden, &set->hidden[i]);
    }
    hidden_close(hidden);
    return ok;
}

void run_reveal(struct root_set *set) {
    struct claims live = {0};
    bool claimed[ROOT_SET_MAX_HIDDEN] = {false}, any = false;
    for (size_t i = 0; i < set->hidden_count; i++) {
        claimed[i] = set->hidden[i].claim != NULL;
        any = any || claimed[i];
    }
    struct hidden *hidden = any ? hidden_open() : NULL;
    for (size_t i = 0; hidden && i < set->hidden_count; i++) {
        struct held_path *path = &set->hidden[i];
        if (claimed[i]) {
            claim_close(HIDDEN_CLAIM, path->handle, path->file_id, path->claim);
            path->claim = NULL;
        }
    }
    bool known = hidden && claims_read(HIDDEN_CLAIM, &live);
    for (size_t i = 0; i < set->hidden_count; i++) {
        const wchar_t *path = set->hidden[i].dos_path;
        if (claimed[i] && known && hidden_is_lasting(hidden, path)) {
            continue;
        }
        if (claimed[i] && !(known && hidden_lift(hidden, path, &live))) {
            msg_warn("%ls stays hidden; the next run, or sbx hide remove, shows it again", path);
        }
    }
    claims_free(&live);
    hidden_close(hidden);
}
