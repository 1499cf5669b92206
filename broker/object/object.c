#include "broker/object/object.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static UNICODE_STRING unicode(struct policy_name name) {
    UNICODE_STRING string = {(USHORT)(name.length * 2), (USHORT)(name.length * 2), (PWSTR)(uintptr_t)name.units};
    return string;
}

static NTSTATUS call_create(HANDLE directory, struct policy_name path, const struct object_create *how, HANDLE *object,
                            ULONG_PTR *information) {
    if (path.length > 32766) {
        return STATUS_NAME_TOO_LONG;
    }
    UNICODE_STRING string = unicode(path);
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io = {0};
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE | (path.length ? OBJ_DONT_REPARSE : 0),
                               directory, NULL);
    *object = NULL;
    NTSTATUS status = NtCreateFile(object, how->access | SYNCHRONIZE, &attributes, &io, NULL, how->attributes,
                                   how->share, how->disposition, how->options | OBJECT_OPTIONS, NULL, 0);
    if (information) {
        *information = io.Information;
    }
    /* FILE_COMPLETE_IF_OPLOCKED: success, but the holder of an oplock has been told and not answered. Treated as a
     * failure: any further call on the handle could wait for that holder. */
    if (status == STATUS_OPLOCK_BREAK_IN_PROGRESS) {
        NtClose(*object);
        status = STATUS_SHARING_VIOLATION;
    }
    if (!NT_SUCCESS(status)) {
        *object = NULL;
    }
    return status;
}

bool object_replace_end(struct object_name *name, struct policy_name opened, struct policy_name normalized) {
    uint16_t *units = (uint16_t *)(uintptr_t)name->name.units;
    size_t capacity = sizeof(name->storage) / 2 - (size_t)(units - (uint16_t *)name->storage);
    if (opened.length > name->name.length) {
        return false;
    }
    size_t kept = name->name.length - opened.length;
    if (memcmp(units + kept, opened.units, opened.length * 2) != 0 || normalized.length > capacity - kept) {
        return false;
    }
    memcpy(units + kept, normalized.units, normalized.length * 2);
    name->name.length = kept + normalized.length;
    return true;
}

/* NTFS gives the name by which a file was opened, with the 8.3 names that were in it. The normalized name has none.
 * Wine knows no such class, and its names are long ones always. */
static void normalize(HANDLE handle, struct object_name *name) {
    static const size_t bytes = 66000;
    if (!wmemchr((const wchar_t *)name->name.units, L'~', name->name.length)) {
        return;
    }
    BYTE *both = malloc(2 * bytes);
    FILE_NAME_INFORMATION *opened = (FILE_NAME_INFORMATION *)both;
    FILE_NAME_INFORMATION *normalized = both ? (FILE_NAME_INFORMATION *)(both + bytes) : NULL;
    IO_STATUS_BLOCK io;
    if (both &&
        NT_SUCCESS(NtQueryInformationFile(handle, &io, normalized, (ULONG)bytes, NtFileNormalizedNameInformation)) &&
        NT_SUCCESS(NtQueryInformationFile(handle, &io, opened, (ULONG)bytes, FileNameInformation))) {
        struct policy_name was = {(const uint16_t *)opened->FileName, opened->FileNameLength / sizeof(WCHAR)};
        struct policy_name is = {(const uint16_t *)normalized->FileName, normalized->FileNameLength / sizeof(WCHAR)};
        /* Without it the name stays as it was: it is in no root then, or identities decide. */
        (void)!object_replace_end(name, was, is);
    }
    free(both);
}

NTSTATUS object_query_name(HANDLE handle, struct object_name *name) {
    ULONG size;
    UNICODE_STRING *string = (UNICODE_STRING *)name->storage;
    NTSTATUS status = NtQueryObject(handle, ObjectNameInformation, name->storage, sizeof(name->storage), &size);
    name->name.units = NULL;
    name->name.length = 0;
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (!string->Length) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    name->name.units = string->Buffer;
    name->name.length = string->Length / sizeof(WCHAR);
    normalize(handle, name);
    return STATUS_SUCCESS;
}

