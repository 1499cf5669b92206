#!/usr/bin/env python3
"""Put the calls of strict_token.c and strict_file.c into a Wine 8.0 source tree.

usage: hooks.py WINE_SOURCE_DIR

Each hook names a file, a short anchor that stands in it exactly once, and the lines to put before or after it, or in its
place. An anchor that is missing or stands twice ends the run with an error, so another Wine release is noticed at once.
"""
import pathlib
import shutil
import sys

TOKEN, FILE, DIR, FD, PIPE, PROCESS, THREAD, KEY = (
    "server/%s.c" % n for n in ("token", "file", "change", "fd", "named_pipe", "process", "thread", "registry"))
PROTOCOL = "server/protocol.def"
NT_SECURITY, NT_FILE, NT_PROCESS = ("dlls/ntdll/unix/%s.c" % n for n in ("security", "file", "process"))

FILTER_SIDS = """
    if (restrict_sids && restrict_sids->GroupCount) {
#define SID_SIZE(sid) offsetof( SID, SubAuthority[((SID *)(sid))->SubAuthorityCount] )
        DWORD n, total = sids_len;
        BYTE *all, *at;
        for (n = 0; n < restrict_sids->GroupCount; n++) total += SID_SIZE( restrict_sids->Groups[n].Sid );
        if (!(all = malloc( total ))) return STATUS_NO_MEMORY;
        if (sids) memcpy( all, sids, sids_len );
        for (n = 0, at = all + sids_len; n < restrict_sids->GroupCount; n++) {
            memcpy( at, restrict_sids->Groups[n].Sid, SID_SIZE( restrict_sids->Groups[n].Sid ) );
            at += SID_SIZE( restrict_sids->Groups[n].Sid );
        }
        free( sids );
        sids = (SID *)all;
        sids_len = total;
        flags |= restrict_sids->GroupCount << 16;
    }
"""

# at the end of protocol.def, so that the numbers of all other requests stay
INTEGRITY_REQUEST = """

/* Query (level 0) or lower the integrity level of a token */
@REQ(strict_token_integrity)
    obj_handle_t handle;
    unsigned int level;
@REPLY
    unsigned int level;
@END
"""

QUERY_INTEGRITY = """
            SID *label = (SID *)((TOKEN_MANDATORY_LABEL *)info + 1);
            SERVER_START_REQ( strict_token_integrity )
            {
                req->handle = wine_server_obj_handle( token );
                req->level = 0;
                if (!(status = wine_server_call( req ))) label->SubAuthority[0] = reply->level;
            }
            SERVER_END_REQ;
"""

SET_INTEGRITY = """        if (length < sizeof(TOKEN_MANDATORY_LABEL)) return STATUS_INFO_LENGTH_MISMATCH;
        SERVER_START_REQ( strict_token_integrity )
        {
            req->handle = wine_server_obj_handle( token );
            req->level = ((SID *)((TOKEN_MANDATORY_LABEL *)info)->Label.Sid)->SubAuthority[0];
            ret = wine_server_call( req );
        }
        SERVER_END_REQ;
"""

NEW_CLASSES = """
    {
        const ULONG ex_flags = (len >= sizeof(ULONG) && ptr) ? *(const ULONG *)ptr : 0;
        FILE_DISPOSITION_INFORMATION disposition = { ex_flags & 1 };
        if ((int)class == 64) return NtSetInformationFile( handle, io, &disposition, sizeof(disposition), FileDispositionInformation );
        if ((int)class == 65 || (int)class == 72) {
            FILE_RENAME_INFORMATION *plain = malloc( len );
            NTSTATUS ret;
            if (!plain) return STATUS_NO_MEMORY;
            memcpy( plain, ptr, len );
            plain->ReplaceIfExists = ex_flags & 1;
            ret = NtSetInformationFile( handle, io, plain, len, (int)class == 65 ? FileRenameInformation : FileLinkInformation );
            free( plain );
            return ret;
        }
    }
"""

RENAMED = """/* The other open handles of a renamed file go by its new name too. */
static void strict_renamed( struct fd *fd, const char *old )
{
    struct fd *other;

    LIST_FOR_EACH_ENTRY( other, &fd->inode->open, struct fd, inode_entry )
    {
        char *unix_name;
        WCHAR *nt_name;

        if (other == fd || !other->unix_name || !other->closed || strcmp( other->unix_name, old )) continue;
        if (!(unix_name = strdup( fd->unix_name ))) continue;
        if (!(nt_name = fd->nt_name ? memdup( fd->nt_name, fd->nt_namelen ) : NULL))
        {
            free( unix_name );
            continue;
        }
        free( other->unix_name );
        other->closed->unix_name = other->unix_name = unix_name;
        free( other->nt_name );
        other->nt_name = nt_name;
        other->nt_namelen = fd->nt_namelen;
    }
}

"""

