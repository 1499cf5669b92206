/* The NT interface as the broker uses it: what mingw-w64's winternl.h has, and below that what it lacks.
 *
 * Include this instead of <windows.h> where an NTSTATUS is needed: the STATUS_ names here are NTSTATUS values,
 * winnt.h's few are DWORDs. */
#ifndef SBX_BROKER_BASE_NT_H
#define SBX_BROKER_BASE_NT_H

#include <stddef.h>
#include <windows.h>

#include <winioctl.h>
#include <winternl.h>

/* Why the last call failed, never 0: where one says "failed" without a reason, that must not read as success. */
static inline DWORD last_error(void) {
    DWORD error = GetLastError();
    return error ? error : ERROR_GEN_FAILURE;
}

/* Status values */

#undef STATUS_TIMEOUT
#undef STATUS_PENDING
#undef STATUS_INVALID_HANDLE
#undef STATUS_INVALID_PARAMETER
#undef STATUS_NO_MEMORY

#ifndef STATUS_OBJECT_NAME_COLLISION
#define STATUS_OBJECT_NAME_COLLISION ((NTSTATUS)0xC0000035)
#endif
#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS ((NTSTATUS)0x00000000)
#endif
#define STATUS_TIMEOUT ((NTSTATUS)0x00000102)
#define STATUS_PENDING ((NTSTATUS)0x00000103)
#define STATUS_OPLOCK_BREAK_IN_PROGRESS ((NTSTATUS)0x00000108)
#define STATUS_NO_MORE_FILES ((NTSTATUS)0x80000006)
#define STATUS_INFO_LENGTH_MISMATCH ((NTSTATUS)0xC0000004)
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#define STATUS_INVALID_PARAMETER ((NTSTATUS)0xC000000D)
#define STATUS_NO_SUCH_FILE ((NTSTATUS)0xC000000F)
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_BUFFER_TOO_SMALL ((NTSTATUS)0xC0000023)
#define STATUS_OBJECT_TYPE_MISMATCH ((NTSTATUS)0xC0000024)
#define STATUS_OBJECT_NAME_INVALID ((NTSTATUS)0xC0000033)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_OBJECT_PATH_NOT_FOUND ((NTSTATUS)0xC000003A)
#define STATUS_SHARING_VIOLATION ((NTSTATUS)0xC0000043)
#define STATUS_DELETE_PENDING ((NTSTATUS)0xC0000056)
#define STATUS_FILE_DELETED ((NTSTATUS)0xC0000123)
#define STATUS_PRIVILEGE_NOT_HELD ((NTSTATUS)0xC0000061)
#define STATUS_INVALID_ACL ((NTSTATUS)0xC0000077)
#define STATUS_INVALID_SECURITY_DESCR ((NTSTATUS)0xC0000079)
#define STATUS_DISK_FULL ((NTSTATUS)0xC000007F)
#define STATUS_NOT_SUPPORTED ((NTSTATUS)0xC00000BB)
#define STATUS_NOT_SAME_DEVICE ((NTSTATUS)0xC00000D4)
#define STATUS_NAME_TOO_LONG ((NTSTATUS)0xC0000106)
#define STATUS_CANCELLED ((NTSTATUS)0xC0000120)
#define STATUS_CANNOT_DELETE ((NTSTATUS)0xC0000121)
#define STATUS_UNEXPECTED_IO_ERROR ((NTSTATUS)0xC00000E9)
#define STATUS_NOT_FOUND ((NTSTATUS)0xC0000225)
#define STATUS_REPARSE_POINT_ENCOUNTERED ((NTSTATUS)0xC000050B)

/* Access and option bits */

#ifndef OBJ_DONT_REPARSE
#define OBJ_DONT_REPARSE 0x00001000L
#endif
#ifndef LABEL_SECURITY_INFORMATION
#define LABEL_SECURITY_INFORMATION 0x00000010L
#endif
#ifndef FILE_OPEN_REPARSE_POINT
#define FILE_OPEN_REPARSE_POINT 0x00200000
#endif
#ifndef FILE_COMPLETE_IF_OPLOCKED
#define FILE_COMPLETE_IF_OPLOCKED 0x00000100
#endif
#define NT_SHARE_ALL (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

