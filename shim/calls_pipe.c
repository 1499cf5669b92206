/* NtCreateNamedPipeFile: pipes between the program's own processes stay usable for them.
 *
 * For a pipe without a descriptor CreateNamedPipeW passes one that gives the owner, administrators and SYSTEM full
 * control and everybody else reading (RtlDefaultNpAcl), not the default DACL of the token. No restricting SID may write
 * by it, so a program under a write-restricted token could not open the other end of its own pipe: the standard streams
 * that node and Rust give to their children, Python's multiprocessing and asyncio. Choosing the DACL is the program's
 * own right, so our entry is added before the call. Pipes of CreatePipe have no descriptor and get the default DACL. */
#include "calls.h"
#include "security.h"

NTSTATUS NTAPI shim_create_named_pipe_file(PHANDLE handle, ULONG access, POBJECT_ATTRIBUTES attributes,
                                           PIO_STATUS_BLOCK io, ULONG share, ULONG disposition, ULONG options,
                                           ULONG type, ULONG read_mode, ULONG completion_mode, ULONG instances,
                                           ULONG inbound, ULONG outbound, PLARGE_INTEGER timeout) {
    struct own_descriptor own;
    return originals.create_named_pipe_file(handle, access, security_extend_object(attributes, FILE_ALL_ACCESS, &own),
                                            io, share, disposition, options, type, read_mode, completion_mode,
                                            instances, inbound, outbound, timeout);
}
