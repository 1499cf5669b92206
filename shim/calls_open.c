/* NtCreateFile, NtOpenFile and NtDeleteFile: the original first, the broker only where it was denied in a root. */
#include "calls.h"
#include "client.h"
#include "held.h"
#include "memory.h"
#include "notes.h"
#include "paths.h"
#include "security.h"

#include <stdbool.h>

#define WRITE_RIGHTS (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES)
#define HOW_IT_IS_NAMED (FILE_OPEN_REPARSE_POINT | FILE_OPEN_BY_FILE_ID)
#define DATA_RIGHTS (FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_EXECUTE)

/* One open, however it was called. */
struct open_call {
    PHANDLE handle;
    ACCESS_MASK access;
    POBJECT_ATTRIBUTES attributes;
    PIO_STATUS_BLOCK io;
    PLARGE_INTEGER allocation;
    ULONG file_attributes;
    ULONG share;
    ULONG disposition;
    ULONG options;
    PVOID ea;
    ULONG ea_size;
};

static NTSTATUS original_open(const struct open_call *call, ACCESS_MASK access, ULONG share) {
    return originals.create_file(call->handle, access, call->attributes, call->io, call->allocation,
                                 call->file_attributes, share, call->disposition, call->options, call->ea,
                                 call->ea_size);
}

static ACCESS_MASK mapped(ACCESS_MASK access) {
    static const struct {
        ACCESS_MASK generic, rights;
    } map[] = {{GENERIC_READ, FILE_GENERIC_READ},
               {GENERIC_WRITE, FILE_GENERIC_WRITE},
               {GENERIC_EXECUTE, FILE_GENERIC_EXECUTE},
               {GENERIC_ALL, FILE_ALL_ACCESS}};
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (access & map[i].generic) {
            access = (access & ~map[i].generic) | map[i].rights;
        }
    }
    return access;
}

static struct sbx_name name_of(const OBJECT_ATTRIBUTES *attributes) {
    struct sbx_name name = {NULL, 0};
    if (attributes->ObjectName) {
        name.bytes = (const uint8_t *)attributes->ObjectName->Buffer;
        name.size = attributes->ObjectName->Length;
    }
    return name;
}

/* The object without a right that could be denied. */
static NTSTATUS open_to_name(const struct open_call *call, HANDLE *object) {
    IO_STATUS_BLOCK io;
    return originals.open_file(object, FILE_READ_ATTRIBUTES | SYNCHRONIZE, call->attributes, &io,
                               FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                               FILE_SYNCHRONOUS_IO_NONALERT | (call->options & HOW_IT_IS_NAMED));
}

static NTSTATUS ask_open(const struct open_call *call, ACCESS_MASK access, unsigned flags) {
    HANDLE object = NULL;
    struct sbx_request request = {.op = SBX_OP_OPEN};
    struct sbx_open *open = &request.u.open;
    struct sbx_reply reply;
    open->directory = (uint64_t)(uintptr_t)call->attributes->RootDirectory;
    open->name = name_of(call->attributes);
    /* The broker opens by name or once more by a handle. */
    if (call->options & FILE_OPEN_BY_FILE_ID) {
        if (!NT_SUCCESS(open_to_name(call, &object))) {
            return STATUS_ACCESS_DENIED_;
        }
        open->directory = (uint64_t)(uintptr_t)object;
        open->name.size = 0;
    }
    open->object_attributes = call->attributes->Attributes;
    /* WRITE_DAC and WRITE_OWNER are never granted; without them the open is still what most callers need. */
    open->access = access & ~(ACCESS_MASK)(WRITE_DAC | WRITE_OWNER | ACCESS_SYSTEM_SECURITY | MAXIMUM_ALLOWED);
    open->file_attributes = call->file_attributes;
    open->share = call->share;
    open->disposition = call->disposition;
    open->options = call->options & ~(ULONG)FILE_OPEN_BY_FILE_ID;
    open->flags = flags;
    bool answered = client_call(&request, &reply);
    if (object) {
        NtClose(object);
    }
    if (!answered) {
        return STATUS_ACCESS_DENIED_;
    }
    if (NT_SUCCESS((NTSTATUS)reply.status) && !flags) {
        *call->handle = (HANDLE)(uintptr_t)reply.handle;
        call->io->Status = (NTSTATUS)reply.status;
        call->io->Information = (ULONG_PTR)(reply.information & ~(uint64_t)SBX_OPEN_KEPT);
        if (reply.information & SBX_OPEN_KEPT) {
            held_add(*call->handle);
        }
    }
    return (NTSTATUS)reply.status;
}

