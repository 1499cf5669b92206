/* Named objects that a program makes for its user alone stay usable for its own children.
 *
 * A descriptor that names the user (.NET's CurrentUserOnly, Cygwin's shared sections) passes the first check of the
 * program's token and not the second, by its restricting SIDs: a child could not open what its parent made. Choosing
 * the DACL is the program's own right, so an entry for the run's SID is added before the call, as for pipes. Objects
 * without a descriptor get the token's default DACL, which has it. */
#include "calls.h"
#include "security.h"

#define ALL_OF_EVENT 0x1F0003u
#define ALL_OF_MUTANT 0x1F0001u
#define ALL_OF_SEMAPHORE 0x1F0003u
#define ALL_OF_TIMER 0x1F0003u
#define ALL_OF_SECTION 0xF001Fu
#define ALL_OF_DIRECTORY 0xF000Fu

NTSTATUS NTAPI shim_create_event(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, int type,
                                 BOOLEAN state) {
    struct own_descriptor own;
    return originals.create_event(handle, access, security_extend_object(attributes, ALL_OF_EVENT, &own), type, state);
}

NTSTATUS NTAPI shim_create_mutant(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, BOOLEAN owned) {
    struct own_descriptor own;
    return originals.create_mutant(handle, access, security_extend_object(attributes, ALL_OF_MUTANT, &own), owned);
}

NTSTATUS NTAPI shim_create_semaphore(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, LONG initial,
                                     LONG maximum) {
    struct own_descriptor own;
    return originals.create_semaphore(handle, access, security_extend_object(attributes, ALL_OF_SEMAPHORE, &own),
                                      initial, maximum);
}

NTSTATUS NTAPI shim_create_timer(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes, int type) {
    struct own_descriptor own;
    return originals.create_timer(handle, access, security_extend_object(attributes, ALL_OF_TIMER, &own), type);
}

NTSTATUS NTAPI shim_create_section(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                                   PLARGE_INTEGER size, ULONG protection, ULONG kind, HANDLE file) {
    struct own_descriptor own;
    return originals.create_section(handle, access, security_extend_object(attributes, ALL_OF_SECTION, &own), size,
                                    protection, kind, file);
}

NTSTATUS NTAPI shim_create_directory_object(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes) {
    struct own_descriptor own;
    return originals.create_directory_object(handle, access,
                                             security_extend_object(attributes, ALL_OF_DIRECTORY, &own));
}