BASIC_INFORMATION = """            OBJECT_BASIC_INFORMATION granted;

            if (!NtQueryObject( handle, ObjectBasicInformation, &granted, sizeof(granted), NULL ) &&
                !(granted.GrantedAccess & FILE_WRITE_ATTRIBUTES))
            {
                /* Wine's SetFileAttributesW opens with SYNCHRONIZE alone; Windows opens with FILE_WRITE_ATTRIBUTES.
                 * For such a handle the right is asked for here. */
                UNICODE_STRING none = { 0 };
                OBJECT_ATTRIBUTES same = { sizeof(same), handle, &none };
                IO_STATUS_BLOCK reopened;
                HANDLE probe;

                if (granted.GrantedAccess & ~(SYNCHRONIZE | FILE_READ_ATTRIBUTES) ||
                    NtOpenFile( &probe, FILE_WRITE_ATTRIBUTES, &same, &reopened,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0 ))
                    return io->u.Status = STATUS_ACCESS_DENIED;
                NtClose( probe );
            }
"""

MIN_TOKEN = """
/* TOKEN_MANDATORY_POLICY_NEW_PROCESS_MIN: a program file with a label below the token's level gives its process that level.
 * Returns a token for it, 0 where the token serves as it is. */
static HANDLE strict_min_token( HANDLE file, HANDLE token )
{
    union { SECURITY_DESCRIPTOR_RELATIVE sd; char bytes[1024]; } label;
    OBJECT_ATTRIBUTES attr = { sizeof(attr) };
    HANDLE own = 0, copy = 0;
    ULONG len, i, level = ~0u, now = 0;
    const ACL *acl;
    const ACE_HEADER *ace;

    if (NtQuerySecurityObject( file, LABEL_SECURITY_INFORMATION, &label.sd, sizeof(label), &len )) return 0;
    if (!(label.sd.Control & SE_SACL_PRESENT) || !label.sd.Sacl) return 0;
    acl = (const ACL *)(label.bytes + label.sd.Sacl);
    ace = (const ACE_HEADER *)(acl + 1);
    for (i = 0; i < acl->AceCount; i++, ace = (const ACE_HEADER *)((const char *)ace + ace->AceSize))
        if (ace->AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE)
            level = ((const SID *)&((const SYSTEM_MANDATORY_LABEL_ACE *)ace)->SidStart)->SubAuthority[0];
    if (level == ~0u) return 0;
    if (!token && NtOpenProcessToken( NtCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own )) return 0;
    if (!NtDuplicateToken( token ? token : own, TOKEN_ALL_ACCESS, &attr, SecurityAnonymous, TokenPrimary, &copy ))
    {
        SERVER_START_REQ( strict_token_integrity )
        {
            req->handle = wine_server_obj_handle( copy );
            req->level = 0;
            if (!wine_server_call( req )) now = reply->level;
        }
        SERVER_END_REQ;
        if (level < now)
        {
            SERVER_START_REQ( strict_token_integrity )
            {
                req->handle = wine_server_obj_handle( copy );
                req->level = level;
                wine_server_call( req );
            }
            SERVER_END_REQ;
        }
        else
        {
            NtClose( copy );
            copy = 0;
        }
    }
    if (own) NtClose( own );
    return copy;
}

"""