/* Asks for our entry on the object, or on the directory in which it was to be made. */
static NTSTATUS ask_stamp(const struct open_call *call) {
    struct sbx_request request = {.op = SBX_OP_STAMP};
    struct sbx_reply reply;
    HANDLE object = NULL;
    NTSTATUS status = open_to_name(call, &object);
    if (NT_SUCCESS(status)) {
        request.u.stamp.handle = (uint64_t)(uintptr_t)object;
    } else if (status == STATUS_OBJECT_NAME_NOT_FOUND_) {
        request.u.stamp.directory = (uint64_t)(uintptr_t)call->attributes->RootDirectory;
        request.u.stamp.name = name_of(call->attributes);
    } else {
        return STATUS_ACCESS_DENIED_;
    }
    bool answered = client_call(&request, &reply);
    if (object) {
        NtClose(object);
    }
    return answered ? (NTSTATUS)reply.status : STATUS_ACCESS_DENIED_;
}

static bool may_change_or_create(const struct open_call *call, ACCESS_MASK access) {
    return (access & WRITE_RIGHTS) || call->disposition != FILE_OPEN;
}

static bool truncates(ULONG disposition) {
    return disposition == FILE_SUPERSEDE || disposition == FILE_OVERWRITE || disposition == FILE_OVERWRITE_IF;
}

/* A handle without DELETE and WRITE_DAC can do nothing new, and the broker does by it what they would allow. It stands
 * for one with DELETE where the caller asked for no data, or shared deleting already, so that what others may do with
 * the file does not change. */
static NTSTATUS repeat_with_less(const struct open_call *call, ACCESS_MASK access) {
    const ACCESS_MASK brokered = DELETE | WRITE_DAC;
    if (!(access & brokered) || ((access & DELETE) && (access & DATA_RIGHTS) && !(call->share & FILE_SHARE_DELETE))) {
        return STATUS_ACCESS_DENIED_;
    }
    return original_open(call, (access & ~brokered) | FILE_READ_ATTRIBUTES,
                         access & DELETE ? call->share | FILE_SHARE_DELETE : call->share);
}

static NTSTATUS denied_in_root(const struct open_call *call) {
    ACCESS_MASK access = mapped(call->access);
    if (call->options & FILE_DELETE_ON_CLOSE) {
        return ask_open(call, access, 0);
    }
    NTSTATUS status = repeat_with_less(call, access);
    if (status != STATUS_ACCESS_DENIED_) {
        return status;
    }
    if (may_change_or_create(call, access)) {
        NTSTATUS stamped = ask_stamp(call);
        if (stamped == STATUS_NOT_SUPPORTED_) {
            return ask_open(call, access, 0);
        }
        if (NT_SUCCESS(stamped)) {
            status = original_open(call, call->access, call->share);
            if (status == STATUS_ACCESS_DENIED_) {
                status = repeat_with_less(call, access);
            }
        }
        if (status != STATUS_ACCESS_DENIED_) {
            return status;
        }
    }
    return (access & DELETE) || truncates(call->disposition) ? ask_open(call, access, 0) : status;
}

static bool only_reads(const struct open_call *call, ACCESS_MASK access) {
    return (access & (FILE_READ_DATA | FILE_EXECUTE)) && !may_change_or_create(call, access) &&
           !(access & (DELETE | WRITE_DAC | WRITE_OWNER));
}

