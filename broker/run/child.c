/* The program's process: suspended, in the job, with the listed handles only, the shim in it, then let go. */
#include "broker/run/child.h"

#include "broker/base/cli.h"
#include "broker/base/msg.h"
#include "broker/run/inject.h"
#include "broker/sandbox/events.h"

#include <stdio.h>
#include <stdlib.h>

/* No FILE_WRITE_ATTRIBUTES: that right makes a file read-only, dates it back, and links it into a root. */
#define STDIO_RIGHTS                                                                                                   \
    (FILE_READ_DATA | FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | FILE_READ_EA | READ_CONTROL |        \
     SYNCHRONIZE)

struct stdio {
    HANDLE handles[3];
    bool owned[3];
    HANDLE list[3]; /* the distinct ones, for the attribute */
    size_t count;
};

static ACCESS_MASK granted_access(HANDLE handle) {
    PUBLIC_OBJECT_BASIC_INFORMATION basic;
    ULONG size;
    return NT_SUCCESS(NtQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic), &size)) ? basic.GrantedAccess
                                                                                                   : 0;
}

/* A file that stdout was sent to gives the child a handle with data rights only: no DELETE, no WRITE_DAC. */
static bool prepare_stdio(struct stdio *stdio) {
    static const DWORD ids[3] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    stdio->count = 0;
    for (size_t i = 0; i < 3; i++) {
        HANDLE own = GetStdHandle(ids[i]);
        stdio->handles[i] = own;
        stdio->owned[i] = false;
        if (!own || own == INVALID_HANDLE_VALUE) {
            stdio->handles[i] = NULL;
            continue;
        }
        bool file = GetFileType(own) == FILE_TYPE_DISK;
        ACCESS_MASK access = file ? granted_access(own) & STDIO_RIGHTS : 0;
        if (!DuplicateHandle(GetCurrentProcess(), own, GetCurrentProcess(), &stdio->handles[i], access, TRUE,
                             file ? 0 : DUPLICATE_SAME_ACCESS)) {
            return false;
        }
        stdio->owned[i] = true;
        stdio->list[stdio->count++] = stdio->handles[i];
    }
    return true;
}

static void close_stdio(struct stdio *stdio) {
    for (size_t i = 0; i < 3; i++) {
        if (stdio->owned[i]) {
            CloseHandle(stdio->handles[i]);
        }
    }
}

static LPPROC_THREAD_ATTRIBUTE_LIST make_attributes(struct sandbox *sandbox, struct stdio *stdio) {
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 2, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
    if (!list || !InitializeProcThreadAttributeList(list, 2, 0, &size)) {
        free(list);
        return NULL;
    }
    bool ok = UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &sandbox->job, sizeof(sandbox->job),
                                        NULL, NULL) != 0;
    if (ok && stdio->count) {
        ok = UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, stdio->list,
                                       stdio->count * sizeof(HANDLE), NULL, NULL) != 0;
    }
    if (!ok) {
        DeleteProcThreadAttributeList(list);
        free(list);
        return NULL;
    }
    return list;
}

static int creation_failed(const struct run_child *child, DWORD error) {
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: msg_error("%ls: command not found", child->program); return SBX_EXIT_NOT_FOUND;
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
    case ERROR_INVALID_EXE_SIGNATURE:
        msg_error("%ls is not a Windows executable", child->program);
        return SBX_EXIT_CANNOT_EXECUTE;
    case ERROR_ACCESS_DENIED:
    case 740: /* ERROR_ELEVATION_REQUIRED, which older headers lack */
        msg_error("%ls cannot be executed: %ls", child->program, msg_win32_text(error));
        return SBX_EXIT_CANNOT_EXECUTE;
    default: msg_error("%ls could not be started: %ls", child->program, msg_win32_text(error)); return SBX_EXIT_FAILED;
    }
}

/* The job is given at creation; Wine takes the attribute and does not act on it, so there the process is put into the
 * job while it is still suspended. */
static bool in_job(HANDLE process, HANDLE job) {
    BOOL inside = FALSE;
    return (IsProcessInJob(process, job, &inside) && inside) || AssignProcessToJobObject(job, process);
}

static int finish_start(struct sandbox *sandbox, const struct run_child *child, const PROCESS_INFORMATION *process) {
    if (!in_job(process->hProcess, sandbox->job)) {
        msg_error("the program could not be put into a job: %ls", msg_win32_text(GetLastError()));
        return SBX_EXIT_FAILED;
    }
    if (child->shim_block) {
        DWORD error = inject_shim(process->hProcess, process->hThread, child->shim_block);
        if (error == ERROR_BAD_EXE_FORMAT) {
            events_no_shim();
        } else if (error) {
            msg_error("the shim could not be put into the program: %ls", msg_win32_text(error));
            return SBX_EXIT_FAILED;
        }
    }
    if (ResumeThread(process->hThread) == (DWORD)-1) {
        msg_error("the program could not be started: %ls", msg_win32_text(GetLastError()));
        return SBX_EXIT_FAILED;
    }
    return 0;
}

