#!/usr/bin/env python3
"""Make Wine's kernelbase.dll send the calls that Windows sends: for deleting, for replacing, for relative names.

usage: kernelbase.py WINE_SOURCE_DIR

The sources of the rules stand in README.md. As in hooks.py an anchor that is not found exactly once ends the run.
"""
import pathlib
import re
import sys

FILE = "dlls/kernelbase/file.c"

# CreateFileW and its like give a relative name with the handle of the current directory, where the full name lies below it.
RELATIVE = """
static void strict_relative( const WCHAR *path, UNICODE_STRING *full, OBJECT_ATTRIBUTES *attr, UNICODE_STRING *rest )
{
    const CURDIR *current = &NtCurrentTeb()->Peb->ProcessParameters->CurrentDirectory;
    USHORT skip = 4 * sizeof(WCHAR) + current->DosPath.Length;

    if (!current->Handle || RtlDetermineDosPathNameType_U( path ) != RELATIVE_PATH || full->Length <= skip ||
        memcmp( full->Buffer + 4, current->DosPath.Buffer, current->DosPath.Length )) return;
    rest->Buffer = full->Buffer + skip / sizeof(WCHAR);
    rest->Length = full->Length - skip;
    rest->MaximumLength = full->MaximumLength - skip;
    attr->RootDirectory = current->Handle;
    attr->ObjectName = rest;
}

static NTSTATUS strict_delete_by_handle( HANDLE handle )
{
    FILE_DISPOSITION_INFORMATION_EX ex = { FILE_DISPOSITION_DELETE | FILE_DISPOSITION_POSIX_SEMANTICS };
    FILE_DISPOSITION_INFORMATION plain = { TRUE };
    IO_STATUS_BLOCK io;
    NTSTATUS status = NtSetInformationFile( handle, &io, &ex, sizeof(ex), FileDispositionInformationEx );

    if (status == STATUS_INVALID_PARAMETER || status == STATUS_INVALID_INFO_CLASS || status == STATUS_NOT_SUPPORTED)
        status = NtSetInformationFile( handle, &io, &plain, sizeof(plain), FileDispositionInformation );
    return status;
}

"""

DELETE_FILE = """    status = NtOpenFile( &hFile, DELETE | FILE_READ_ATTRIBUTES, &attr, &io,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         FILE_NON_DIRECTORY_FILE | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT );
    if (!status)
    {
        status = strict_delete_by_handle( hFile );
        NtClose( hFile );
    }
"""

