/* One run, from top to bottom: settings, roots, token, pipe, job, child, exit code. */
#include "broker/run/run.h"

#include "broker/base/cli.h"
#include "broker/base/console.h"
#include "broker/base/msg.h"
#include "broker/rights/harden.h"
#include "broker/rights/sid.h"
#include "broker/rights/token.h"
#include "broker/run/child.h"
#include "broker/run/control.h"
#include "broker/run/hide.h"
#include "broker/run/inject.h"
#include "broker/run/program.h"
#include "broker/run/protect.h"
#include "broker/run/relabel.h"
#include "broker/run/roots.h"
#include "broker/run/settings.h"
#include "broker/run/stamp.h"
#include "broker/run/temp.h"
#include "broker/run/watch.h"
#include "broker/sandbox/events.h"
#include "broker/sandbox/low_list.h"
#include "broker/serve/server.h"
#include "broker/undo/undo.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct run {
    struct run_settings settings;
    struct root_set set;
    struct sandbox sandbox;
    struct server *server;
    wchar_t *program;
    wchar_t *command_line;
    HANDLE token;
    BYTE *shim_block;
    wchar_t id[20];
    DWORD exit_code;
    uv_async_t ended;
    uv_timer_t watchdog;
};

static int fail_with(const wchar_t *what, DWORD error) {
    msg_error("%ls: %ls", what, msg_win32_text(error));
    return SBX_EXIT_FAILED;
}

static void impersonate(const struct run *run, bool on) {
    if (run->sandbox.operations_token) {
        SetThreadToken(NULL, on ? run->sandbox.operations_token : NULL);
    }
}

static int make_token(struct run *run) {
    PSID sids[ROOT_SET_MAX_ROOTS + 1];
    size_t count = 0;
    sids[count++] = run->sandbox.run_sid;
    for (size_t i = 0; i < run->set.root_count; i++) {
        sids[count++] = run->set.roots[i].sid;
    }
    DWORD error = token_create_strict(sids, count, run->sandbox.run_sid, run->sandbox.low, &run->token);
    return error ? fail_with(L"the restricted token could not be made", error) : 0;
}

static int make_job(struct run *run) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    run->sandbox.job = CreateJobObjectW(NULL, NULL);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (!run->sandbox.job ||
        !SetInformationJobObject(run->sandbox.job, JobObjectExtendedLimitInformation, &limits, sizeof(limits))) {
        return fail_with(L"the job could not be made", last_error());
    }
    return 0;
}

/* The DLL beside sbx.exe. */
static int find_shim(wchar_t *path) {
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);
    wchar_t *slash = length && length < MAX_PATH ? wcsrchr(path, L'\\') : NULL;
    if (!slash || (size_t)(slash + 1 - path) + wcslen(L"sbxshim.dll") >= MAX_PATH) {
        msg_error("the path of sbx.exe is too long; move it");
        return SBX_EXIT_FAILED;
    }
    wcscpy(slash + 1, L"sbxshim.dll");
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        msg_error("%ls is missing; put it beside sbx.exe or run without --broker", path);
        return SBX_EXIT_FAILED;
    }
    return 0;
}

static int start_broker(struct run *run, const wchar_t *shim) {
    DWORD error = server_start(&run->sandbox, &run->server);
    if (error) {
        return fail_with(L"the broker's pipe could not be made", error);
    }
    run->shim_block = malloc(SBX_SETTINGS_SIZE);
    if (!run->shim_block) {
        return SBX_EXIT_FAILED;
    }
    if (!inject_settings(&run->sandbox, server_pipe_path(run->server), shim, run->shim_block)) {
        msg_error("the paths of the writable roots are too long together");
        return SBX_EXIT_FAILED;
    }
    return 0;
}

static const wchar_t *temp_path(const struct run *run) {
    for (size_t i = 0; i < run->set.root_count; i++) {
        if (run->set.roots[i].temp) {
            return run->set.roots[i].dos_path;
        }
    }
    return L"";
}