/* Information classes and structures for files */

#define NT_FILE_CLASS(value) ((FILE_INFORMATION_CLASS)(value))
#define NtFileRenameInformation NT_FILE_CLASS(10)
#define NtFileLinkInformation NT_FILE_CLASS(11)
#define NtFileDispositionInformation NT_FILE_CLASS(13)
#define NtFileNormalizedNameInformation NT_FILE_CLASS(48) /* [MS-FSCC] 2.4.30: no 8.3 names, the disk's spelling */
#define NtFileDispositionInformationEx NT_FILE_CLASS(64)
#define NtFileRenameInformationEx NT_FILE_CLASS(65)
#define NtFileLinkInformationEx NT_FILE_CLASS(72)

#ifndef FILE_SESSION_AWARE
#define FILE_SESSION_AWARE 0x00040000 /* create option; older headers lack it */
#endif

/* Flags of the Ex classes. Class 65 and 72 share the first two and the layout below. */
#define NT_RENAME_REPLACE_IF_EXISTS 0x00000001u
#define NT_RENAME_POSIX_SEMANTICS 0x00000002u
#define NT_RENAME_SUPPRESS_PIN_STATE_INHERITANCE 0x00000004u
#define NT_RENAME_IGNORE_READONLY_ATTRIBUTE 0x00000040u
/* Storage reserves: SUPPRESS_STORAGE_RESERVE_INHERITANCE, NO_INCREASE_AVAILABLE_SPACE, NO_DECREASE_AVAILABLE_SPACE,
 * FORCE_RESIZE_TARGET_SR, FORCE_RESIZE_SOURCE_SR. They say which reserve the space is counted to. */
#define NT_RENAME_STORAGE_HINTS (0x00000008u | 0x00000010u | 0x00000020u | 0x00000080u | 0x00000100u)
#define NT_DISPOSITION_DELETE 0x00000001u
#define NT_DISPOSITION_POSIX_SEMANTICS 0x00000002u
#define NT_DISPOSITION_FORCE_IMAGE_SECTION_CHECK 0x00000004u
#define NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE 0x00000010u

/* Classes 10, 11, 65 and 72: one layout. The old classes read only the first byte of Flags, as ReplaceIfExists. */
struct nt_rename_information {
    ULONG Flags;
    HANDLE RootDirectory;
    ULONG FileNameLength; /* bytes */
    WCHAR FileName[1];
};

/* Class 64. */
struct nt_disposition_information_ex {
    ULONG Flags;
};

/* Class 35. */
struct nt_attribute_tag_information {
    ULONG FileAttributes;
    ULONG ReparseTag;
};

/* Class 46: the names of a file, each a parent's 64-bit id and a leaf. */
struct nt_link_entry {
    ULONG NextEntryOffset;
    LONGLONG ParentFileId;
    ULONG FileNameLength; /* units, not bytes */
    WCHAR FileName[1];
};

struct nt_links_information {
    ULONG BytesNeeded;
    ULONG EntriesReturned;
    struct nt_link_entry Entry;
};

_Static_assert(offsetof(struct nt_rename_information, RootDirectory) == 8 &&
                   offsetof(struct nt_rename_information, FileNameLength) == 16 &&
                   offsetof(struct nt_rename_information, FileName) == 20,
               "FILE_RENAME_INFORMATION of ntifs.h, 64 bits");
_Static_assert(sizeof(struct nt_attribute_tag_information) == 8, "FILE_ATTRIBUTE_TAG_INFORMATION of ntifs.h");
_Static_assert(offsetof(struct nt_link_entry, ParentFileId) == 8 && offsetof(struct nt_link_entry, FileName) == 20 &&
                   offsetof(struct nt_links_information, Entry) == 8,
               "FILE_LINKS_INFORMATION of ntifs.h");