/* What tools keep in the profile, where the program cannot write: it goes below its TEMP, unless the user said where.
 * Packages that have to last (NuGet's, cargo's) stay where they are. */
static const struct setting {
    const wchar_t *variable, *value;
} folders[] = {
    {L"PIP_CACHE_DIR", L"pip-cache"},
    {L"npm_config_cache", L"npm-cache"},
    {L"XDG_CACHE_HOME", L"cache"},
    {L"UV_CACHE_DIR", L"uv-cache"},
    {L"GOCACHE", L"go-cache"},
    {L"DENO_DIR", L"deno-cache"},
    {L"PRE_COMMIT_HOME", L"pre-commit"},
    {L"BLACK_CACHE_DIR", L"black-cache"},
    {L"PYLINTHOME", L"pylint"},
    {L"POETRY_CACHE_DIR", L"poetry-cache"},
    {L"VIRTUALENV_OVERRIDE_APP_DATA", L"virtualenv"},
    {L"YARN_CACHE_FOLDER", L"yarn-cache"},
    {L"DOTNET_CLI_HOME", L"dotnet"},
    {L"NUGET_HTTP_CACHE_PATH", L"nuget-http"},
    {L"NUGET_PLUGINS_CACHE_PATH", L"nuget-plugins"},
    {L"JUPYTER_RUNTIME_DIR", L"jupyter-runtime"},
};

/* Servers that outlive a build: one of an earlier build would work outside of the sandbox, and one that is started in
 * it would serve builds outside. And git speaks HTTPS through OpenSSL: Windows' own library gives no credentials to a
 * restricted token. Unless the user said otherwise. */
static const struct setting values[] = {
    {L"MSBUILDDISABLENODEREUSE", L"1"},
    {L"DOTNET_CLI_USE_MSBUILD_SERVER", L"0"},
    {L"UseSharedCompilation", L"false"},
    {L"GRADLE_OPTS", L"-Dorg.gradle.daemon=false"},
};
static const struct setting git_values[] = {
    {L"GIT_CONFIG_KEY_0", L"http.sslBackend"},
    {L"GIT_CONFIG_VALUE_0", L"openssl"},
    {L"GIT_CONFIG_COUNT", L"1"},
};

static bool is_given(const wchar_t *variable) { return GetEnvironmentVariableW(variable, NULL, 0) != 0; }

static void set_environment(const struct run_child *child) {
    SetEnvironmentVariableW(L"TEMP", child->temp);
    SetEnvironmentVariableW(L"TMP", child->temp);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        wchar_t path[MAX_PATH + 64];
        if (!is_given(folders[i].variable) &&
            swprintf(path, MAX_PATH + 64, L"%ls\\%ls", child->temp, folders[i].value) > 0) {
            SetEnvironmentVariableW(folders[i].variable, path);
        }
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (!is_given(values[i].variable)) {
            SetEnvironmentVariableW(values[i].variable, values[i].value);
        }
    }
    bool git = !is_given(L"GIT_CONFIG_COUNT");
    for (size_t i = 0; git && i < sizeof(git_values) / sizeof(git_values[0]); i++) {
        SetEnvironmentVariableW(git_values[i].variable, git_values[i].value);
    }
    /* Visual C++'s server of debug information: one of its own for each run. */
    if (!is_given(L"_MSPDBSRV_ENDPOINT_")) {
        SetEnvironmentVariableW(L"_MSPDBSRV_ENDPOINT_", child->id);
    }
}

/* An editor, a service or an agent's host starts sbx without a console. Console programs would get one with a window
 * then, and PowerShell does not start without one. */
static DWORD console_flag(void) { return GetConsoleCP() ? 0 : CREATE_NO_WINDOW; }

int run_child_start(struct sandbox *sandbox, const struct run_child *child, PROCESS_INFORMATION *process) {
    struct stdio stdio;
    STARTUPINFOEXW startup = {.StartupInfo = {.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES}};
    if (!prepare_stdio(&stdio)) {
        msg_error("standard input or output cannot be handed on: %ls", msg_win32_text(GetLastError()));
        return SBX_EXIT_FAILED;
    }
    startup.StartupInfo.hStdInput = stdio.handles[0];
    startup.StartupInfo.hStdOutput = stdio.handles[1];
    startup.StartupInfo.hStdError = stdio.handles[2];
    startup.lpAttributeList = make_attributes(sandbox, &stdio);
    set_environment(child);
    BOOL created = startup.lpAttributeList &&
                   CreateProcessAsUserW(child->token, child->program, child->command_line, NULL, NULL, stdio.count != 0,
                                        CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | console_flag(), NULL, NULL,
                                        &startup.StartupInfo, process);
    int code = created ? 0 : creation_failed(child, GetLastError());
    if (created) {
        code = finish_start(sandbox, child, process);
        if (code) {
            TerminateProcess(process->hProcess, (UINT)code);
        }
    }
    if (startup.lpAttributeList) {
        DeleteProcThreadAttributeList(startup.lpAttributeList);
        free(startup.lpAttributeList);
    }
    close_stdio(&stdio);
    return code;
}
