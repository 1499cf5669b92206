/* Checks on files and directories. */
#include "selftest.h"

#define USER_ALL L"(A;OICI;FA;;;USER)"
#define USER_MODIFY L"(A;OICI;" MODIFY L";;;USER)"
#define DENY_DELETE_CHILD L"(D;CI;0x40;;;WD)"
#define STAMP L"(A;OICI;" RX_W L";;;CAP)"

static bool write_needs_restricting_sid(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           open_as(strict_token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED &&
           make_file(strict_token, L"b", NULL) == STATUS_DENIED &&
           make_directory(strict_token, L"c", NULL) == STATUS_DENIED;
}

static bool attributes_need_restricting_sid(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           open_as(strict_token, L"a", FILE_WRITE_ATTRIBUTES, NULL) == STATUS_DENIED &&
           open_as(strict_token, L"a", FILE_WRITE_EA, NULL) == STATUS_DENIED;
}

static bool basic_information_needs_its_right(void)
{
    struct {
        LARGE_INTEGER times[4];
        ULONG attributes;
    } basic = {{{.QuadPart = 0}, {.QuadPart = 0}, {.QuadPart = 132000000000000000}, {.QuadPart = 0}}, 0};
    IO_STATUS_BLOCK io;
    HANDLE file;
    NTSTATUS status;

    if (!row_directory(L"D:P" USER_ALL) || make_file(PLAIN, L"a", NULL) || open_as(PLAIN, L"a", FILE_READ_DATA, &file))
        return false;
    status = NtSetInformationFile(file, &io, &basic, sizeof(basic), 4);
    NtClose(file);
    return status == STATUS_DENIED;
}

static bool read_needs_none(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           !open_as(strict_token, L"a", FILE_READ_DATA | FILE_READ_ATTRIBUTES | READ_CONTROL | FILE_EXECUTE, NULL);
}

static bool stamp_lets_write(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(strict_token, L"a", NULL) &&
           !open_as(strict_token, L"a", FILE_WRITE_DATA | FILE_READ_DATA, NULL) && !make_directory(strict_token, L"b", NULL) &&
           !make_file(strict_token, L"b\\c", NULL);
}

static bool both_passes_needed(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", L"D:P(A;;FR;;;USER)(A;;FA;;;CAP)") &&
           open_as(strict_token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED;
}

static bool delete_needs_right(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(strict_token, L"a", NULL) &&
           open_as(strict_token, L"a", DELETE, NULL) == STATUS_DENIED;
}

static bool unrestricted_deletes(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(PLAIN, L"a", NULL) && !open_as(PLAIN, L"a", DELETE, NULL);
}

static bool delete_child_not_restricted(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) && !open_as(strict_token, L"a", DELETE, NULL);
}

static bool delete_child_denied(void)
{
    return row_directory(L"D:P" DENY_DELETE_CHILD USER_ALL STAMP) && !make_file(PLAIN, L"a", NULL) &&
           open_as(strict_token, L"a", DELETE, NULL) == STATUS_DENIED;
}

static bool delete_child_denied_below(void)
{
    return row_directory(L"D:P" DENY_DELETE_CHILD USER_ALL STAMP) && !make_directory(strict_token, L"b", NULL) &&
           !make_file(strict_token, L"b\\a", NULL) && has_ace(L"b", L"S-1-1-0", ACCESS_DENIED_ACE_TYPE, INHERITED_ACE) &&
           open_as(strict_token, L"b\\a", DELETE, NULL) == STATUS_DENIED;
}

static bool deny_before_allow(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", L"D:P(D;;FW;;;CAP)(A;;FA;;;USER)(A;;FA;;;CAP)") &&
           open_as(strict_token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED &&
           !make_file(PLAIN, L"b", L"D:P(A;;FA;;;USER)(A;;FA;;;CAP)(D;;FW;;;CAP)") &&
           !open_as(strict_token, L"b", FILE_WRITE_DATA, NULL);
}

static bool owner_has_no_delete(void)
{
    return row_directory(L"D:P" USER_MODIFY L"(A;OICI;" MODIFY L";;;CAP)") &&
           !make_file(PLAIN, L"a", L"D:P(A;;FRFW;;;USER)(A;;FA;;;CAP)") &&
           open_as(strict_token, L"a", DELETE, NULL) == STATUS_DENIED;
}

static bool owner_write_dac_restricted(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(strict_token, L"a", NULL) &&
           open_as(strict_token, L"a", WRITE_DAC, NULL) == STATUS_DENIED &&
           open_as(strict_token, L"a", WRITE_OWNER, NULL) == STATUS_DENIED;
}

static bool inherited_at_creation(void)
{
    return row_directory(L"D:P" USER_ALL STAMP) && !make_file(PLAIN, L"a", NULL) && !make_directory(PLAIN, L"b", NULL) &&
           has_ace(L"a", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, INHERITED_ACE) &&
           has_ace(L"b", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, INHERITED_ACE | OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE);
}

static bool not_inherited_later(void)
{
    HANDLE directory;
    bool set;

    if (!row_directory(L"D:P" USER_ALL) || make_file(PLAIN, L"a", NULL) ||
        open_as(PLAIN, L"", WRITE_DAC | READ_CONTROL, &directory))
        return false;
    set = !set_descriptor(PLAIN, directory, DACL_SECURITY_INFORMATION, L"D:P" USER_ALL STAMP);
    NtClose(directory);
    return set && has_ace(L"", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, CONTAINER_INHERIT_ACE) &&
           !has_ace(L"a", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, 0) &&
           open_as(strict_token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED && !make_file(strict_token, L"b", NULL);
}

static bool protected_inherits_nothing(void)
{
    return row_directory(L"D:P" USER_ALL STAMP) && !make_directory(strict_token, L"a", L"D:P(A;OICI;FA;;;USER)") &&
           !has_ace(L"a", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, 0) && make_file(strict_token, L"a\\b", NULL) == STATUS_DENIED;
}

static bool moved_keeps_acl(void)
{
    HANDLE file;
    NTSTATUS status;

    if (!row_directory(L"D:P" USER_ALL) || make_directory(PLAIN, L"stamped", L"D:P" USER_ALL STAMP) ||
        make_file(PLAIN, L"a", NULL) || open_as(PLAIN, L"a", DELETE, &file))
        return false;
    status = rename_as(PLAIN, file, L"stamped\\a", false, false);
    NtClose(file);
    return !status && !has_ace(L"stamped\\a", CAP_SID, ACCESS_ALLOWED_ACE_TYPE, 0) &&
           open_as(strict_token, L"stamped\\a", FILE_WRITE_DATA, NULL) == STATUS_DENIED;
}

/* Renames with a handle that `opener` opened for `access`. */
static NTSTATUS rename_with(HANDLE opener, ACCESS_MASK access, HANDLE mover, const wchar_t *from, const wchar_t *to, bool replace)
{
    HANDLE file;
    NTSTATUS status = open_as(opener, from, access, &file);

    if (status)
        return status;
    status = rename_as(mover, file, to, replace, false);
    NtClose(file);
    return status;
}

static bool rename_needs_delete(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           rename_with(PLAIN, FILE_READ_DATA | FILE_WRITE_DATA, PLAIN, L"a", L"b", false) == STATUS_DENIED;
}

static bool rename_needs_add_file(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_directory(PLAIN, L"out", NULL) &&
           !make_directory(PLAIN, L"in", L"D:P" USER_ALL STAMP) && !make_file(PLAIN, L"in\\a", NULL) &&
           rename_with(PLAIN, DELETE, strict_token, L"in\\a", L"out\\a", false) == STATUS_DENIED;
}

static bool rename_inside_works(void)
{
    return row_directory(L"D:P" USER_ALL STAMP) && !make_file(PLAIN, L"a", NULL) &&
           !rename_with(PLAIN, DELETE, strict_token, L"a", L"b", false);
}

static bool replace_needs_delete_on_target(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(PLAIN, L"a", NULL) && !make_file(PLAIN, L"b", NULL) &&
           rename_with(PLAIN, DELETE, strict_token, L"a", L"b", true) == STATUS_DENIED &&
           !rename_with(PLAIN, DELETE, PLAIN, L"a", L"b", true);
}

static bool supersede_needs_delete(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(PLAIN, L"a", NULL) &&
           create_as(strict_token, NULL, L"a", FILE_WRITE_DATA, FILE_SUPERSEDE, 0, NULL, NULL) == STATUS_DENIED;
}

static bool overwrite_works(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) && !make_file(PLAIN, L"a", NULL) &&
           !create_as(strict_token, NULL, L"a", FILE_WRITE_DATA, FILE_OVERWRITE_IF, 0, NULL, NULL);
}

static bool creator_gets_what_it_asked(void)
{
    return row_directory(L"D:P" USER_MODIFY STAMP) &&
           !create_as(strict_token, NULL, L"a", FILE_WRITE_DATA | DELETE, FILE_CREATE, FILE_NON_DIRECTORY_FILE, NULL, NULL);
}

/* Opens the object of `handle` again, by an empty name relative to it. */
static NTSTATUS reopen(HANDLE token, const wchar_t *name, ACCESS_MASK first, ACCESS_MASK second)
{
    HANDLE file;
    NTSTATUS status = open_as(token, name, first, &file);

    if (status)
        return status;
    status = create_as(token, file, L"", second, FILE_OPEN, 0, NULL, NULL);
    NtClose(file);
    return status;
}

static bool reopen_is_checked(void)
{
    return row_directory(L"D:P" USER_MODIFY) && !make_file(PLAIN, L"a", NULL) &&
           reopen(strict_token, L"a", FILE_READ_DATA, FILE_WRITE_DATA) == STATUS_DENIED &&
           reopen(strict_token, L"a", FILE_READ_DATA, DELETE) == STATUS_DENIED;
}

static bool reopen_works(void)
{
    return row_directory(L"D:P" USER_MODIFY) && !make_file(PLAIN, L"a", NULL) &&
           !reopen(strict_token, L"a", FILE_READ_ATTRIBUTES, FILE_READ_DATA) &&
           !reopen(PLAIN, L"a", FILE_READ_ATTRIBUTES, DELETE);
}

static NTSTATUS link_with(HANDLE token, ACCESS_MASK access)
{
    HANDLE file;
    NTSTATUS status = open_as(token, L"a", access, &file);

    if (status)
        return status;
    status = rename_as(token, file, L"low\\link", false, true);
    NtClose(file);
    return status;
}

static bool low_link_needs_right(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           !make_directory(PLAIN, L"low", L"D:P" USER_ALL L"S:(ML;OICI;NW;;;LW)") &&
           link_with(low_token, FILE_READ_ATTRIBUTES) == STATUS_DENIED;
}

static bool link_needs_none(void)
{
    return row_directory(L"D:P" USER_ALL) && !make_file(PLAIN, L"a", NULL) &&
           !make_directory(PLAIN, L"low", L"D:P" USER_ALL STAMP) && !link_with(strict_token, FILE_READ_ATTRIBUTES);
}

const struct row file_rows[] = {
    {"a write needs a right of the restricting SIDs: file, new file, new directory", "CreateRestrictedToken", false,
     write_needs_restricting_sid},
    {"so do attributes and extended attributes", "FILE_GENERIC_WRITE", false, attributes_need_restricting_sid},
    {"setting times needs FILE_WRITE_ATTRIBUTES on the handle", "[MS-FSA] FileBasicInformation", false,
     basic_information_needs_its_right},
    {"reading, with WRITE_RESTRICTED, needs none", "CreateRestrictedToken", true, read_needs_none},
    {"the root's entry (RX,W) lets write, create and go on below", "[MS-DTYP] 2.5.3.2", true, stamp_lets_write},
    {"the restricting SIDs alone are not enough", "CreateRestrictedToken", false, both_passes_needed},
    {"opening for DELETE needs DELETE, or DELETE_CHILD on the parent", "[MS-FSA] 2.1.5.1.2.1", false, delete_needs_right},
    {"the unrestricted user deletes there", "[MS-FSA] 2.1.5.1.2.1", true, unrestricted_deletes},
    {"DELETE_CHILD by the user's own entry serves a WRITE_RESTRICTED token", "seen on Windows; FILE_GENERIC_WRITE", true,
     delete_child_not_restricted},
    {"a deny entry of DELETE_CHILD for Everyone takes it away", "[MS-DTYP] 2.5.3.2", false, delete_child_denied},
    {"and is inherited by directories", "[MS-DTYP] 2.5.3.4", false, delete_child_denied_below},
    {"entries count in their order, deny after allow takes nothing back", "[MS-DTYP] 2.5.3.2", false, deny_before_allow},
    {"an owner has READ_CONTROL and WRITE_DAC, not DELETE", "[MS-DTYP] 2.5.3.2", false, owner_has_no_delete},
    {"an owner's WRITE_DAC needs the second pass too", "CreateRestrictedToken", false, owner_write_dac_restricted},
    {"new objects inherit entries", "[MS-DTYP] 2.5.3.4", false, inherited_at_creation},
    {"setting a directory's DACL leaves what is in it alone", "Automatic Propagation of Inheritable ACEs", false,
     not_inherited_later},
    {"a protected DACL given at creation inherits nothing", "SECURITY_DESCRIPTOR_CONTROL", false, protected_inherits_nothing},
    {"a moved file keeps its DACL", "Windows support article on moved files", false, moved_keeps_acl},
    {"a rename needs DELETE on the handle", "[MS-FSA] FileRenameInformation", false, rename_needs_delete},
    {"and ADD_FILE on the target's parent, checked for the caller", "[MS-FSA] FileRenameInformation", false, rename_needs_add_file},
    {"with both it works", "[MS-FSA] FileRenameInformation", true, rename_inside_works},
    {"a target that is replaced needs DELETE", "[MS-FSA] FileRenameInformation", false, replace_needs_delete_on_target},
    {"FILE_SUPERSEDE needs DELETE on an existing file", "[MS-FSA] 2.1.5.1.2.1", false, supersede_needs_delete},
    {"FILE_OVERWRITE_IF needs write access only", "[MS-FSA] 2.1.5.1.2.1", true, overwrite_works},
    {"a creator's handle has the rights it asked for", "[MS-FSA] 2.1.5.1.1", true, creator_gets_what_it_asked},
    {"reopening by handle with more access is checked", "NtCreateFile", false, reopen_is_checked},
    {"reopening with access that is granted works", "NtCreateFile", true, reopen_works},
    {"a Low caller links only what it may change", "seen on Windows 10; MS15-115", false, low_link_needs_right},
    {"a restricted caller at its user's level links what it can open", "seen on Windows 10", true, link_needs_none},
    {NULL, NULL, false, NULL},
};