REPLACE_FILE = r"""#define REPLACEFILE_IGNORE_ACL_ERRORS 4 /* winbase.h of Windows has it */

static NTSTATUS strict_open( const WCHAR *path, ACCESS_MASK access, ULONG sharing, HANDLE *handle, UNICODE_STRING *name )
{
    UNICODE_STRING rest;
    OBJECT_ATTRIBUTES attr;
    IO_STATUS_BLOCK io;

    if (!RtlDosPathNameToNtPathName_U( path, name, NULL, NULL )) return STATUS_OBJECT_PATH_NOT_FOUND;
    InitializeObjectAttributes( &attr, name, OBJ_CASE_INSENSITIVE, 0, NULL );
    strict_relative( path, name, &attr, &rest );
    return NtOpenFile( handle, access, &attr, &io, sharing, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE );
}

static NTSTATUS strict_rename_by_handle( HANDLE handle, const UNICODE_STRING *name, BOOLEAN replace )
{
    ULONG size = sizeof(FILE_RENAME_INFORMATION) + name->Length;
    FILE_RENAME_INFORMATION *info = RtlAllocateHeap( GetProcessHeap(), HEAP_ZERO_MEMORY, size );
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    if (!info) return STATUS_NO_MEMORY;
    info->ReplaceIfExists = replace;
    info->FileNameLength = name->Length;
    memcpy( info->FileName, name->Buffer, name->Length );
    status = NtSetInformationFile( handle, &io, info, size, FileRenameInformation );
    RtlFreeHeap( GetProcessHeap(), 0, info );
    return status;
}

/* the replacement takes over creation time, attributes and DACL of the file whose name it gets */
static NTSTATUS strict_merge( HANDLE from, HANDLE to, DWORD flags )
{
    BYTE sd[65536];
    FILE_BASIC_INFORMATION old, now = {{{0}}};
    IO_STATUS_BLOCK io;
    ULONG size;
    NTSTATUS status = NtQueryInformationFile( from, &io, &old, sizeof(old), FileBasicInformation );

    if (!status)
    {
        now.CreationTime = old.CreationTime;
        now.FileAttributes = old.FileAttributes;
        status = NtSetInformationFile( to, &io, &now, sizeof(now), FileBasicInformation );
    }
    if (status && !(flags & REPLACEFILE_IGNORE_MERGE_ERRORS)) return status;
    if (!(status = NtQuerySecurityObject( from, DACL_SECURITY_INFORMATION, sd, sizeof(sd), &size )))
        status = NtSetSecurityObject( to, DACL_SECURITY_INFORMATION, sd );
    return (flags & (REPLACEFILE_IGNORE_ACL_ERRORS | REPLACEFILE_IGNORE_MERGE_ERRORS)) ? STATUS_SUCCESS : status;
}

/* a free name beside the replaced file, as "NAME~RF1234.TMP" */
static NTSTATUS strict_put_aside( HANDLE handle, const UNICODE_STRING *name )
{
    WCHAR buffer[1024];
    UNICODE_STRING aside = { 0, sizeof(buffer), buffer };
    NTSTATUS status = STATUS_NAME_TOO_LONG;
    unsigned int i;

    for (i = 0; i < 100 && name->Length / sizeof(WCHAR) + 24 < ARRAY_SIZE(buffer); i++)
    {
        memcpy( buffer, name->Buffer, name->Length );
        swprintf( buffer + name->Length / sizeof(WCHAR), 24, L"~RF%x.TMP", GetTickCount() + i );
        aside.Length = wcslen( buffer ) * sizeof(WCHAR);
        if ((status = strict_rename_by_handle( handle, &aside, FALSE )) != STATUS_OBJECT_NAME_COLLISION) break;
    }
    return status;
}

BOOL WINAPI DECLSPEC_HOTPATCH ReplaceFileW( const WCHAR *replaced, const WCHAR *replacement,
                                            const WCHAR *backup, DWORD flags,
                                            void *exclude, void *reserved )
{
    static const ACCESS_MASK wanted = SYNCHRONIZE | GENERIC_READ | DELETE | WRITE_DAC;
    UNICODE_STRING replaced_name = {0}, replacement_name = {0}, backup_name = {0};
    HANDLE old = 0, new = 0;
    NTSTATUS status;

    if (!replaced || !replacement)
    {
        SetLastError( ERROR_INVALID_PARAMETER );
        return FALSE;
    }
    status = strict_open( replaced, SYNCHRONIZE | GENERIC_READ | DELETE,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &old, &replaced_name );
    if (!status)
    {
        status = strict_open( replacement, wanted | GENERIC_WRITE, 0, &new, &replacement_name );
        if (status == STATUS_ACCESS_DENIED && (flags & REPLACEFILE_IGNORE_MERGE_ERRORS))
        {
            RtlFreeUnicodeString( &replacement_name );
            status = strict_open( replacement, SYNCHRONIZE | GENERIC_READ | DELETE,
                                  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &new, &replacement_name );
        }
    }
    if (!status)
    {
        FILE_BASIC_INFORMATION basic;
        IO_STATUS_BLOCK io;
        status = NtQueryInformationFile( old, &io, &basic, sizeof(basic), FileBasicInformation );
        if (!status && (basic.FileAttributes & FILE_ATTRIBUTE_READONLY)) status = STATUS_ACCESS_DENIED;
    }
    if (!status) status = strict_merge( old, new, flags );
    if (!status && backup && !RtlDosPathNameToNtPathName_U( backup, &backup_name, NULL, NULL ))
        status = STATUS_OBJECT_PATH_NOT_FOUND;
    if (!status && (status = backup ? strict_rename_by_handle( old, &backup_name, TRUE ) : strict_put_aside( old, &replaced_name )))
        SetLastError( ERROR_UNABLE_TO_REMOVE_REPLACED );
    else if (!status && (status = strict_rename_by_handle( new, &replaced_name, FALSE )))
        SetLastError( backup ? ERROR_UNABLE_TO_MOVE_REPLACEMENT_2 : ERROR_UNABLE_TO_MOVE_REPLACEMENT );
    else if (status)
        set_ntstatus( status );
    if (!status && !backup) strict_delete_by_handle( old );
    if (new) NtClose( new );
    if (old) NtClose( old );
    RtlFreeUnicodeString( &replaced_name );
    RtlFreeUnicodeString( &replacement_name );
    RtlFreeUnicodeString( &backup_name );
    return !status;
}
"""