# (file, how, anchor, text); how: after | before | replace
HOOKS = [
    (TOKEN, "after", '#include "security.h"\n', '#include "strict.h"\n'),
    (TOKEN, "after", "    int            elevation;       /* elevation type */\n", "    struct strict_part strict;\n"),
    (TOKEN, "before", "static void token_dump( struct object *obj, int verbose );\n",
     "static int strict_second_pass;\n"
     "static int strict_owner_limited( const struct acl *dacl );\n"
     "static const struct sid *strict_ace_sid( const struct sid *sid, const struct sid *owner );\n"
     "static int strict_copy( struct token *token, const struct strict_part *from );\n"
     "static void strict_free( struct token *token );\n"
     "static void strict_filter( struct token *token, const struct sid *sids, unsigned int count, unsigned int flags );\n"
     "static unsigned int token_access_check( struct token *token, const struct security_descriptor *sd,\n"
     "    unsigned int desired_access, struct luid_attr *privs, unsigned int *priv_count, const generic_map_t *mapping,\n"
     "    unsigned int *granted_access, unsigned int *status );\n"),
    (TOKEN, "after", "        list_init( &token->groups );\n", "        memset( &token->strict, 0, sizeof(token->strict) );\n        token->strict.integrity = SECURITY_MANDATORY_HIGH_RID;\n"),
    (TOKEN, "after", "    token = (struct token *)obj;\n\n", "    strict_free( token );\n"),
    (TOKEN, "before", "    /* copy groups */\n    token->primary_group",
     "    if (!strict_copy( token, &src_token->strict )) { release_object( token ); return NULL; }\n"),
    (TOKEN, "before", "    if (equal_sid( token->user, sid )) return TRUE;\n",
     "    if (strict_second_pass)\n    {\n        unsigned int i;\n"
     "        for (i = 0; i < token->strict.count; i++) if (equal_sid( token->strict.sids[i], sid )) return TRUE;\n"
     "        return FALSE;\n    }\n"),
    (TOKEN, "replace", "static unsigned int token_access_check( struct token *token,\n                                 const",
     "static unsigned int token_access_check_pass( struct token *token,\n                                 const"),
    (TOKEN, "before", "        token = token_duplicate( src_token, src_token->primary, src_token->impersonation_level, NULL,\n",
     "        group_count -= min( req->flags >> 16, group_count );\n"),
    (TOKEN, "before", "            unsigned int access = get_handle_access( current->process, req->handle );\n            reply->new_handle",
     "            const struct sid *rest = filter_groups;\n"
     "            while (group_count--) rest = (const struct sid *)((const char *)rest + sid_len( rest ));\n"
     "            strict_filter( token, rest, req->flags >> 16, req->flags & 0xffff );\n            {\n"),
    (TOKEN, "replace", "alloc_handle_no_access_check( current->process, token, access, 0 );\n            release_object( token );\n        }\n        release_object( src_token );",
     "alloc_handle_no_access_check( current->process, token, access, 0 );\n            }\n            release_object( token );\n        }\n        release_object( src_token );"),
    (TOKEN, "after", "    if ((token = (struct token *)get_handle_obj( current->process, req->handle, TOKEN_QUERY, &token_ops )))\n    {\n        unsigned int group_count = 0;\n        const struct group *group;\n",
     "        if (req->attr_mask == STRICT_RESTRICTING_SIDS) { reply->attr_len = strict_reply_sids( token, &reply->sid_len ); release_object( token ); return; }\n"),
    (TOKEN, "before", "DECL_HANDLER(get_token_groups)\n",
     "static data_size_t strict_reply_sids( struct token *token, data_size_t *sids_len )\n{\n"
     "    data_size_t attrs_len = token->strict.count * sizeof(unsigned int);\n    unsigned int i, *attrs;\n    struct sid *sid;\n\n"
     "    for (i = 0, *sids_len = 0; i < token->strict.count; i++) *sids_len += sid_len( token->strict.sids[i] );\n"
     "    if (attrs_len + *sids_len > get_reply_max_size()) set_error( STATUS_BUFFER_TOO_SMALL );\n"
     "    else if ((attrs = set_reply_data_size( attrs_len + *sids_len )))\n"
     "        for (i = 0, sid = (struct sid *)(attrs + token->strict.count); i < token->strict.count; i++)\n        {\n"
     "            attrs[i] = SE_GROUP_MANDATORY | SE_GROUP_ENABLED;\n            sid = copy_sid( sid, token->strict.sids[i] );\n        }\n"
     "    return attrs_len;\n}\n\n"),
    (TOKEN, "end", "", '\n#include "strict_token.c"\n'),
    # an owner has READ_CONTROL and WRITE_DAC, not DELETE, and not even those where an OWNER RIGHTS entry says otherwise
    (TOKEN, "replace", "    if (token_sid_present( token, owner, FALSE ))\n    {\n        current_access |= (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE);\n",
     "    if (!strict_owner_limited( dacl ) && token_sid_present( token, owner, FALSE ))\n    {\n        current_access |= READ_CONTROL | WRITE_DAC;\n"),
    (TOKEN, "replace", "        const struct sid *sid = (const struct sid *)(ace + 1);\n\n        if (ace->flags & INHERIT_ONLY_ACE) continue;\n",
     "        const struct sid *sid = strict_ace_sid( (const struct sid *)(ace + 1), owner );\n\n        if (ace->flags & INHERIT_ONLY_ACE) continue;\n"),
    # a deny-only group, which is not enabled, counts in deny entries
    (TOKEN, "replace", "        if (!(group->attrs & SE_GROUP_ENABLED)) continue;\n        if (!deny",
     "        if (!(group->attrs & SE_GROUP_ENABLED) && !(deny && (group->attrs & SE_GROUP_USE_FOR_DENY_ONLY))) continue;\n"
     "        if (!deny"),
    # a deny entry takes nothing back that an entry before it allowed
    (TOKEN, "replace", "                    if (desired_access & access) goto done;\n",
     "                    if (desired_access & access & ~current_access) goto done;\n"),
    (TOKEN, "replace", "            if (thread->token)\n                release_object( thread->token );\n            thread->token = token;\n",
     "            if (!strict_may_take( token )) { release_object( token ); return; }\n"
     "            if (thread->token)\n                release_object( thread->token );\n            thread->token = token;\n"),

    (PROCESS, "after", '#include "security.h"\n', '#include "strict.h"\n'),
    (PROCESS, "replace", "    if (!token_assign_label( process->token, &high_label_sid ))\n",
     "    if (!token_assign_label( process->token, strict_level_sid( process->token )) ||\n"
     "        !strict_default_sd( &process->obj, process->token, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP | SYSTEM_MANDATORY_LABEL_NO_READ_UP ))\n"),
    (PROCESS, "before", "    if (req->debug && !(debug_obj = get_debug_obj(",
     "    if (token && !strict_may_take( token ))\n    {\n        close( socket_fd );\n        goto done;\n    }\n"),
    (THREAD, "after", '#include "security.h"\n', '#include "strict.h"\n'),
    (THREAD, "before", "    if (!(thread->id = alloc_ptid( thread )))\n    {\n        close( fd );\n",
     "    strict_default_sd( &thread->obj, process->token, SYSTEM_MANDATORY_LABEL_NO_WRITE_UP | SYSTEM_MANDATORY_LABEL_NO_READ_UP );\n"),

    (FD, "after", '#include "request.h"\n', '#include "strict.h"\n'),
    (FD, "before", "    /* when creating a hard link, source cannot be a dir */\n",
     "    if (!strict_check_rename( fd, name, replace, create_link )) goto failed;\n"),
    (FD, "replace", "    if ((fd = get_handle_fd_obj( current->process, req->handle, 0 )))\n    {\n        set_fd_name(",
     "    if ((fd = get_handle_fd_obj( current->process, req->handle, req->link ? strict_link_access() : DELETE )))\n    {\n        set_fd_name("),
    # a new name is the file's, not the handle's
    (FD, "before", "static void set_fd_name( struct fd *fd, struct fd *root, const char *nameptr, data_size_t len,\n"
     "                         struct unicode_str nt_name, int create_link, int replace )\n{\n", RENAMED),
    (FD, "replace", "    free( fd->unix_name );\n    fd->closed->unix_name = fd->unix_name = realpath( name, NULL );\n    free( name );\n"
     "    if (!fd->unix_name)\n        set_error( STATUS_NO_MEMORY );\n    return;\n",
     "    {\n        char *old = fd->unix_name;\n\n"
     "        if (!(fd->closed->unix_name = fd->unix_name = strict_real_name( fd->unix_fd, name ))) set_error( STATUS_NO_MEMORY );\n"
     "        else strict_renamed( fd, old );\n        free( old );\n    }\n    free( name );\n    return;\n"),
    (FD, "replace", "        fd->unix_name = realpath( path, NULL );\n        free( path );\n",
     "        fd->unix_name = strict_real_name( fd->unix_fd, path );\n        free( path );\n"),
    (FD, "replace", "        if (link( fd->unix_name, name ))\n            file_set_error();\n        free( name );\n",
     "        if (strict_set_name( fd->unix_fd, fd->unix_name, root ? root->unix_fd : -1, nameptr, len, name, 1 ))\n"
     "            file_set_error();\n        free( name );\n"),
    (FD, "replace", "    if (rename( fd->unix_name, name ))\n",
     "    if (strict_set_name( fd->unix_fd, fd->unix_name, root ? root->unix_fd : -1, nameptr, len, name, 0 ))\n"),
    (PIPE, "after", '#include "security.h"\n', '#include "strict.h"\n'),
    (PIPE, "before", "    if (list_empty( &pipe->listeners ))\n    {\n        set_error( STATUS_PIPE_NOT_AVAILABLE );\n",
     "    if (!strict_check_object( obj, &file_type.mapping, access )) return NULL;\n"),
    (PIPE, "after", "                                                DACL_SECURITY_INFORMATION |\n                                                SACL_SECURITY_INFORMATION );\n",
     "        strict_pipe_created( &pipe->obj );\n"),
    # one more instance of a pipe that another program made
    (PIPE, "before", "        if (pipe->maxinstances <= pipe->instances)\n",
     "        if (!strict_check_object( &pipe->obj, &file_type.mapping, FILE_CREATE_PIPE_INSTANCE ))\n"
     "        {\n            release_object( pipe );\n            return;\n        }\n"),

    (KEY, "after", '#include "security.h"\n', '#include "strict.h"\n'),
    # a key that does not exist yet is made in its parent
    (KEY, "before", "    if ((key = create_key( parent, &name, req->options, access, objattr->attributes, sd )))\n",
     "    if (!strict_key_exists( parent, &name, access, objattr->attributes ) && !strict_key_access( NULL, KEY_CREATE_SUB_KEY ))\n"
     "    {\n        if (parent) release_object( parent );\n        return;\n    }\n"),
    (KEY, "replace", "        reply->hkey = alloc_handle( current->process, key, access, objattr->attributes );\n",
     "        access = strict_version_key( key, access );\n"
     "        if (strict_shell_folders( key ) || (access = strict_key_access( key->obj.sd, access )) || !req->access)\n"
     "            reply->hkey = alloc_handle( current->process, key, access, objattr->attributes );\n"),
    (KEY, "replace", "        reply->hkey = alloc_handle( current->process, key, access, req->attributes );\n",
     "        access = strict_version_key( key, access );\n"
     "        if (strict_shell_folders( key ) || (access = strict_key_access( key->obj.sd, access )) || !req->access)\n"
     "            reply->hkey = alloc_handle( current->process, key, access, req->attributes );\n"),
    (KEY, "before", "/* create a registry key */\nDECL_HANDLER(create_key)\n",
     "static int strict_key_exists( struct key *parent, const struct unicode_str *name, unsigned int access, unsigned int attributes )\n{\n"
     "    struct key *key = open_key( parent, name, access, attributes );\n\n"
     "    clear_error();\n    if (key) release_object( key );\n    return key != NULL;\n}\n\n"
     "/* Wine's shell32 opens these keys for writing, and writes, before it says where a folder is; Windows only reads. */\n"
     "static int strict_shell_folders( struct key *key )\n{\n"
     "    static const char *names[] = { \"User Shell Folders\", \"Shell Folders\", \"ProfileList\" };\n"
     "    const struct object_name *own = key->obj.name;\n    unsigned int i, at;\n\n"
     "    for (i = 0; own && i < ARRAY_SIZE(names); i++)\n    {\n"
     "        if (own->len != strlen( names[i] ) * sizeof(WCHAR)) continue;\n"
     "        for (at = 0; names[i][at] && own->name[at] == names[i][at]; at++) ;\n"
     "        if (!names[i][at]) return 1;\n    }\n    return 0;\n}\n\n"
     "/* Wine's ntdll opens these with every right when a process begins, and only reads which version of Windows it is. */\n"
     "static unsigned int strict_version_key( struct key *key, unsigned int access )\n{\n"
     "    static const char *names[] = { \"S-1-5-21-0-0-0-1000\", \"Wine\", \"CurrentVersion\" };\n"
     "    struct token *token = current->token ? current->token : current->process->token;\n"
     "    const struct object_name *own = key->obj.name;\n    unsigned int i, at;\n\n"
     "    if ((access & KEY_ALL_ACCESS) != KEY_ALL_ACCESS || !strict_token_confined( token )) return access;\n"
     "    for (i = 0; own && i < ARRAY_SIZE(names); i++)\n    {\n"
     "        if (own->len != strlen( names[i] ) * sizeof(WCHAR)) continue;\n"
     "        for (at = 0; names[i][at] && own->name[at] == names[i][at]; at++) ;\n"
     "        if (!names[i][at]) return (access & ~KEY_ALL_ACCESS) | KEY_READ;\n    }\n    return access;\n}\n\n"),

    (NT_SECURITY, "replace", '    if (flags)\n        FIXME( "flags %#x unsupported\\n", (int)flags );\n', ""),
    (NT_SECURITY, "replace", '    if (restrict_sids)\n        FIXME( "support for restricting sids not yet implemented\\n" );\n', ""),
    (NT_SECURITY, "before", "    SERVER_START_REQ( filter_token )\n", FILTER_SIDS),
    (NT_SECURITY, "before", "    case TokenGroups:\n    case TokenLogonSid:\n", "    case TokenRestrictedSids:\n"),
    (NT_SECURITY, "replace", "(class == TokenLogonSid) ? SE_GROUP_LOGON_ID : 0;",
     "(class == TokenLogonSid) ? SE_GROUP_LOGON_ID : (class == TokenRestrictedSids) ? 0x00010000 : 0;"),
    (NT_SECURITY, "after", "            memcpy( psid, &high_level, sizeof(SID) );\n", QUERY_INTEGRITY),
    (NT_SECURITY, "replace", '        FIXME( "TokenIntegrityLevel stub!\\n" );\n        ret = STATUS_SUCCESS;\n', SET_INTEGRITY),
    (PROTOCOL, "end", "", INTEGRITY_REQUEST),
    (NT_FILE, "after", "void *ptr, ULONG len, FILE_INFORMATION_CLASS class )\n{\n    int fd, needs_close;\n    unsigned int status = STATUS_SUCCESS;\n", NEW_CLASSES),
    (NT_FILE, "after", "            LARGE_INTEGER mtime, atime;\n\n", BASIC_INFORMATION),
    (NT_PROCESS, "before", "NTSTATUS WINAPI NtCreateUserProcess( ", MIN_TOKEN),
    (NT_PROCESS, "replace", "HANDLE parent = 0, debug = 0, token = 0;", "HANDLE parent = 0, debug = 0, token = 0, min_token = 0;"),
    (NT_PROCESS, "before", "    if (!(startup_info = create_startup_info( attr.ObjectName, params, &startup_info_size ))) goto done;\n",
     "    if ((min_token = strict_min_token( file_handle, token ))) token = min_token;\n"),
    (NT_PROCESS, "after", "done:\n    if (file_handle) NtClose( file_handle );\n", "    if (min_token) NtClose( min_token );\n"),
]

