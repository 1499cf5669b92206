/* The NT interface as the shim uses it. The shim links ntdll and kernel32 and nothing else. */
#ifndef SBX_SHIM_NT_H
#define SBX_SHIM_NT_H

#include <windows.h>

#include <winternl.h>

#define STATUS_SUCCESS_ ((NTSTATUS)0)
#define STATUS_ACCESS_DENIED_ ((NTSTATUS)0xC0000022)
#define STATUS_OBJECT_NAME_NOT_FOUND_ ((NTSTATUS)0xC0000034)
#define STATUS_NOT_SUPPORTED_ ((NTSTATUS)0xC00000BB)
#define STATUS_TIMEOUT_ ((NTSTATUS)0x00000102)
#define STATUS_PENDING_ ((NTSTATUS)0x00000103)
#define STATUS_PIPE_NOT_AVAILABLE_ ((NTSTATUS)0xC00000AC)
#define STATUS_PIPE_DISCONNECTED_ ((NTSTATUS)0xC00000B0)
#define STATUS_PIPE_CLOSING_ ((NTSTATUS)0xC00000B1)
#define STATUS_PIPE_BROKEN_ ((NTSTATUS)0xC000014B)
#define STATUS_PIPE_BUSY_ ((NTSTATUS)0xC00000AE)
#define STATUS_INSTANCE_NOT_AVAILABLE_ ((NTSTATUS)0xC00000AB)

#ifndef FILE_OPEN_REPARSE_POINT
#define FILE_OPEN_REPARSE_POINT 0x00200000
#endif

/* Information classes that are hooked. */
#define CLASS_BASIC 4
#define CLASS_RENAME 10
#define CLASS_LINK 11
#define CLASS_DISPOSITION 13
#define CLASS_DISPOSITION_EX 64
#define CLASS_RENAME_EX 65
#define CLASS_LINK_EX 72

/* Classes 10, 11, 65 and 72. */
struct nt_name_information {
    union {
        BOOLEAN replace_if_exists;
        ULONG flags;
    } u;
    HANDLE root_directory;
    ULONG name_length; /* bytes */
    WCHAR name[1];
};

#define NT_OBJECT_HANDLE_FLAGS 4 /* ObjectHandleFlagInformation */
struct nt_handle_flags {
    BOOLEAN inherit;
    BOOLEAN protect_from_close;
};

#define NT_CREATE_SUSPENDED 1u /* THREAD_CREATE_FLAGS_CREATE_SUSPENDED */

typedef NTSTATUS NTAPI nt_create_file(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, PLARGE_INTEGER, ULONG,
                                      ULONG, ULONG, ULONG, PVOID, ULONG);
typedef NTSTATUS NTAPI nt_open_file(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG, ULONG);
typedef NTSTATUS NTAPI nt_set_information_file(HANDLE, PIO_STATUS_BLOCK, PVOID, ULONG, FILE_INFORMATION_CLASS);
typedef NTSTATUS NTAPI nt_delete_file(POBJECT_ATTRIBUTES);
typedef NTSTATUS NTAPI nt_close(HANDLE);
typedef NTSTATUS NTAPI nt_duplicate_object(HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
typedef NTSTATUS NTAPI nt_terminate_process(HANDLE, NTSTATUS);
typedef NTSTATUS NTAPI nt_create_event(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
typedef NTSTATUS NTAPI nt_create_mutant(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, BOOLEAN);
typedef NTSTATUS NTAPI nt_create_semaphore(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, LONG, LONG);
typedef NTSTATUS NTAPI nt_create_timer(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int);
typedef NTSTATUS NTAPI nt_create_section(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG,
                                         HANDLE);
typedef NTSTATUS NTAPI nt_create_directory_object(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
typedef NTSTATUS NTAPI nt_set_security_object(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR);
typedef NTSTATUS NTAPI nt_create_user_process(PHANDLE, PHANDLE, ACCESS_MASK, ACCESS_MASK, POBJECT_ATTRIBUTES,
                                              POBJECT_ATTRIBUTES, ULONG, ULONG, PVOID, PVOID, PVOID);

typedef NTSTATUS NTAPI nt_create_named_pipe_file(PHANDLE, ULONG, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, ULONG, ULONG,
                                                 ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, PLARGE_INTEGER);

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID *base, ULONG_PTR zero_bits, PSIZE_T size, ULONG type,
                                       ULONG protection);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID *base, PSIZE_T size, ULONG protection, PULONG old);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, const void *address, int info_class, PVOID info, SIZE_T size,
                                    SIZE_T *done);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE process, PVOID to, const void *from, SIZE_T size, SIZE_T *done);
NTSTATUS NTAPI NtQueueApcThread(HANDLE thread, PVOID function, ULONG_PTR a, ULONG_PTR b, ULONG_PTR c);
NTSTATUS NTAPI NtResumeThread(HANDLE thread, PULONG count);
NTSTATUS NTAPI NtReadFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, PIO_STATUS_BLOCK io,
                          PVOID buffer, ULONG size, PLARGE_INTEGER offset, PULONG key);
NTSTATUS NTAPI NtWriteFile(HANDLE file, HANDLE event, PIO_APC_ROUTINE apc, PVOID context, PIO_STATUS_BLOCK io,
                           const void *buffer, ULONG size, PLARGE_INTEGER offset, PULONG key);
NTSTATUS NTAPI NtCreateEvent(PHANDLE event, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, int type, BOOLEAN state);
NTSTATUS NTAPI NtSetInformationObject(HANDLE handle, int info_class, void *info, ULONG size);
NTSTATUS NTAPI NtCancelIoFile(HANDLE file, PIO_STATUS_BLOCK io);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *interval);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR unit);

#endif
