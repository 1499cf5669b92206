/* Checks on tokens, integrity levels, processes and pipes. */
#include "selftest.h"

#include <sddl.h>
#include <stdio.h>
#include <wchar.h>

static bool has_privilege(HANDLE token, const wchar_t *only) {
    BYTE buffer[2048];
    TOKEN_PRIVILEGES *held = (TOKEN_PRIVILEGES *)buffer;
    DWORD size;
    LUID luid;

    return GetTokenInformation(token, TokenPrivileges, buffer, sizeof(buffer), &size) &&
           LookupPrivilegeValueW(NULL, only, &luid) && held->PrivilegeCount == 1 &&
           held->Privileges[0].Luid.LowPart == luid.LowPart && held->Privileges[0].Luid.HighPart == luid.HighPart;
}

static bool one_privilege(void) { return has_privilege(strict_token, L"SeChangeNotifyPrivilege"); }

static bool administrators_deny_only(void) {
    BYTE buffer[8192], sid[SECURITY_MAX_SID_SIZE];
    TOKEN_GROUPS *groups = (TOKEN_GROUPS *)buffer;
    DWORD size = sizeof(sid);

    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) ||
        !GetTokenInformation(strict_token, TokenGroups, buffer, sizeof(buffer), &size))
        return false;
    for (DWORD i = 0; i < groups->GroupCount; i++)
        if (EqualSid(groups->Groups[i].Sid, sid))
            return (groups->Groups[i].Attributes & SE_GROUP_USE_FOR_DENY_ONLY) &&
                   !(groups->Groups[i].Attributes & SE_GROUP_ENABLED);
    return true;
}

static bool deny_only_grants_nothing(void) {
    return row_directory(L"D:P(A;OICI;FA;;;USER)") && !make_file(PLAIN, L"a", L"D:P(A;;FA;;;BA)(A;;FW;;;CAP)") &&
           open_as(strict_token, L"a", FILE_READ_DATA, NULL) == STATUS_DENIED;
}

static bool deny_only_denies(void) {
    return row_directory(L"D:P(A;OICI;FA;;;USER)") &&
           !make_file(PLAIN, L"a", L"D:P(D;;FR;;;BA)(A;;FA;;;USER)(A;;FA;;;CAP)") &&
           open_as(strict_token, L"a", FILE_READ_DATA, NULL) == STATUS_DENIED;
}

static bool says_restricted(void) {
    BYTE buffer[1024];
    TOKEN_GROUPS *sids = (TOKEN_GROUPS *)buffer;
    DWORD size;
    wchar_t *text = NULL;
    bool same;

    if (!IsTokenRestricted(strict_token) ||
        !GetTokenInformation(strict_token, TokenRestrictedSids, buffer, sizeof(buffer), &size) ||
        sids->GroupCount != 1 || !ConvertSidToStringSidW(sids->Groups[0].Sid, &text))
        return false;
    same = !wcscmp(text, CAP_SID);
    LocalFree(text);
    return same;
}

