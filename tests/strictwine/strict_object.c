/* Security of objects that are no files: what a process, a thread or a pipe has when its creator said nothing, and which
 * tokens a confined process may take on. */
#include "config.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "ntstatus.h"
#define WIN32_NO_STATUS
#include "windef.h"
#include "winternl.h"
#include "object.h"
#include "process.h"
#include "thread.h"
#include "request.h"
#include "security.h"
#include "strict.h"

/* the SID of a token's integrity level; good until the next call */
const struct sid *strict_level_sid( struct token *token )
{
    static struct sid level = { SID_REVISION, 1, SECURITY_MANDATORY_LABEL_AUTHORITY };

    level.sub_auth[0] = strict_token_integrity( token );
    return &level;
}

/* Owner, group and DACL that the object has, else those that 'token' gives to its new objects; and the label of 'token',
 * unless the object has one. */
int strict_default_sd( struct object *obj, struct token *token, unsigned int policy )
{
    const struct security_descriptor *own = obj->sd;
    const struct sid *level = strict_level_sid( token ), *owner = NULL, *group = NULL;
    const struct acl *dacl = NULL;
    struct security_descriptor *sd;
    struct acl *sacl;
    struct ace *ace;
    data_size_t size, sacl_len = sizeof(*sacl) + sizeof(*ace) + sid_len( level );
    int present = 0;
    char *at;

    if (own && strict_has_label( own )) return 1;
    if (own)
    {
        owner = sd_get_owner( own );
        group = sd_get_group( own );
        dacl = sd_get_dacl( own, &present );
    }
    if (!present) dacl = token_get_default_dacl( token );
    if (!owner) owner = token_get_owner( token );
    if (!group) group = token_get_primary_group( token );

    size = sizeof(*sd) + sid_len( owner ) + sid_len( group ) + sacl_len + (dacl ? dacl->size : 0);
    if (!(sd = mem_alloc( size ))) return 0;
    sd->control   = SE_SACL_PRESENT | (dacl || present ? SE_DACL_PRESENT : 0);
    sd->owner_len = sid_len( owner );
    sd->group_len = sid_len( group );
    sd->sacl_len  = sacl_len;
    sd->dacl_len  = dacl ? dacl->size : 0;
    at = (char *)(sd + 1);
    memcpy( at, owner, sd->owner_len );
    memcpy( at + sd->owner_len, group, sd->group_len );
    sacl = (struct acl *)(at + sd->owner_len + sd->group_len);
    memset( sacl, 0, sizeof(*sacl) );
    sacl->revision = ACL_REVISION;
    sacl->size     = sacl_len;
    sacl->count    = 1;
    ace = (struct ace *)(sacl + 1);
    ace->type  = SYSTEM_MANDATORY_LABEL_ACE_TYPE;
    ace->flags = 0;
    ace->size  = sizeof(*ace) + sid_len( level );
    ace->mask  = policy;
    memcpy( ace + 1, level, sid_len( level ) );
    if (dacl) memcpy( (char *)sacl + sacl_len, dacl, dacl->size );
    free( obj->sd );
    obj->sd = sd;
    return 1;
}

/* A pipe made without a descriptor. Wine's own services make such pipes and every program may call them, as it may on Windows
 * where they have a descriptor; so the default counts for what confined programs make. */
void strict_pipe_created( struct object *pipe )
{
    struct token *token = current->token ? current->token : current->process->token;

    if (strict_token_confined( token )) strict_default_sd( pipe, token, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP );
}

/* May the caller's process run, or let a thread act, under this token? */
int strict_may_take( struct token *token )
{
    if (!token || strict_token_within( token, current->process->token )) return 1;
    set_error( STATUS_ACCESS_DENIED );
    return 0;
}
