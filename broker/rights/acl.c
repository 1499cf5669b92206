#include "broker/rights/acl.h"

#include "broker/object/object.h"
#include "broker/object/sd.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"

#include <bcrypt.h>
#include <stddef.h>
#include <stdlib.h>

#define INHERIT_ALL (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE)

static SID everyone = {SID_REVISION, 1, {SECURITY_WORLD_SID_AUTHORITY}, {SECURITY_WORLD_RID}};

static bool is_allow(const struct sd_ace *ace) {
    return ace->type == ACCESS_ALLOWED_ACE_TYPE || ace->type == ACCESS_ALLOWED_CALLBACK_ACE_TYPE;
}

static bool is_for(const struct sd_ace *ace, PSID sid) { return ace->sid && sid && EqualSid(ace->sid, sid); }

static bool is_our_deny(const struct sd_ace *ace) {
    return ace->type == ACCESS_DENIED_ACE_TYPE && ace->mask == FILE_DELETE_CHILD && is_for(ace, &everyone) &&
           (ace->flags & ~INHERITED_ACE) == CONTAINER_INHERIT_ACE;
}

static void query(const struct sd *sd, bool directory, PSID sid, struct acl_state *state) {
    const BYTE inherit = directory ? INHERIT_ALL : 0;
    *state = (struct acl_state){.deny = !directory, .low = sd_level(sd) <= SECURITY_MANDATORY_LOW_RID};
    if (!sd->dacl) {
        state->no_dacl = true;
        state->allow = true;
        return;
    }
    bool child_deletable = false; /* an entry before the deny gives FILE_DELETE_CHILD to somebody */
    for (struct sd_ace ace = {0}; sd_next(sd->dacl, &ace);) {
        if (ace.flags & INHERIT_ONLY_ACE) {
            continue;
        }
        if (is_for(&ace, &everyone) && ace.type == ACCESS_DENIED_ACE_TYPE && (ace.mask & FILE_DELETE_CHILD) &&
            (ace.flags & CONTAINER_INHERIT_ACE) && !child_deletable) {
            state->deny = true;
        }
        if ((is_allow(&ace) || !ace.sid) && (ace.mask & (FILE_DELETE_CHILD | GENERIC_ALL) || !ace.sid)) {
            child_deletable = true;
        }
        state->ours = state->ours || (ace.sid && sid_is_ours(ace.sid));
        if (!is_for(&ace, sid)) {
            continue;
        }
        if (ace.type == ACCESS_ALLOWED_ACE_TYPE && (ace.mask & ACL_ALLOW_MASK) == ACL_ALLOW_MASK &&
            (ace.flags & inherit) == inherit) {
            state->allow = true;
        }
        if (ace.type == ACCESS_DENIED_ACE_TYPE && (ace.mask & FILE_WRITE_DATA)) {
            state->protected_entry = true;
        }
    }
}

NTSTATUS acl_query(HANDLE object, bool directory, PSID sid, struct acl_state *state) {
    struct sd sd;
    *state = (struct acl_state){0};
    NTSTATUS status = sd_read(object, &sd);
    if (NT_SUCCESS(status)) {
        query(&sd, directory, sid, state);
    }
    sd_free(&sd);
    return status;
}

/* Where an explicit allow belongs: behind the explicit denies, before the first inherited entry. */
static ULONG allow_position(const ACL *dacl) {
    ULONG after_denies = sizeof(*dacl), end = sizeof(*dacl), inherited = 0;
    for (struct sd_ace ace = {0}; sd_next(dacl, &ace);) {
        end = ace.offset + ace.size;
        if (ace.flags & INHERITED_ACE) {
            inherited = inherited ? inherited : ace.offset;
        } else if (!is_allow(&ace)) {
            after_denies = end;
        }
    }
    ULONG position = inherited ? inherited : end;
    return position > after_denies ? position : after_denies;
}

/* Has somebody decided on this object's label? Such a one is not lowered. What is hidden was decided on, wherever it
 * has its label from. */
