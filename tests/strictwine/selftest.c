/* selftest.exe: run the table, print a line for each row and a closing line.
 *
 * usage: selftest.exe            exit code 0 when every row holds
 *        selftest.exe --stock    exit code 0 when exactly the rows marked as twins hold: what a kernel that enforces nothing gives
 *
 * Portable to Windows, where it should pass as on the strict Wine; it has not been run there. */
#include "selftest.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

HANDLE strict_token, low_token, strict_primary;

static wchar_t top[MAX_PATH], row_name[MAX_PATH];
static wchar_t *user_text;

static void stop(const char *what)
{
    fprintf(stderr, "selftest: %s: error %lu\n", what, GetLastError());
    exit(2);
}

PSECURITY_DESCRIPTOR descriptor(const wchar_t *sddl)
{
    wchar_t text[2048];
    size_t n = 0;
    PSECURITY_DESCRIPTOR sd;

    while (*sddl) {
        const wchar_t *insert = !wcsncmp(sddl, L"USER", 4) ? user_text : !wcsncmp(sddl, L"CAP", 3) ? CAP_SID : NULL;

        if (n + 200 > sizeof(text) / sizeof(*text))
            stop("descriptor too long");
        if (insert) {
            wcscpy(text + n, insert);
            n += wcslen(insert);
            sddl += *sddl == L'U' ? 4 : 3;
        } else {
            text[n++] = *sddl++;
        }
    }
    text[n] = 0;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(text, SDDL_REVISION_1, &sd, NULL))
        stop("SDDL");
    return sd;
}

const wchar_t *in_row(const wchar_t *name)
{
    static wchar_t buffers[4][2 * MAX_PATH];
    static unsigned next;
    wchar_t *buffer = buffers[next++ % 4];

    _snwprintf(buffer, 2 * MAX_PATH, L"\\??\\%ls%ls%ls", row_name, *name ? L"\\" : L"", name);
    return buffer;
}

NTSTATUS create_as(HANDLE token, HANDLE directory, const wchar_t *name, ACCESS_MASK access, ULONG disposition, ULONG options,
                   const wchar_t *sddl, HANDLE *handle)
{
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file;
    NTSTATUS status;

    RtlInitUnicodeString(&string, directory ? name : in_row(name));
    InitializeObjectAttributes(&attributes, &string, OBJ_CASE_INSENSITIVE, directory, sddl ? descriptor(sddl) : NULL);
    if (token && !SetThreadToken(NULL, token))
        stop("impersonation");
    status = NtCreateFile(&file, access | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
                          options | FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT, NULL, 0);
    if (token)
        SetThreadToken(NULL, NULL);
    LocalFree(attributes.SecurityDescriptor);
    if (handle)
        *handle = status ? NULL : file;
    else if (!status)
        NtClose(file);
    return status;
}

NTSTATUS open_as(HANDLE token, const wchar_t *name, ACCESS_MASK access, HANDLE *handle)
{
    return create_as(token, NULL, name, access, FILE_OPEN, 0, NULL, handle);
}

NTSTATUS make_file(HANDLE token, const wchar_t *name, const wchar_t *sddl)
{
    return create_as(token, NULL, name, FILE_WRITE_DATA, FILE_CREATE, FILE_NON_DIRECTORY_FILE, sddl, NULL);
}

NTSTATUS make_directory(HANDLE token, const wchar_t *name, const wchar_t *sddl)
{
    return create_as(token, NULL, name, FILE_LIST_DIRECTORY, FILE_CREATE, FILE_DIRECTORY_FILE, sddl, NULL);
}

bool row_directory(const wchar_t *sddl)
{
    static unsigned number;

    _snwprintf(row_name, MAX_PATH, L"%ls\\%u", top, number++);
    return make_directory(PLAIN, L"", sddl) == 0;
}

NTSTATUS rename_as(HANDLE token, HANDLE file, const wchar_t *name, bool replace, bool link)
{
    struct {
        BOOLEAN replace;
        HANDLE directory;
        ULONG size;
        wchar_t name[2 * MAX_PATH];
    } info = {replace, NULL, 0, {0}};
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    wcscpy(info.name, in_row(name));
    info.size = (ULONG)(wcslen(info.name) * sizeof(wchar_t));
    if (token && !SetThreadToken(NULL, token))
        stop("impersonation");
    status = NtSetInformationFile(file, &io, &info, sizeof(info), link ? 11 : 10);
    if (token)
        SetThreadToken(NULL, NULL);
    return status;
}

/* The DACL or, with LABEL_SECURITY_INFORMATION, the SACL of an object; *sd is to be freed. */
static PACL acl_of(const wchar_t *name, SECURITY_INFORMATION part, PSECURITY_DESCRIPTOR *sd)
{
    HANDLE file;
    DWORD size = 0;
    PACL acl = NULL;
    BOOL present = FALSE, defaulted;

    *sd = NULL;
    if (open_as(PLAIN, name, READ_CONTROL, &file))
        return NULL;
    GetKernelObjectSecurity(file, part, NULL, 0, &size);
    *sd = malloc(size);
    if (!*sd || !GetKernelObjectSecurity(file, part, *sd, size, &size))
        present = FALSE;
    else if (part == DACL_SECURITY_INFORMATION)
        GetSecurityDescriptorDacl(*sd, &present, &acl, &defaulted);
    else
        GetSecurityDescriptorSacl(*sd, &present, &acl, &defaulted);
    NtClose(file);
    return present ? acl : NULL;
}