static NTSTATUS denied_open(struct open_call *call) {
    struct paths_alias alias;
    const UNICODE_STRING *name = call->attributes->ObjectName;
    if (!call->attributes->RootDirectory && name && only_reads(call, mapped(call->access))) {
        notes_unreadable(name);
        return STATUS_ACCESS_DENIED_;
    }
    if (paths_root_of(call->attributes) >= 0) {
        return denied_in_root(call);
    }
    if (call->attributes->RootDirectory || !name) {
        return STATUS_ACCESS_DENIED_;
    }
    if (!paths_open_alias(name, &alias)) {
        ACCESS_MASK access = mapped(call->access);
        if (may_change_or_create(call, access) || (access & (DELETE | WRITE_DAC | WRITE_OWNER))) {
            notes_denied(name);
        }
        return STATUS_ACCESS_DENIED_;
    }
    POBJECT_ATTRIBUTES given = call->attributes;
    alias.attributes.Attributes |= given->Attributes;
    call->attributes = &alias.attributes;
    NTSTATUS status = denied_in_root(call);
    call->attributes = given;
    NtClose(alias.attributes.RootDirectory);
    return status;
}

/* A creating call may bring a DACL. Kept out of line: the copy takes stack that no other call should pay for. */
static __attribute__((noinline)) NTSTATUS create_with_descriptor(struct open_call *call) {
    struct own_descriptor own;
    POBJECT_ATTRIBUTES given = call->attributes;
    call->attributes = security_extend(given, (call->options & FILE_DIRECTORY_FILE) != 0, &own);
    NTSTATUS status = original_open(call, call->access, call->share);
    if (status == STATUS_ACCESS_DENIED_) {
        status = denied_open(call);
    }
    call->attributes = given;
    return status;
}

static bool brings_descriptor(const OBJECT_ATTRIBUTES *attributes) {
    PVOID descriptor = NULL;
    return memory_copy_in((const BYTE *)attributes + offsetof(OBJECT_ATTRIBUTES, SecurityDescriptor), &descriptor,
                          sizeof(descriptor)) &&
           descriptor;
}

NTSTATUS NTAPI shim_create_file(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK io,
                                PLARGE_INTEGER allocation, ULONG file_attributes, ULONG share, ULONG disposition,
                                ULONG options, PVOID ea, ULONG ea_size) {
    struct open_call call = {handle, access,      attributes, io, allocation, file_attributes,
                             share,  disposition, options,    ea, ea_size};
    if ((disposition == FILE_CREATE || (disposition == FILE_OPEN_IF && (options & FILE_DIRECTORY_FILE))) &&
        attributes && brings_descriptor(attributes)) {
        return create_with_descriptor(&call);
    }
    NTSTATUS status = originals.create_file(handle, access, attributes, io, allocation, file_attributes, share,
                                            disposition, options, ea, ea_size);
    return status == STATUS_ACCESS_DENIED_ && attributes ? denied_open(&call) : status;
}

NTSTATUS NTAPI shim_open_file(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, PIO_STATUS_BLOCK io,
                              ULONG share, ULONG options) {
    NTSTATUS status = originals.open_file(handle, access, attributes, io, share, options);
    if (status != STATUS_ACCESS_DENIED_ || !attributes) {
        return status;
    }
    struct open_call call = {.handle = handle,
                             .access = access,
                             .attributes = attributes,
                             .io = io,
                             .share = share,
                             .disposition = FILE_OPEN,
                             .options = options};
    return denied_open(&call);
}

NTSTATUS NTAPI shim_delete_file(POBJECT_ATTRIBUTES attributes) {
    NTSTATUS status = originals.delete_file(attributes);
    if (status != STATUS_ACCESS_DENIED_ || !attributes) {
        return status;
    }
    if (paths_root_of(attributes) < 0) {
        if (attributes->ObjectName) {
            notes_denied(attributes->ObjectName);
        }
        return status;
    }
    struct open_call call = {.attributes = attributes,
                             .share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                             .disposition = FILE_OPEN,
                             .options = FILE_DELETE_ON_CLOSE};
    return ask_open(&call, DELETE, SBX_OPEN_NO_HANDLE);
}