/* Filters the strict token again, with the user as restricting SID, and tries to write what only the user may write. */
static bool filtering_gives_nothing_back(void) {
    BYTE user[256];
    DWORD size;
    SID_AND_ATTRIBUTES restricting = {0};
    HANDLE again, token;
    bool denied;

    if (!row_directory(L"D:P(A;OICI;FA;;;USER)") || make_file(PLAIN, L"a", NULL) ||
        !GetTokenInformation(strict_primary, TokenUser, user, sizeof(user), &size))
        return false;
    restricting.Sid = ((TOKEN_USER *)user)->User.Sid;
    if (!CreateRestrictedToken(strict_primary, WRITE_RESTRICTED, 0, NULL, 0, NULL, 1, &restricting, &again))
        return true;
    denied = DuplicateTokenEx(again, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &token) &&
             open_as(token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED && one_privilege();
    CloseHandle(again);
    return denied;
}

static DWORD level_of(HANDLE token) {
    BYTE buffer[256];
    DWORD size;

    if (!GetTokenInformation(token, TokenIntegrityLevel, buffer, sizeof(buffer), &size))
        return 0;
    return *GetSidSubAuthority(((TOKEN_MANDATORY_LABEL *)buffer)->Label.Sid, 0);
}

static bool set_level(HANDLE token, DWORD level) {
    SID sid = {SID_REVISION, 1, {SECURITY_MANDATORY_LABEL_AUTHORITY}, {level}};
    TOKEN_MANDATORY_LABEL label = {{&sid, SE_GROUP_INTEGRITY}};

    return SetTokenInformation(token, TokenIntegrityLevel, &label, sizeof(label));
}

static bool level_only_falls(void) {
    HANDLE token;
    bool falls;

    if (level_of(low_token) != SECURITY_MANDATORY_LOW_RID ||
        !DuplicateTokenEx(low_token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &token))
        return false;
    falls = level_of(token) == SECURITY_MANDATORY_LOW_RID && !set_level(token, SECURITY_MANDATORY_MEDIUM_RID) &&
            level_of(token) == SECURITY_MANDATORY_LOW_RID && set_level(token, SECURITY_MANDATORY_UNTRUSTED_RID);
    CloseHandle(token);
    return falls;
}

static bool low_writes_nothing_medium(void) {
    return row_directory(L"D:P(A;OICI;FA;;;USER)(A;OICI;FA;;;WD)") && !make_file(PLAIN, L"a", NULL) &&
           open_as(low_token, L"a", FILE_WRITE_DATA, NULL) == STATUS_DENIED &&
           open_as(low_token, L"a", DELETE, NULL) == STATUS_DENIED &&
           open_as(low_token, L"a", WRITE_DAC, NULL) == STATUS_DENIED &&
           make_file(low_token, L"b", NULL) == STATUS_DENIED;
}

static bool low_reads_medium(void) {
    return row_directory(L"D:P(A;OICI;FA;;;USER)") && !make_file(PLAIN, L"a", NULL) &&
           !open_as(low_token, L"a", FILE_READ_DATA | FILE_EXECUTE | READ_CONTROL, NULL);
}

static bool low_writes_low(void) {
    return row_directory(L"D:P(A;OICI;FA;;;USER)S:(ML;OICI;NW;;;LW)") && !make_file(low_token, L"a", NULL) &&
           !open_as(low_token, L"a", FILE_WRITE_DATA | DELETE, NULL);
}

static bool new_object_of_low_is_low(void) {
    BYTE flags;

    return row_directory(L"D:P(A;OICI;FA;;;USER)S:(ML;;NW;;;LW)") && !make_file(low_token, L"a", NULL) &&
           !make_directory(low_token, L"b", NULL) && label_of(L"a", &flags) == SECURITY_MANDATORY_LOW_RID &&
           label_of(L"b", &flags) == SECURITY_MANDATORY_LOW_RID && !make_file(PLAIN, L"c", NULL) &&
           label_of(L"c", &flags) != SECURITY_MANDATORY_LOW_RID;
}

static bool label_is_inherited(void) {
    BYTE flags;

    return row_directory(L"D:P(A;OICI;FA;;;USER)S:(ML;CI;NW;;;LW)") && !make_directory(PLAIN, L"a", NULL) &&
           !make_file(PLAIN, L"b", NULL) && label_of(L"a", &flags) == SECURITY_MANDATORY_LOW_RID &&
           (flags & (INHERITED_ACE | CONTAINER_INHERIT_ACE)) == (INHERITED_ACE | CONTAINER_INHERIT_ACE) &&
           label_of(L"b", &flags) == SECURITY_MANDATORY_MEDIUM_RID;
}

static bool low_raises_no_label(void) {
    HANDLE file;
    BYTE flags;
    NTSTATUS status;

    if (!row_directory(L"D:P(A;OICI;FA;;;USER)S:(ML;OICI;NW;;;LW)") || make_file(low_token, L"a", NULL) ||
        open_as(low_token, L"a", WRITE_OWNER | READ_CONTROL, &file))
        return false;
    status = set_descriptor(low_token, file, LABEL_SECURITY_INFORMATION, L"S:(ML;;NW;;;HI)");
    NtClose(file);
    return status == STATUS_DENIED && label_of(L"a", &flags) == SECURITY_MANDATORY_LOW_RID;
}

/* Opens this (unrestricted) process as `token`. */
static bool opens_process(HANDLE token, DWORD access) {
    HANDLE process;

    if (!SetThreadToken(NULL, token))
        return false;
    process = OpenProcess(access, FALSE, GetCurrentProcessId());
    SetThreadToken(NULL, NULL);
    if (process)
        CloseHandle(process);
    return process != NULL;
}

static bool opens_thread(HANDLE token, DWORD access) {
    HANDLE thread;

    if (!SetThreadToken(NULL, token))
        return false;
    thread = OpenThread(access, FALSE, GetCurrentThreadId());
    SetThreadToken(NULL, NULL);
    if (thread)
        CloseHandle(thread);
    return thread != NULL;
}

static bool processes_closed_to_low(void) {
    return !opens_process(low_token, PROCESS_VM_WRITE) && !opens_process(low_token, PROCESS_VM_READ) &&
           !opens_process(low_token, PROCESS_DUP_HANDLE) && !opens_process(low_token, PROCESS_CREATE_THREAD) &&
           !opens_thread(low_token, THREAD_SET_CONTEXT);
}

static bool processes_closed_to_restricted(void) {
    return !opens_process(strict_token, PROCESS_VM_WRITE) && !opens_process(strict_token, PROCESS_DUP_HANDLE) &&
           !opens_process(strict_token, PROCESS_CREATE_PROCESS) && !opens_thread(strict_token, THREAD_SET_CONTEXT);
}

static bool processes_say_who_they_are(void) {
    return opens_process(low_token, PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE) &&
           opens_process(PLAIN, PROCESS_ALL_ACCESS);
}

static bool parent_token_is_no_way_out(void) { return run_child(L"impersonate") == 0 && run_child(L"start") == 0; }

static bool child_runs(void) { return run_child(L"nothing") == 0; }

/* In a process of its own, under the strict token: tries to act as its parent. 0: nothing came of it. */
int child_main(const wchar_t *what, DWORD parent) {
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, parent), token, copy;
    bool start = !wcscmp(what, L"start");
    wchar_t line[] = L"cmd.exe /c exit";
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION started;

    if (!wcscmp(what, L"nothing"))
        return 0;
    if (!process || !OpenProcessToken(process, TOKEN_DUPLICATE | TOKEN_QUERY, &token) ||
        !DuplicateTokenEx(token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation,
                          start ? TokenPrimary : TokenImpersonation, &copy))
        return 0;
    if (start) {
        if (!CreateProcessAsUserW(copy, NULL, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &startup,
                                  &started))
            return 0;
        TerminateProcess(started.hProcess, 0);
        return 1;
    }
    if (!SetThreadToken(NULL, copy))
        return 0;
    process = OpenProcess(PROCESS_VM_WRITE, FALSE, parent);
    return process ? 1 : 0;
}

