/* NtSetInformationFile: delete, rename and link by handle; attributes on Wine. */
#include "calls.h"
#include "client.h"
#include "held.h"
#include "memory.h"
#include "paths.h"

#include <stdbool.h>
#include <stddef.h>

static bool fill_delete(struct sbx_request *request, HANDLE file, const void *info, ULONG size, unsigned info_class) {
    BOOLEAN plain = 0;
    ULONG flags = 0;
    if (info_class == CLASS_DISPOSITION) {
        if (size < sizeof(plain) || !memory_copy_in(info, &plain, sizeof(plain))) {
            return false;
        }
        flags = plain ? 1 : 0;
    } else if (size < sizeof(flags) || !memory_copy_in(info, &flags, sizeof(flags))) {
        return false;
    }
    request->op = SBX_OP_DELETE;
    request->u.del.handle = (uint64_t)(uintptr_t)file;
    request->u.del.flags = flags;
    request->u.del.info_class = info_class;
    return true;
}

static bool fill_name(struct sbx_request *request, HANDLE file, const void *info, ULONG size, unsigned info_class) {
    struct nt_name_information header;
    const size_t at = offsetof(struct nt_name_information, name);
    if (size < at || !memory_copy_in(info, &header, at) || header.name_length > size - at || header.name_length % 2 ||
        header.name_length > SBX_NAME_MAX || !memory_is_readable((const BYTE *)info + at, header.name_length)) {
        return false;
    }
    bool extended = info_class == CLASS_RENAME_EX || info_class == CLASS_LINK_EX;
    bool link = info_class == CLASS_LINK || info_class == CLASS_LINK_EX;
    request->op = link ? SBX_OP_LINK : SBX_OP_RENAME;
    request->u.rename.handle = (uint64_t)(uintptr_t)file;
    request->u.rename.directory = (uint64_t)(uintptr_t)header.root_directory;
    request->u.rename.name.bytes = (const uint8_t *)info + at;
    request->u.rename.name.size = header.name_length;
    request->u.rename.flags = extended ? header.u.flags : (header.u.replace_if_exists ? 1 : 0);
    request->u.rename.info_class = info_class;
    return true;
}

static bool fill(struct sbx_request *request, HANDLE file, const void *info, ULONG size, unsigned info_class) {
    switch (info_class) {
    case CLASS_DISPOSITION:
    case CLASS_DISPOSITION_EX: return fill_delete(request, file, info, size, info_class);
    case CLASS_RENAME:
    case CLASS_RENAME_EX:
    case CLASS_LINK:
    case CLASS_LINK_EX: return fill_name(request, file, info, size, info_class);
    default: return false;
    }
}

/* The broker knows the roots by their own spelling only: a new name that is spelled by an alias goes as directory and
 * leaf. */
static bool resolve_target(struct sbx_request *request, struct paths_alias *alias) {
    struct sbx_rename *rename = &request->u.rename;
    if (request->op == SBX_OP_DELETE || rename->directory) {
        return false;
    }
    UNICODE_STRING name = {(USHORT)rename->name.size, (USHORT)rename->name.size, (PWSTR)(uintptr_t)rename->name.bytes};
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (paths_root_of(&attributes) >= 0 || !paths_open_alias(&name, alias)) {
        return false;
    }
    rename->directory = (uint64_t)(uintptr_t)alias->attributes.RootDirectory;
    rename->name.bytes = (const uint8_t *)alias->leaf.Buffer;
    rename->name.size = alias->leaf.Length;
    return true;
}

/* A new name outside the roots, whose directory cannot be opened anyway: the caller gets the error that says so, as it
 * would without the sandbox. Everything else there is denied. */
static NTSTATUS why_denied(const struct sbx_request *request) {
    const struct sbx_rename *rename = &request->u.rename;
    const WCHAR *name = (const WCHAR *)(const void *)rename->name.bytes;
    size_t units = request->op == SBX_OP_DELETE || rename->directory ? 0 : rename->name.size / sizeof(WCHAR);
    while (units && name[units - 1] != L'\\') {
        units--;
    }
    if (units < 2) {
        return STATUS_ACCESS_DENIED_;
    }
    UNICODE_STRING parent = {(USHORT)(units * sizeof(WCHAR)), (USHORT)(units * sizeof(WCHAR)), (PWSTR)(uintptr_t)name};
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE directory;
    InitializeObjectAttributes(&attributes, &parent, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = originals.open_file(&directory, FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &io,
                                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, FILE_DIRECTORY_FILE);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    NtClose(directory);
    return STATUS_ACCESS_DENIED_;
}

/* On Windows SetFileAttributesW opens with FILE_WRITE_ATTRIBUTES, and an object that lacks our entry is stamped when
 * that open is denied. Wine opens with SYNCHRONIZE alone, so that the denial comes only here. On Windows a handle
 * without the right stays without it, stamp or not. */
static NTSTATUS set_attributes(HANDLE file, PIO_STATUS_BLOCK io, PVOID info, ULONG size) {
    struct sbx_request request = {.op = SBX_OP_STAMP};
    struct sbx_reply reply;
    request.u.stamp.handle = (uint64_t)(uintptr_t)file;
    if (!client_call(&request, &reply) || !NT_SUCCESS((NTSTATUS)reply.status)) {
        return STATUS_ACCESS_DENIED_;
    }
    return originals.set_information_file(file, io, info, size, (FILE_INFORMATION_CLASS)CLASS_BASIC);
}

NTSTATUS NTAPI shim_set_information_file(HANDLE file, PIO_STATUS_BLOCK io, PVOID info, ULONG size,
                                         FILE_INFORMATION_CLASS info_class) {
    NTSTATUS status = originals.set_information_file(file, io, info, size, info_class);
    if (status != STATUS_ACCESS_DENIED_) {
        return status;
    }
    if ((unsigned)info_class == CLASS_BASIC) {
        return set_attributes(file, io, info, size);
    }
    struct sbx_request request;
    struct sbx_reply reply;
    struct paths_alias alias;
    if (!fill(&request, file, info, size, (unsigned)info_class)) {
        return status;
    }
    bool aliased = resolve_target(&request, &alias);
    bool answered = client_call(&request, &reply);
    if (aliased) {
        NtClose(alias.attributes.RootDirectory);
    }
    if (!answered) {
        return status;
    }
    if (reply.status == (uint32_t)STATUS_ACCESS_DENIED_) {
        return why_denied(&request);
    }
    if (NT_SUCCESS((NTSTATUS)reply.status)) {
        if (request.op == SBX_OP_DELETE && reply.information == SBX_DELETE_HELD) {
            held_add(file);
        } else if (request.op == SBX_OP_DELETE && !request.u.del.flags) {
            held_remove(file);
        }
        io->Status = (NTSTATUS)reply.status;
        io->Information = 0;
    }
    return (NTSTATUS)reply.status;
}