bool has_ace(const wchar_t *name, const wchar_t *sid_text, BYTE type, BYTE flags)
{
    PSECURITY_DESCRIPTOR sd;
    PACL acl = acl_of(name, DACL_SECURITY_INFORMATION, &sd);
    PSID sid;
    bool found = false;

    if (!ConvertStringSidToSidW(wcscmp(sid_text, L"USER") ? sid_text : user_text, &sid))
        stop("SID");
    for (DWORD i = 0; acl && i < acl->AceCount; i++) {
        ACCESS_ALLOWED_ACE *ace;

        if (GetAce(acl, i, (void **)&ace) && ace->Header.AceType == type && (ace->Header.AceFlags & flags) == flags &&
            EqualSid((PSID)&ace->SidStart, sid))
            found = true;
    }
    LocalFree(sid);
    free(sd);
    return found;
}

DWORD label_of(const wchar_t *name, BYTE *flags)
{
    PSECURITY_DESCRIPTOR sd;
    PACL acl = acl_of(name, LABEL_SECURITY_INFORMATION, &sd);
    DWORD level = SECURITY_MANDATORY_MEDIUM_RID;

    *flags = 0;
    for (DWORD i = 0; acl && i < acl->AceCount; i++) {
        SYSTEM_MANDATORY_LABEL_ACE *ace;

        if (GetAce(acl, i, (void **)&ace) && ace->Header.AceType == SYSTEM_MANDATORY_LABEL_ACE_TYPE) {
            level = *GetSidSubAuthority((PSID)&ace->SidStart, 0);
            *flags = ace->Header.AceFlags;
        }
    }
    free(sd);
    return level;
}

NTSTATUS set_descriptor(HANDLE token, HANDLE object, SECURITY_INFORMATION parts, const wchar_t *sddl)
{
    PSECURITY_DESCRIPTOR sd = descriptor(sddl);
    bool done;

    if (token && !SetThreadToken(NULL, token))
        stop("impersonation");
    done = SetKernelObjectSecurity(object, parts, sd);
    if (token)
        SetThreadToken(NULL, NULL);
    LocalFree(sd);
    return done ? 0 : STATUS_DENIED;
}

DWORD run_child(const wchar_t *what)
{
    wchar_t self[MAX_PATH], line[2 * MAX_PATH];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    DWORD code = 99;

    GetModuleFileNameW(NULL, self, MAX_PATH);
    _snwprintf(line, 2 * MAX_PATH, L"\"%ls\" --child %ls %lu", self, what, GetCurrentProcessId());
    if (!CreateProcessAsUserW(strict_primary, self, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &startup, &process))
        return code;
    if (WaitForSingleObject(process.hProcess, 60000))
        TerminateProcess(process.hProcess, 98);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

static HANDLE as_impersonation(HANDLE primary)
{
    HANDLE token;

    if (!DuplicateTokenEx(primary, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &token))
        stop("DuplicateTokenEx");
    return token;
}

static void make_tokens(void)
{
    HANDLE own;
    BYTE buffer[256];
    DWORD size;
    SID_AND_ATTRIBUTES restricting = {0};
    SID low = {SID_REVISION, 1, {SECURITY_MANDATORY_LABEL_AUTHORITY}, {SECURITY_MANDATORY_LOW_RID}};
    TOKEN_MANDATORY_LABEL label = {{&low, SE_GROUP_INTEGRITY}};

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own) ||
        !GetTokenInformation(own, TokenUser, buffer, sizeof(buffer), &size) ||
        !ConvertSidToStringSidW(((TOKEN_USER *)buffer)->User.Sid, &user_text) ||
        !ConvertStringSidToSidW(CAP_SID, &restricting.Sid))
        stop("own token");
    if (!CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED, 0, NULL, 0, NULL, 1, &restricting,
                               &strict_primary))
        stop("CreateRestrictedToken");
    strict_token = as_impersonation(strict_primary);
    low_token = as_impersonation(own);
    if (!SetTokenInformation(low_token, TokenIntegrityLevel, &label, sizeof(label)))
        stop("TokenIntegrityLevel");
    CloseHandle(own);
}

static void make_top(void)
{
    wchar_t temp[MAX_PATH];

    GetTempPathW(MAX_PATH, temp);
    _snwprintf(top, MAX_PATH, L"%lsstrictwine-%lu", temp, GetCurrentProcessId());
    wcscpy(row_name, top);
    if (make_directory(PLAIN, L"", L"D:P(A;OICI;FA;;;USER)"))
        stop("directory for the checks");
}

static void run_rows(const struct row *row, bool stock, unsigned *passed, unsigned *failed)
{
    for (; row->what; row++) {
        bool holds = row->check(), good = stock ? holds == row->twin : holds;

        printf("%s %s [%s]\n", good ? "ok  " : "FAIL", row->what, row->source);
        ++*(good ? passed : failed);
    }
}

int wmain(int argc, wchar_t **argv)
{
    bool stock = argc == 2 && !wcscmp(argv[1], L"--stock");
    unsigned passed = 0, failed = 0;

    if (argc == 4 && !wcscmp(argv[1], L"--child"))
        return child_main(argv[2], wcstoul(argv[3], NULL, 10));
    if (argc > 1 && !stock) {
        fprintf(stderr, "usage: selftest.exe [--stock]\n");
        return 2;
    }
    make_tokens();
    make_top();
    run_rows(token_rows, stock, &passed, &failed);
    run_rows(file_rows, stock, &passed, &failed);
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
