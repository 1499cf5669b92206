/* NtSetSecurityObject: the DACL of a file in a root. */
#include "calls.h"
#include "client.h"
#include "security.h"

#include <string.h>

#define DACL_BITS                                                                                                      \
    (DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION)

static bool is_file(HANDLE object) {
    union {
        OBJECT_TYPE_INFORMATION information;
        BYTE bytes[256];
    } type;
    static const WCHAR file[] = L"File";
    ULONG size;
    return NT_SUCCESS(NtQueryObject(object, ObjectTypeInformation, &type, sizeof(type), &size)) &&
           type.information.TypeName.Length == sizeof(file) - sizeof(WCHAR) &&
           !memcmp(type.information.TypeName.Buffer, file, sizeof(file) - sizeof(WCHAR));
}

static __attribute__((noinline)) NTSTATUS ask(HANDLE object, SECURITY_INFORMATION what,
                                              PSECURITY_DESCRIPTOR descriptor) {
    BYTE dacl[SECURITY_BYTES];
    SECURITY_DESCRIPTOR_CONTROL control;
    struct sbx_request request = {.op = SBX_OP_SECURITY};
    struct sbx_reply reply;
    WORD size = security_read_dacl(descriptor, &control, dacl, sizeof(dacl));
    if (!size) {
        return STATUS_ACCESS_DENIED_;
    }
    if (what & PROTECTED_DACL_SECURITY_INFORMATION) {
        control |= SE_DACL_PROTECTED;
    } else if (what & UNPROTECTED_DACL_SECURITY_INFORMATION) {
        control &= (SECURITY_DESCRIPTOR_CONTROL)~SE_DACL_PROTECTED;
    }
    request.u.security.handle = (uint64_t)(uintptr_t)object;
    request.u.security.control = control;
    request.u.security.dacl.bytes = dacl;
    request.u.security.dacl.size = size;
    return client_call(&request, &reply) ? (NTSTATUS)reply.status : STATUS_ACCESS_DENIED_;
}

NTSTATUS NTAPI shim_set_security_object(HANDLE object, SECURITY_INFORMATION what, PSECURITY_DESCRIPTOR descriptor) {
    NTSTATUS status = originals.set_security_object(object, what, descriptor);
    if (status != STATUS_ACCESS_DENIED_ || !(what & DACL_SECURITY_INFORMATION) ||
        (what & ~(SECURITY_INFORMATION)DACL_BITS) || !is_file(object)) {
        return status;
    }
    return ask(object, what, descriptor);
}