static bool label_is_decided(const struct sd *sd) {
    for (struct sd_ace ace = {0}; sd_next(sd->labels, &ace);) {
        if (ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE && !(ace.flags & INHERITED_ACE)) {
            return true;
        }
    }
    return label_is_hiding(sd);
}

/* Adds the missing entries to the DACL and reads it back. */
static NTSTATUS stamp_dacl(HANDLE object, bool directory, PSID sid, const struct sd *sd,
                           const struct acl_state *state) {
    ACL *denying = NULL, *allowing = NULL;
    const ACL *dacl = sd->dacl;
    if (!state->deny) {
        dacl = denying =
            sd_insert(dacl, sizeof(*dacl), ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE, FILE_DELETE_CHILD, &everyone);
    }
    if (dacl && !state->allow) {
        dacl = allowing = sd_insert(dacl, allow_position(dacl), ACCESS_ALLOWED_ACE_TYPE, directory ? INHERIT_ALL : 0,
                                    ACL_ALLOW_MASK, sid);
    }
    NTSTATUS status = dacl ? sd_write_dacl(object, dacl, sd->control) : STATUS_INVALID_ACL;
    free(denying);
    free(allowing);
    struct acl_state now;
    if (NT_SUCCESS(status)) {
        status = acl_query(object, directory, sid, &now);
    }
    /* A filesystem without security answers yes to a change that it does not make. */
    return NT_SUCCESS(status) && !(now.allow && now.deny) ? STATUS_NOT_SUPPORTED : status;
}

static NTSTATUS stamp_label(HANDLE object, bool directory, const struct sd *sd, struct acl_change *change) {
    change->label_refused = label_is_decided(sd);
    return change->label_refused ? STATUS_SUCCESS
                                 : label_put(object, LABEL_LOW, directory ? CONTAINER_INHERIT_ACE : 0, change);
}

NTSTATUS acl_stamp(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, struct acl_change *change) {
    struct sd sd;
    struct acl_state state = {0};
    *change = (struct acl_change){0};
    NTSTATUS status = sd_read(object, &sd);
    if (NT_SUCCESS(status)) {
        query(&sd, directory, sid, &state);
        status = state.no_dacl ? STATUS_NOT_SUPPORTED : state.protected_entry ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
    }
    bool label = integrity != ACL_LABEL_NONE && !state.low;
    if (NT_SUCCESS(status) && label && integrity == ACL_LABEL_REQUIRED) {
        status = stamp_label(object, directory, &sd, change);
        status = change->label_refused ? STATUS_ACCESS_DENIED : status;
        label = false;
    }
    if (NT_SUCCESS(status) && !(state.allow && state.deny)) {
        status = stamp_dacl(object, directory, sid, &sd, &state);
        change->changed = change->changed || NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status) && label) {
        status = stamp_label(object, directory, &sd, change);
    }
    sd_free(&sd);
    return status;
}

NTSTATUS acl_deny_delete_child(HANDLE directory, bool *changed) {
    struct sd sd;
    struct acl_state state;
    *changed = false;
    NTSTATUS status = sd_read(directory, &sd);
    if (NT_SUCCESS(status)) {
        query(&sd, true, NULL, &state);
        if (!state.deny && sd.dacl) {
            ACL *denying = sd_insert(sd.dacl, sizeof(*sd.dacl), ACCESS_DENIED_ACE_TYPE, CONTAINER_INHERIT_ACE,
                                     FILE_DELETE_CHILD, &everyone);
            status = denying ? sd_write_dacl(directory, denying, sd.control) : STATUS_INVALID_ACL;
            *changed = NT_SUCCESS(status);
            free(denying);
        }
    }
    sd_free(&sd);
    return status;
}

struct picking {
    const PSID *sids;
    size_t count;
    bool all_but; /* every SID of sbx that is not in sids */
    bool denies;  /* take the deny of FILE_DELETE_CHILD too */
};