#ifdef _MSC_VER
/* The Windows SDK's winternl.h leaves these to the driver kit. */
typedef struct {
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime, ChangeTime;
    ULONG FileAttributes;
} FILE_BASIC_INFORMATION;
typedef struct {
    LARGE_INTEGER AllocationSize, EndOfFile;
    ULONG NumberOfLinks;
    BOOLEAN DeletePending, Directory;
} FILE_STANDARD_INFORMATION;
typedef struct {
    LARGE_INTEGER IndexNumber;
} FILE_INTERNAL_INFORMATION;
typedef struct {
    ULONG FileNameLength;
    WCHAR FileName[1];
} FILE_NAME_INFORMATION;
typedef struct {
    BOOLEAN DoDeleteFile;
} FILE_DISPOSITION_INFORMATION;
typedef struct {
    ACCESS_MASK AccessFlags;
} FILE_ACCESS_INFORMATION;
typedef struct {
    ULONG NextEntryOffset, FileIndex;
    LARGE_INTEGER CreationTime, LastAccessTime, LastWriteTime, ChangeTime, EndOfFile, AllocationSize;
    ULONG FileAttributes, FileNameLength, EaSize;
    CHAR ShortNameLength;
    WCHAR ShortName[12];
    LARGE_INTEGER FileId;
    WCHAR FileName[1];
} FILE_ID_BOTH_DIR_INFORMATION;
typedef struct {
    LARGE_INTEGER VolumeCreationTime;
    ULONG VolumeSerialNumber, VolumeLabelLength;
    BOOLEAN SupportsObjects;
    WCHAR VolumeLabel[1];
} FILE_FS_VOLUME_INFORMATION;
typedef struct {
    ULONG FileSystemAttributes;
    LONG MaximumComponentNameLength;
    ULONG FileSystemNameLength;
    WCHAR FileSystemName[1];
} FILE_FS_ATTRIBUTE_INFORMATION;
typedef struct {
    DEVICE_TYPE DeviceType;
    ULONG Characteristics;
} FILE_FS_DEVICE_INFORMATION;
#define FileBasicInformation NT_FILE_CLASS(4)
#define FileStandardInformation NT_FILE_CLASS(5)
#define FileInternalInformation NT_FILE_CLASS(6)
#define FileAccessInformation NT_FILE_CLASS(8)
#define FileNameInformation NT_FILE_CLASS(9)
#define FilePositionInformation NT_FILE_CLASS(14)
#define FileAttributeTagInformation NT_FILE_CLASS(35)
#define FileIdBothDirectoryInformation NT_FILE_CLASS(37)
#define FileHardLinkInformation NT_FILE_CLASS(46)
#define ObjectNameInformation ((OBJECT_INFORMATION_CLASS)1)
typedef enum {
    FileFsVolumeInformation = 1,
    FileFsDeviceInformation = 4,
    FileFsAttributeInformation = 5
} FS_INFORMATION_CLASS;
NTSTATUS NTAPI NtQueryInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID data, ULONG size,
                                      FILE_INFORMATION_CLASS class_);
NTSTATUS NTAPI NtSetInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID data, ULONG size,
                                    FILE_INFORMATION_CLASS class_);
NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE file, PIO_STATUS_BLOCK io, PVOID data, ULONG size,
                                            FS_INFORMATION_CLASS class_);
#endif

/* Calls that winternl.h does not declare */

NTSTATUS NTAPI NtQuerySecurityObject(HANDLE object, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR descriptor,
                                     ULONG size, PULONG needed);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE object, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR descriptor);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID apc_context,
                                    PIO_STATUS_BLOCK io, PVOID data, ULONG size, FILE_INFORMATION_CLASS class_,
                                    BOOLEAN one_entry, PUNICODE_STRING pattern, BOOLEAN restart);
NTSTATUS NTAPI NtDuplicateObject(HANDLE from_process, HANDLE handle, HANDLE to_process, PHANDLE duplicate,
                                 ACCESS_MASK access, ULONG attributes, ULONG options);
NTSTATUS NTAPI NtCompareObjects(HANDLE one, HANDLE other);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR unit);

#endif