NTSTATUS object_append(struct object_name *name, struct policy_name leaf) {
    uint16_t *units = (uint16_t *)(uintptr_t)name->name.units;
    size_t capacity = sizeof(name->storage) / 2 - (size_t)(units - (uint16_t *)name->storage);
    size_t length = name->name.length;
    if (length && units[length - 1] == '\\') {
        length--;
    }
    if (length + 1 + leaf.length > capacity) {
        return STATUS_NAME_TOO_LONG;
    }
    units[length] = '\\';
    memcpy(units + length + 1, leaf.units, leaf.length * 2);
    name->name.length = length + 1 + leaf.length;
    return STATUS_SUCCESS;
}

NTSTATUS object_query_facts(HANDLE handle, struct object_facts *facts) {
    IO_STATUS_BLOCK io;
    FILE_FS_DEVICE_INFORMATION device;
    FILE_STANDARD_INFORMATION standard;
    struct nt_attribute_tag_information tag;
    NTSTATUS status = NtQueryVolumeInformationFile(handle, &io, &device, sizeof(device), FileFsDeviceInformation);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (device.DeviceType != FILE_DEVICE_DISK && device.DeviceType != FILE_DEVICE_DISK_FILE_SYSTEM &&
        device.DeviceType != FILE_DEVICE_NETWORK_FILE_SYSTEM && device.DeviceType != FILE_DEVICE_CD_ROM) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    status = NtQueryInformationFile(handle, &io, &standard, sizeof(standard), FileStandardInformation);
    if (NT_SUCCESS(status)) {
        status = NtQueryInformationFile(handle, &io, &tag, sizeof(tag), FileAttributeTagInformation);
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    facts->directory = standard.Directory != 0;
    facts->links = standard.NumberOfLinks;
    facts->attributes = tag.FileAttributes;
    facts->reparse_point = (tag.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0;
    return STATUS_SUCCESS;
}

NTSTATUS object_query_id(HANDLE handle, ULONGLONG *id) {
    IO_STATUS_BLOCK io;
    FILE_INTERNAL_INFORMATION internal;
    NTSTATUS status = NtQueryInformationFile(handle, &io, &internal, sizeof(internal), FileInternalInformation);
    *id = NT_SUCCESS(status) ? (ULONGLONG)internal.IndexNumber.QuadPart : 0;
    return status;
}

NTSTATUS object_take(HANDLE process, uint64_t value, HANDLE *handle) {
    union {
        OBJECT_TYPE_INFORMATION information;
        BYTE bytes[1024];
    } type;
    static const WCHAR file[] = L"File";
    ULONG size;
    *handle = NULL;
    /* Pseudo handles (-1 and the like) would name the broker's own process when duplicated. */
    if (value == 0 || value > 0x7FFFFFFFu || (value & 3)) {
        return STATUS_INVALID_HANDLE;
    }
    NTSTATUS status =
        NtDuplicateObject(process, (HANDLE)(uintptr_t)value, GetCurrentProcess(), handle, 0, 0, DUPLICATE_SAME_ACCESS);
    if (!NT_SUCCESS(status)) {
        *handle = NULL;
        return status;
    }
    status = NtQueryObject(*handle, ObjectTypeInformation, &type, sizeof(type), &size);
    if (NT_SUCCESS(status)) {
        UNICODE_STRING *name = &type.information.TypeName;
        bool is_file = name->Length == sizeof(file) - sizeof(WCHAR) && !memcmp(name->Buffer, file, name->Length);
        status = is_file ? STATUS_SUCCESS : STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (!NT_SUCCESS(status)) {
        NtClose(*handle);
        *handle = NULL;
    }
    return status;
}

ACCESS_MASK object_map_generic(ACCESS_MASK access) {
    GENERIC_MAPPING files = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    DWORD mask = access;
    MapGenericMask(&mask, &files);
    return mask;
}

bool object_has_access(HANDLE handle, ACCESS_MASK access) {
    PUBLIC_OBJECT_BASIC_INFORMATION basic;
    ULONG size;
    return NT_SUCCESS(NtQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic), &size)) &&
           (basic.GrantedAccess & access) == access;
}

HANDLE object_duplicate(HANDLE handle) {
    HANDLE duplicate = NULL;
    NTSTATUS status =
        NtDuplicateObject(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, 0, DUPLICATE_SAME_ACCESS);
    return NT_SUCCESS(status) ? duplicate : NULL;
}

NTSTATUS object_reopen(HANDLE handle, ACCESS_MASK access, ULONG options, HANDLE *again) {
    struct object_create how = {access, 0, NT_SHARE_ALL, FILE_OPEN, options | FILE_SYNCHRONOUS_IO_NONALERT};
    struct policy_name empty = {NULL, 0};
    return call_create(handle, empty, &how, again, NULL);
}

NTSTATUS object_open_below(HANDLE directory, struct policy_name path, ACCESS_MASK access, ULONG options,
                           HANDLE *object) {
    struct object_create how = {access, 0, NT_SHARE_ALL, FILE_OPEN, options | FILE_SYNCHRONOUS_IO_NONALERT};
    return call_create(directory, path, &how, object, NULL);
}

NTSTATUS object_create_leaf(HANDLE directory, struct policy_name leaf, const struct object_create *how, HANDLE *object,
                            ULONG_PTR *information) {
    return call_create(directory, leaf, how, object, information);
}

NTSTATUS object_set_name(HANDLE object, HANDLE directory, struct policy_name leaf, ULONG flags,
                         FILE_INFORMATION_CLASS info_class) {
    union {
        struct nt_rename_information information;
        BYTE bytes[sizeof(struct nt_rename_information) + POLICY_LEAF_MAX * sizeof(WCHAR)];
    } name = {.bytes = {0}};
    IO_STATUS_BLOCK io;
    if (leaf.length > POLICY_LEAF_MAX) {
        return STATUS_NAME_TOO_LONG;
    }
    name.information.Flags = flags;
    name.information.RootDirectory = directory;
    name.information.FileNameLength = (ULONG)(leaf.length * sizeof(WCHAR));
    memcpy(name.bytes + offsetof(struct nt_rename_information, FileName), leaf.units, name.information.FileNameLength);
    return NtSetInformationFile(object, &io, &name, (ULONG)sizeof(name.information) + name.information.FileNameLength,
                                info_class);
}

/* For file systems without class 64. The attribute belongs to the file, not to this name of it: a file that has another
 * name elsewhere keeps it. */
static NTSTATUS delete_plainly(HANDLE object) {
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION standard;
    FILE_BASIC_INFORMATION basic;
    FILE_DISPOSITION_INFORMATION disposition = {TRUE};
    NTSTATUS status = NtQueryInformationFile(object, &io, &basic, sizeof(basic), FileBasicInformation);
    if (NT_SUCCESS(status) && (basic.FileAttributes & FILE_ATTRIBUTE_READONLY)) {
        status = NtQueryInformationFile(object, &io, &standard, sizeof(standard), FileStandardInformation);
        if (NT_SUCCESS(status) && standard.NumberOfLinks > 1) {
            status = STATUS_CANNOT_DELETE;
        }
        basic = (FILE_BASIC_INFORMATION){.FileAttributes = FILE_ATTRIBUTE_NORMAL};
        status = NT_SUCCESS(status) ? NtSetInformationFile(object, &io, &basic, sizeof(basic), FileBasicInformation)
                                    : status;
    }
    return NT_SUCCESS(status)
               ? NtSetInformationFile(object, &io, &disposition, sizeof(disposition), NtFileDispositionInformation)
               : status;
}

NTSTATUS object_delete_name(HANDLE object) {
    IO_STATUS_BLOCK io;
    struct nt_disposition_information_ex ex = {NT_DISPOSITION_DELETE | NT_DISPOSITION_POSIX_SEMANTICS |
                                               NT_DISPOSITION_IGNORE_READONLY_ATTRIBUTE};
    NTSTATUS status = NtSetInformationFile(object, &io, &ex, sizeof(ex), NtFileDispositionInformationEx);
    return NT_SUCCESS(status) || status == STATUS_ACCESS_DENIED ? status : delete_plainly(object);
}

bool object_same(HANDLE one, HANDLE other) {
    ULONGLONG first, second;
    return NT_SUCCESS(object_query_id(one, &first)) && NT_SUCCESS(object_query_id(other, &second)) && first == second;
}

uint16_t object_fold(uint16_t unit) { return RtlUpcaseUnicodeChar(unit); }