static void on_ended(uv_async_t *async) { uv_stop(async->loop); }

static void on_watchdog(uv_timer_t *timer) {
    struct run *run = timer->data;
    if (run->server) {
        server_watchdog(run->server);
    }
}

static void CALLBACK process_ended(void *context, BOOLEAN timed_out) {
    struct run *run = context;
    (void)timed_out;
    uv_async_send(&run->ended);
}

static int wait_for(struct run *run, HANDLE process) {
    uv_loop_t *loop = uv_default_loop();
    HANDLE wait;
    if (uv_async_init(loop, &run->ended, on_ended) || uv_timer_init(loop, &run->watchdog)) {
        return fail_with(L"the event loop could not be made", ERROR_OUTOFMEMORY);
    }
    run->watchdog.data = run;
    uv_timer_start(&run->watchdog, on_watchdog, 1000, 1000);
    if (!RegisterWaitForSingleObject(&wait, process, process_ended, run, INFINITE, WT_EXECUTEONLYONCE)) {
        return fail_with(L"the program cannot be waited for", last_error());
    }
    uv_run(loop, UV_RUN_DEFAULT);
    UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    return GetExitCodeProcess(process, &run->exit_code) ? 0 : fail_with(L"the exit code is not known", last_error());
}

/* What the program left behind ends with it: a sandbox that outlives its command is nobody's. */
static void empty_job(struct run *run) {
    TerminateJobObject(run->sandbox.job, 1);
    for (int i = 0; i < 500; i++) {
        JOBOBJECT_BASIC_ACCOUNTING_INFORMATION information;
        if (!QueryInformationJobObject(run->sandbox.job, JobObjectBasicAccountingInformation, &information,
                                       sizeof(information), NULL) ||
            !information.ActiveProcesses) {
            return;
        }
        Sleep(10);
    }
    msg_warn("some processes of the run did not end");
}

static void print_stats(const struct run *run) {
    const struct sandbox_counters *counters = &run->sandbox.counters;
    wchar_t each[400] = L"";
    size_t used = 0;
    LONG total = 0;
    for (unsigned op = SBX_OP_HELLO; op < SBX_OP_COUNT; op++) {
        bool asked = op != SBX_OP_HELLO && op != SBX_OP_NOTE;
        total += asked ? counters->requests[op] : 0;
        int units = swprintf(each + used, 400 - used, L" %hs=%ld", sbx_op_name(op), counters->requests[op]);
        used += units > 0 ? (size_t)units : 0;
    }
    msg_note("sbx: stats: requests=%ld%ls refused=%ld clients=%ld", total, each, counters->refused, counters->clients);
}

/* The time of now as the file system tells it: 100 ns since 1601. */
static LONGLONG file_time_now(void) {
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    return (LONGLONG)(((ULONGLONG)time.dwHighDateTime << 32) | time.dwLowDateTime);
}

static int execute(struct run *run) {
    struct run_child child = {run->program, run->command_line, temp_path(run), run->id, run->shim_block, run->token};
    PROCESS_INFORMATION process = {0};
    LONGLONG began = file_time_now();
    struct watch *watch = run->sandbox.low_list ? watch_start(&run->sandbox) : NULL;
    int code = 0;
    if (console_give(run->sandbox.job)) {
        code = run_child_start(&run->sandbox, &child, &process);
    } else {
        msg_error("interrupted before the program was started");
        code = SBX_EXIT_FAILED;
    }
    if (!code && run->settings.control) {
        DWORD error = control_watch(run->settings.control, run->sandbox.job);
        code = error ? fail_with(L"the control pipe cannot be watched", error) : 0;
    }
    if (!code) {
        code = wait_for(run, process.hProcess);
    }
    empty_job(run);
    if (run->server) {
        server_stop(run->server, 2000);
    }
    watch_stop(watch);
    if (run->sandbox.low_list) {
        impersonate(run, true);
        run_relabel(&run->sandbox, began);
        impersonate(run, false);
    }
    return code;
}