# the functions that open by a path: their local variables, and the line that the relative name is made behind
OPENERS = (
    ("CreateFileW", "nameW", "filename", "    attr.ObjectName = &nameW;\n"),
    ("CreateDirectoryW", "nt_name", "path", "    attr.ObjectName = &nt_name;\n"),
    ("DeleteFileW", "nameW", "path", "    attr.ObjectName = &nameW;\n"),
    ("RemoveDirectoryW", "nt_name", "path", "    InitializeObjectAttributes( &attr, &nt_name, OBJ_CASE_INSENSITIVE, 0, NULL );\n"),
    ("MoveFileWithProgressW", "nt_name", "source", "    attr.ObjectName = &nt_name;\n"),
)


def once(code, anchor, text, what):
    if code.count(anchor) != 1:
        sys.exit("kernelbase.py: %s: anchor found %d times, not once: %r" % (what, code.count(anchor), anchor))
    return code.replace(anchor, text)


def body(code, name):
    found = re.search(r"^BOOL WINAPI DECLSPEC_HOTPATCH %s\(.*?^}\n|^HANDLE WINAPI DECLSPEC_HOTPATCH %s\(.*?^}\n" % (name, name), code, re.M | re.S)
    return found.group(0) if found else sys.exit("kernelbase.py: no function " + name)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1]) / FILE
    code = path.read_text(encoding="latin-1")
    for name, variable, parameter, anchor in OPENERS:
        old = body(code, name)
        new = old.replace("\n{\n", "\n{\n    UNICODE_STRING strict_rest;\n", 1)
        if new.count(anchor) < 1:
            sys.exit("kernelbase.py: %s: no line %r" % (name, anchor))
        # the attributes are whole before the call: behind the first use of the name
        new = new.replace(anchor, anchor + "    strict_relative( %s, &%s, &attr, &strict_rest );\n" % (parameter, variable), 1)
        code = code.replace(old, new)
    old = body(code, "DeleteFileW")
    new = re.sub(r"    status = NtCreateFile\(.*?NtClose\(hFile\);\n", lambda _: DELETE_FILE, old, flags=re.S)
    if new == old:
        sys.exit("kernelbase.py: DeleteFileW is another one")
    code = code.replace(old, new)
    code = once(code, "        FILE_DISPOSITION_INFORMATION info = { TRUE };\n        status = NtSetInformationFile( handle, &io, &info, sizeof(info), FileDispositionInformation );\n",
                "        status = strict_delete_by_handle( handle );\n", "RemoveDirectoryW")
    code = code.replace(body(code, "ReplaceFileW"), REPLACE_FILE)
    first = re.search(r"^/\*{10,}\n \*\tAreFileApisANSI", code, re.M)
    if not first:
        sys.exit("kernelbase.py: no place for the functions")
    path.write_text(code[:first.start()] + RELATIVE.lstrip() + code[first.start():], encoding="latin-1")


if __name__ == "__main__":
    main()