CREATE_HOOKS = [
    (FILE, "replace", "        reply->handle = alloc_handle( current->process, file, req->access, objattr->attributes );\n",
     "        reply->handle = strict_open_handle( file, req->access, objattr->attributes );\n"),
    (FILE, "before", "    /* FIXME: should set error to STATUS_OBJECT_NAME_COLLISION if file existed before */\n",
     "    if (!strict_check_open( root, name, flags, create, access, options )) goto done;\n"
     "    existed = strict_exists( root, name );\n\n"),
    (FILE, "replace", "    int flags;\n    char *name;\n    mode_t mode;\n\n    if (!len", "    int flags, existed;\n    char *name;\n    mode_t mode;\n\n    if (!len"),
    (FILE, "after", "        obj = create_file_obj( fd, access, mode );\n\n",
     "    if (obj && !existed) strict_created( fd, get_unix_fd( fd ), obj, sd );\n"),
]


def set_get_hooks(path, kind):
    """get_sd and set_sd of struct file / struct dir."""
    return [
        (path, "after", '#include "security.h"\n', '#include "strict.h"\n'),
        (path, "before", "    /* mode and uid the same? if so, no need to re-generate security descriptor */\n",
         "    if ((sd = strict_load_sd( %s->fd ))) { free( obj->sd ); return obj->sd = sd; }\n\n" % kind),
        (path, "after", "    if (unix_fd == -1 || fstat( unix_fd, &st ) == -1) return 1;\n",
         "    if (strict_store_sd( obj, sd, set_info )) return 1;\n"),
    ]


def apply(root, hook):
    path, how, anchor, text = hook
    source = root / path
    code = source.read_text(encoding="latin-1")
    if how == "end":
        code += text
    else:
        if code.count(anchor) != 1:
            sys.exit("hooks.py: %s: anchor found %d times, not once: %r" % (path, code.count(anchor), anchor))
        put = {"after": anchor + text, "before": text + anchor, "replace": text}[how]
        code = code.replace(anchor, put)
    source.write_text(code, encoding="latin-1")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    for hook in HOOKS + CREATE_HOOKS + set_get_hooks(FILE, "file") + set_get_hooks(DIR, "dir"):
        apply(root, hook)
    for source in pathlib.Path(__file__).parent.glob("strict*.[ch]"):
        shutil.copy(source, root / "server" / source.name)


if __name__ == "__main__":
    main()