static bool start_undo(struct run *run) {
    const struct run_settings *settings = &run->settings;
    struct undo_settings undo = {.id = run->id,
                                 .command = run->command_line,
                                 .quota_mib = settings->undo_quota ? settings->undo_quota : UNDO_QUOTA_MIB,
                                 .required = settings->require_undo,
                                 .prune = true};
    return !settings->undo || undo_begin(&run->set, &undo, &run->sandbox.undo);
}

static bool prepare_roots(struct run *run) {
    return run_judge_roots(&run->settings, &run->set) && run_judge_hidden(&run->settings, &run->set) &&
           run_add_temp(run->sandbox.run_sid, &run->set) &&
           run_stamp_roots(&run->settings, run->sandbox.run_sid, &run->set) &&
           run_protect(&run->set, run->sandbox.low) && run_hide(&run->set);
}

static int prepare_command(struct run *run, wchar_t *shim) {
    int code = run_find_program(run->settings.command[0], &run->program);
    if (!code && run->settings.broker) {
        code = find_shim(shim);
    }
    run->command_line = code ? NULL : run_command_line(run->settings.command);
    if (!code && !run->command_line) {
        msg_error("the command line is too long");
        code = SBX_EXIT_FAILED;
    }
    return code;
}

static int prepare(struct run *run) {
    wchar_t shim[MAX_PATH];
    int code = prepare_command(run, shim);
    if (code) {
        return code;
    }
    run->sandbox.set = &run->set;
    run->sandbox.low = run->settings.low;
    run->sandbox.run_sid = sid_new();
    DWORD error = token_for_operations(&run->sandbox.operations_token);
    if (error) {
        return fail_with(L"the user's token cannot be used", error);
    }
    run->sandbox.low_list = run->sandbox.low ? low_list_new() : NULL;
    if (!run->sandbox.run_sid || (run->sandbox.low && !run->sandbox.low_list)) {
        return SBX_EXIT_FAILED;
    }
    const DWORD *random = GetSidSubAuthority(run->sandbox.run_sid, 1);
    (void)swprintf(run->id, 20, L"%08lx%08lx", random[0], random[1]);
    impersonate(run, true);
    bool roots = prepare_roots(run) && start_undo(run);
    error = roots ? events_open(run->settings.events, run->id) : 0;
    impersonate(run, false);
    if (!roots) {
        return SBX_EXIT_FAILED;
    }
    if (error) {
        return fail_with(run->settings.events, error);
    }
    /* After the last file that is made with a descriptor of its directory or, where that says nothing, of the process.
     */
    error = harden_process(run->sandbox.low);
    if (error) {
        return fail_with(L"sbx could not close its own process to the program", error);
    }
    code = make_token(run);
    if (!code) {
        code = make_job(run);
    }
    return code || !run->settings.broker ? code : start_broker(run, shim);
}

/* 0 with the program's exit code in the run, or sbx's own. */
static int prepare_and_execute(struct run *run) {
    console_begin();
    int code = prepare(run);
    bool executed = !code;
    if (executed) {
        code = execute(run);
    }
    impersonate(run, true);
    run_reveal(&run->set);
    run_lift_protection(&run->set, run->sandbox.low);
    run_remove_temp(&run->set);
    if (executed) {
        run_sweep_temp();
    }
    undo_end(run->sandbox.undo, run->settings.quiet);
    impersonate(run, false);
    if (executed && !run->settings.quiet) {
        events_summary(&run->sandbox);
    }
    if (executed && run->settings.stats) {
        print_stats(run);
    }
    if (run->settings.control) {
        events_ended(code ? code : (int)run->exit_code, code != 0, control_stopped());
    }
    events_close();
    console_end();
    return code;
}

int cmd_run(int argc, wchar_t **argv) {
    static struct run run;
    int code = run_parse(argc, argv, &run.settings) ? prepare_and_execute(&run) : SBX_EXIT_FAILED;
    return code ? code : (int)run.exit_code;
}