/* Opens a pipe that this process makes with `sddl`, as `token`. */
static bool opens_pipe(HANDLE token, const wchar_t *sddl) {
    wchar_t name[64];
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor(sddl), FALSE};
    HANDLE server, client = INVALID_HANDLE_VALUE;
    static unsigned number;

    _snwprintf(name, 64, L"\\\\.\\pipe\\selftest-%lu-%u", GetCurrentProcessId(), number++);
    server = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, 0, 2, 512, 512, 0, &attributes);
    if (server != INVALID_HANDLE_VALUE && SetThreadToken(NULL, token)) {
        client = CreateFileW(name, GENERIC_READ | FILE_WRITE_DATA, 0, NULL, OPEN_EXISTING, 0, NULL);
        SetThreadToken(NULL, NULL);
    }
    CloseHandle(server);
    LocalFree(attributes.lpSecurityDescriptor);
    if (client == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(client);
    return true;
}

static bool pipe_dacl_binds(void) {
    return !opens_pipe(strict_token, L"D:P(A;;GA;;;USER)") && !opens_pipe(PLAIN, L"D:P(A;;GA;;;CAP)") &&
           !opens_pipe(low_token, L"D:P(A;;GA;;;USER)(A;;GA;;;WD)");
}

static bool pipe_dacl_lets_in(void) {
    return opens_pipe(strict_token, L"D:P(A;;GA;;;USER)(A;;0x12019b;;;CAP)") &&
           opens_pipe(low_token, L"D:P(A;;GA;;;USER)S:(ML;;NW;;;LW)");
}

static bool pipe_instance_is_checked(void) {
    SECURITY_ATTRIBUTES attributes = {sizeof(attributes), descriptor(L"D:P(A;;GA;;;USER)(A;;0x12019b;;;CAP)"), FALSE};
    wchar_t name[64];
    HANDLE first, second = INVALID_HANDLE_VALUE;

    _snwprintf(name, 64, L"\\\\.\\pipe\\selftest-more-%lu", GetCurrentProcessId());
    first = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, 0, 4, 512, 512, 0, &attributes);
    if (first != INVALID_HANDLE_VALUE && SetThreadToken(NULL, strict_token)) {
        second = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, 0, 4, 512, 512, 0, NULL);
        SetThreadToken(NULL, NULL);
    }
    CloseHandle(first);
    LocalFree(attributes.lpSecurityDescriptor);
    if (first == INVALID_HANDLE_VALUE || second == INVALID_HANDLE_VALUE)
        return first != INVALID_HANDLE_VALUE;
    CloseHandle(second);
    return false;
}