static bool pick_ours(void *context, const struct sd_ace *ace) {
    const struct picking *picking = context;
    if (picking->denies && is_our_deny(ace)) {
        return true;
    }
    if (!ace->sid || (ace->type != ACCESS_ALLOWED_ACE_TYPE && ace->type != ACCESS_DENIED_ACE_TYPE)) {
        return false;
    }
    for (size_t i = 0; i < picking->count; i++) {
        if (EqualSid(ace->sid, picking->sids[i])) {
            return !picking->all_but;
        }
    }
    return picking->all_but && sid_is_ours(ace->sid);
}

static bool holds_sbx_sid(const ACL *dacl) {
    for (struct sd_ace ace = {0}; sd_next(dacl, &ace);) {
        if (ace.sid && sid_is_ours(ace.sid)) {
            return true;
        }
    }
    return false;
}

/* acl_protect puts its Medium label together with a deny; without one the label is somebody else's. */
static bool holds_protection(const ACL *dacl) {
    for (struct sd_ace ace = {0}; sd_next(dacl, &ace);) {
        if (ace.type == ACCESS_DENIED_ACE_TYPE && ace.sid && sid_is_ours(ace.sid)) {
            return true;
        }
    }
    return false;
}

static NTSTATUS unstamp(HANDLE object, bool directory, struct picking picking, struct acl_change *change) {
    struct sd sd;
    unsigned removed = 0;
    *change = (struct acl_change){0};
    NTSTATUS status = sd_read(object, &sd);
    if (!NT_SUCCESS(status) || !sd.dacl) {
        sd_free(&sd);
        return status;
    }
    ACL *clean = sd_remove(sd.dacl, pick_ours, &picking, &removed);
    bool last = clean && removed && !holds_sbx_sid(clean);
    if (last && directory) {
        free(clean);
        picking.denies = true;
        clean = sd_remove(sd.dacl, pick_ours, &picking, &removed);
    }
    if (!clean) {
        status = STATUS_NO_MEMORY;
    } else if (removed) {
        status = sd_write_dacl(object, clean, sd.control);
        change->changed = NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status) && last && label_is_usual(&sd) &&
        (sd_level(&sd) <= SECURITY_MANDATORY_LOW_RID || holds_protection(sd.dacl))) {
        status = label_remove(object, change);
    }
    free(clean);
    sd_free(&sd);
    return status;
}

NTSTATUS acl_unstamp(HANDLE object, bool directory, const PSID *sids, size_t count, struct acl_change *change) {
    return unstamp(object, directory, (struct picking){.sids = sids, .count = count, .all_but = !count}, change);
}

NTSTATUS acl_unstamp_except(HANDLE object, bool directory, const PSID *keep, size_t count, struct acl_change *change) {
    return unstamp(object, directory, (struct picking){.sids = keep, .count = count, .all_but = true}, change);
}

/* The deny of FILE_DELETE_CHILD that comes with a protection. Without inheritance, so that it is told from the one that
 * acl_stamp puts: every directory below is gone through. */
static bool is_protecting_keep(const struct sd_ace *ace) {
    return ace->type == ACCESS_DENIED_ACE_TYPE && ace->mask == FILE_DELETE_CHILD && is_for(ace, &everyone) &&
           !ace->flags;
}

static bool pick_protection(void *context, const struct sd_ace *ace) {
    return is_protecting_keep(ace) || (ace->type == ACCESS_DENIED_ACE_TYPE && ace->mask == ACL_PROTECT_MASK &&
                                       !(ace->flags & INHERITED_ACE) && is_for(ace, (PSID)context));
}

/* Protected is only what cannot be read another way: our deny is the first entry, with its whole mask and inheritance,
 * and on a directory the deny of FILE_DELETE_CHILD, which Windows does not check against restricting SIDs, is next. */
static bool stands_first(const ACL *dacl, bool directory, PSID sid) {
    struct sd_ace first = {0};
    bool ours = sd_next(dacl, &first) && first.type == ACCESS_DENIED_ACE_TYPE && is_for(&first, sid) &&
                first.mask == ACL_PROTECT_MASK && first.flags == (directory ? INHERIT_ALL : 0);
    return ours && (!directory || (sd_next(dacl, &first) && is_protecting_keep(&first)));
}

