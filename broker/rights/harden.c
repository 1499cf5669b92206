#include "broker/rights/harden.h"

#include "broker/rights/sid.h"
#include "broker/rights/token.h"

#include <sddl.h>
#include <stdio.h>

#define WAIT_RIGHTS (SYNCHRONIZE | READ_CONTROL)
#define TASK_MANAGER_RIGHTS (WAIT_RIGHTS | PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION)
#define NO_WRITE_READ_EXECUTE_UP 7

static PSECURITY_DESCRIPTOR descriptor_for(HANDLE token, DWORD user_rights) {
    PSECURITY_DESCRIPTOR descriptor = NULL;
    wchar_t sddl[400], *text = NULL;
    PSID user = sid_user();
    if (user && ConvertSidToStringSidW(user, &text)) {
        /* Administrators: a confined program has that group for deny entries only. */
        (void)swprintf(sddl, 400, L"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x%lx;;;%ls)S:(ML;;0x%x;;;S-1-16-%lu)",
                       (unsigned long)user_rights, text, NO_WRITE_READ_EXECUTE_UP,
                       (unsigned long)token_level(token, SECURITY_MANDATORY_MEDIUM_RID));
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, NULL)) {
            descriptor = NULL;
        }
    }
    LocalFree(text);
    LocalFree(user);
    return descriptor;
}

/* What the process makes without a descriptor, its threads above all. */
static bool set_default_dacl(HANDLE token, PSECURITY_DESCRIPTOR descriptor) {
    TOKEN_DEFAULT_DACL dacl = {NULL};
    BOOL present, defaulted;
    return GetSecurityDescriptorDacl(descriptor, &present, &dacl.DefaultDacl, &defaulted) && present &&
           SetTokenInformation(token, TokenDefaultDacl, &dacl, sizeof(dacl));
}

DWORD harden_process(bool low) {
    static const SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION;
    HANDLE token;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_DEFAULT, &token)) {
        return last_error();
    }
    PSECURITY_DESCRIPTOR process = descriptor_for(token, low ? TASK_MANAGER_RIGHTS : WAIT_RIGHTS);
    PSECURITY_DESCRIPTOR others = descriptor_for(token, WAIT_RIGHTS);
    bool done = process && others && SetKernelObjectSecurity(GetCurrentProcess(), what, process) &&
                SetKernelObjectSecurity(GetCurrentThread(), what, others) && set_default_dacl(token, others);
    DWORD error = done ? 0 : last_error();
    LocalFree(process);
    LocalFree(others);
    CloseHandle(token);
    return error;
}