/* The level of a process of this program's own file, copied to a name in the row's directory and labelled with `label`.
 */
static DWORD level_of_started(const wchar_t *label) {
    wchar_t self[MAX_PATH];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    HANDLE file, token;
    DWORD level = 0;

    GetModuleFileNameW(NULL, self, MAX_PATH);
    if (!row_directory(L"D:P(A;OICI;FA;;;USER)(A;OICI;FA;;;WD)") || !CopyFileW(self, in_row(L"copy.exe") + 4, FALSE))
        return 0;
    if (label && (create_as(PLAIN, NULL, L"copy.exe", WRITE_OWNER | READ_CONTROL, FILE_OPEN, 0, NULL, &file) ||
                  set_descriptor(PLAIN, file, LABEL_SECURITY_INFORMATION, label) || !CloseHandle(file)))
        return 0;
    if (!CreateProcessW(in_row(L"copy.exe") + 4, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED | CREATE_NO_WINDOW, NULL,
                        NULL, &startup, &process))
        return 0;
    if (OpenProcessToken(process.hProcess, TOKEN_QUERY, &token)) {
        level = level_of(token);
        CloseHandle(token);
    }
    TerminateProcess(process.hProcess, 0);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return level;
}

static bool low_file_starts_low(void) { return level_of_started(L"S:(ML;;NW;;;LW)") == SECURITY_MANDATORY_LOW_RID; }

static bool plain_file_starts_as_its_parent(void) {
    HANDLE own;
    return OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &own) && level_of_started(NULL) == level_of(own);
}

const struct row token_rows[] = {
    {"DISABLE_MAX_PRIVILEGE leaves SeChangeNotifyPrivilege alone", "CreateRestrictedToken", false, one_privilege},
    {"LUA_TOKEN makes Administrators deny-only", "CreateRestrictedToken", false, administrators_deny_only},
    {"a deny-only group grants nothing", "SID Attributes in an Access Token", false, deny_only_grants_nothing},
    {"a deny-only group still denies", "SID Attributes in an Access Token", false, deny_only_denies},
    {"IsTokenRestricted and TokenRestrictedSids say what it is", "IsTokenRestricted", false, says_restricted},
    {"filtering a restricted token again gives nothing back", "CreateRestrictedToken", false,
     filtering_gives_nothing_back},
    {"a token's integrity level only falls, and is copied with it", "Mandatory Integrity Control", false,
     level_only_falls},
    {"Low changes nothing without a label, whatever the DACL says", "[MS-DTYP] 2.5.3.3", false,
     low_writes_nothing_medium},
    {"Low reads and executes it", "[MS-DTYP] 2.5.3.3", true, low_reads_medium},
    {"Low writes and deletes what is Low", "[MS-DTYP] 2.5.3.3", true, low_writes_low},
    {"what a Low process makes is Low", "Mandatory Integrity Control", false, new_object_of_low_is_low},
    {"a (CI) label is inherited by directories, not by files", "[MS-DTYP] 2.5.3.4", false, label_is_inherited},
    {"Low sets no label above its own", "SeRelabelPrivilege", false, low_raises_no_label},
    {"processes and threads are closed to Low, for reading too", "Mandatory Integrity Control; [MS-DTYP] 2.5.3.3",
     false, processes_closed_to_low},
    {"and, for writing, to a token whose restricting SIDs their DACL leaves out", "Process Security and Access Rights",
     false, processes_closed_to_restricted},
    {"limited information stays open to Low", "Process Security and Access Rights", true, processes_say_who_they_are},
    {"a strict process acts under no other token of its user", "ImpersonateLoggedOnUser, CreateProcessAsUser", false,
     parent_token_is_no_way_out},
    {"a strict process starts", "CreateProcessAsUser", true, child_runs},
    {"a pipe's DACL and label are checked when a client opens it", "Named Pipe Security and Access Rights", false,
     pipe_dacl_binds},
    {"a client that they name gets in", "Named Pipe Security and Access Rights", true, pipe_dacl_lets_in},
    {"one more instance needs FILE_CREATE_PIPE_INSTANCE", "Named Pipe Security and Access Rights", false,
     pipe_instance_is_checked},
    {"a program file labelled Low starts Low", "TOKEN_MANDATORY_POLICY, NEW_PROCESS_MIN", false, low_file_starts_low},
    {"a program file without a label starts at its parent's level", "TOKEN_MANDATORY_POLICY, NEW_PROCESS_MIN", true,
     plain_file_starts_as_its_parent},
    {NULL, NULL, false, NULL},
};