/* The DACL with our entries in front. An object without one gets one that says the same: everything for everyone. */
static ACL *protecting_dacl(const ACL *dacl, bool directory, PSID sid) {
    const BYTE inherit = directory ? INHERIT_ALL : 0;
    unsigned removed;
    ACL *open = dacl ? NULL : sd_insert(NULL, 0, ACCESS_ALLOWED_ACE_TYPE, inherit, FILE_ALL_ACCESS, &everyone);
    const ACL *from = dacl ? dacl : open;
    ACL *clean = from ? sd_remove(from, pick_protection, sid, &removed) : NULL;
    ACL *keeping = clean && directory
                       ? sd_insert(clean, sizeof(*clean), ACCESS_DENIED_ACE_TYPE, 0, FILE_DELETE_CHILD, &everyone)
                       : NULL;
    const ACL *base = directory ? keeping : clean;
    ACL *result = base ? sd_insert(base, sizeof(*base), ACCESS_DENIED_ACE_TYPE, inherit, ACL_PROTECT_MASK, sid) : NULL;
    free(open);
    free(clean);
    free(keeping);
    return result;
}

NTSTATUS acl_protect(HANDLE object, bool directory, PSID sid, enum acl_integrity integrity, struct acl_change *change) {
    struct sd sd, now = {0};
    const BYTE inherit = directory ? INHERIT_ALL : 0;
    *change = (struct acl_change){0};
    NTSTATUS status = sd_read(object, &sd);
    if (NT_SUCCESS(status) && !(sd.dacl && stands_first(sd.dacl, directory, sid))) {
        ACL *denying = protecting_dacl(sd.dacl, directory, sid);
        status = denying ? sd_write_dacl(object, denying, sd.control) : STATUS_INVALID_ACL;
        free(denying);
        if (NT_SUCCESS(status)) {
            status = sd_read(object, &now);
            status = NT_SUCCESS(status) && !(now.dacl && stands_first(now.dacl, directory, sid)) ? STATUS_NOT_SUPPORTED
                                                                                                 : status;
        }
        sd_free(&now);
        change->changed = NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status) && integrity == ACL_LABEL_LOW && sd_level(&sd) <= SECURITY_MANDATORY_LOW_RID) {
        status = label_put(object, LABEL_MEDIUM, inherit, change);
    }
    sd_free(&sd);
    return status;
}

bool acl_is_protected(HANDLE object, bool directory, PSID sid) {
    struct sd sd;
    bool is = NT_SUCCESS(sd_read(object, &sd)) && sd.dacl && stands_first(sd.dacl, directory, sid);
    sd_free(&sd);
    return is;
}

static bool pick_all_protection(void *context, const struct sd_ace *ace) {
    (void)context;
    return is_protecting_keep(ace) || (ace->type == ACCESS_DENIED_ACE_TYPE && ace->sid && sid_is_ours(ace->sid));
}

NTSTATUS acl_unprotect(HANDLE object, struct acl_change *change) {
    struct sd sd;
    unsigned removed = 0;
    *change = (struct acl_change){0};
    NTSTATUS status = sd_read(object, &sd);
    ACL *clean = NT_SUCCESS(status) && sd.dacl ? sd_remove(sd.dacl, pick_all_protection, NULL, &removed) : NULL;
    if (clean && removed) {
        status = sd_write_dacl(object, clean, sd.control);
        change->changed = NT_SUCCESS(status);
        if (NT_SUCCESS(status) && sd_level(&sd) == SECURITY_MANDATORY_MEDIUM_RID && label_is_usual(&sd)) {
            status = label_remove(object, change);
        }
    }
    free(clean);
    sd_free(&sd);
    return status;
}

NTSTATUS acl_relabel_medium(HANDLE object, struct acl_change *change) {
    struct sd sd;
    *change = (struct acl_change){0};
    NTSTATUS status = sd_read(object, &sd);
    if (NT_SUCCESS(status) && sd_level(&sd) <= SECURITY_MANDATORY_LOW_RID) {
        status = label_remove(object, change);
    }
    sd_free(&sd);
    return status;
}
