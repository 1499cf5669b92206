#include "broker/sandbox/events.h"

#include "broker/base/msg.h"
#include "broker/base/text.h"
#include "broker/sandbox/denials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REFUSALS 20u

struct refusal {
    wchar_t *path;
    enum policy_verdict verdict;
};

static struct {
    SRWLOCK lock;
    HANDLE file;
    char run[40];
    struct refusal refusals[MAX_REFUSALS];
    size_t refusal_count;
    size_t more; /* refusals of further paths */
    volatile LONG no_shim;
    bool torn; /* the last line was written in part */
    bool failed;
} sink = {.lock = SRWLOCK_INIT, .file = INVALID_HANDLE_VALUE};

DWORD events_open(const wchar_t *path, const wchar_t *run_id) {
    (void)snprintf(sink.run, sizeof(sink.run), "%ls", run_id);
    if (!path) {
        return 0;
    }
    /* Appending writes land whole at the end, whoever else writes to the file. */
    sink.file = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                            FILE_ATTRIBUTE_NORMAL, NULL);
    return sink.file == INVALID_HANDLE_VALUE ? last_error() : 0;
}

/* The kernel's name as a person knows it: below a root by the root's DOS path. malloc'ed. */
static wchar_t *display_path(const struct sandbox *sandbox, struct policy_name name) {
    size_t root;
    wchar_t *path = root_set_dos_path(sandbox->set, name, &root);
    return path ? path : root_set_path_text(L"", name);
}

static void put_path(json_t *line, const char *key, const struct sandbox *sandbox, struct policy_name name) {
    wchar_t *path = name.length ? display_path(sandbox, name) : NULL;
    if (path) {
        json_object_set_new(line, key, text_json(path));
    }
    free(path);
}

static void put_process(json_t *line, DWORD pid) {
    wchar_t image[1024];
    DWORD size = 1024;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    json_object_set_new(line, "pid", json_integer(pid));
    if (process && QueryFullProcessImageNameW(process, 0, image, &size)) {
        json_object_set_new(line, "image", text_json(image));
    }
    if (process) {
        CloseHandle(process);
    }
}

/* What every line begins with. */
static json_t *begin_line(void) {
    char text[64];
    SYSTEMTIME now;
    json_t *line = json_object();
    GetSystemTime(&now);
    (void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", now.wYear, now.wMonth, now.wDay,
                   now.wHour, now.wMinute, now.wSecond, now.wMilliseconds);
    json_object_set_new(line, "v", json_integer(1));
    json_object_set_new(line, "run", json_string(sink.run));
    json_object_set_new(line, "time", json_string(text));
    return line;
}

static json_t *make_line(const struct sandbox *sandbox, const struct event *event) {
    char text[64];
    json_t *line = begin_line();
    json_object_set_new(line, "op", json_string(event->op == SBX_OP_NOTE ? "denied" : sbx_op_name(event->op)));
    put_process(line, event->pid);
    put_path(line, "path", sandbox, event->subject);
    put_path(line, "target", sandbox, event->target);
    (void)snprintf(text, sizeof(text), "0x%08lx", (unsigned long)event->status);
    json_object_set_new(line, "status", json_string(text));
    json_object_set_new(line, "ok", json_boolean(NT_SUCCESS(event->status)));
    if (event->verdict != POLICY_ALLOWED) {
        json_object_set_new(line, "rule", json_string(policy_verdict_name(event->verdict)));
    }
    json_object_set_new(line, "us", json_integer(event->microseconds));
    return line;
}

static void write_line(json_t *line) {
    char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
    size_t length = text ? strlen(text) : 0;
    char *whole = text ? realloc(text, length + 2) : NULL;
    DWORD written;
    if (!whole) {
        free(text);
        return;
    }
    whole[length] = '\n';
    /* One write for a line: a kill loses at most the line that was not written yet. One line at a time: that writes at
     * the end of a file do not mix is a promise of NTFS on one machine, not of every file system. */
    AcquireSRWLockExclusive(&sink.lock);
    if (sink.file == INVALID_HANDLE_VALUE) {
        /* Closed in the meantime. */
        ReleaseSRWLockExclusive(&sink.lock);
        free(whole);
        return;
    }
    if (sink.torn) {
        sink.torn = !WriteFile(sink.file, "\n", 1, &written, NULL);
    }
    written = 0;
    BOOL done = !sink.torn && WriteFile(sink.file, whole, (DWORD)length + 1, &written, NULL);
    DWORD error = done ? ERROR_DISK_FULL : GetLastError();
    bool whole_line = done && written == length + 1, tell = !whole_line && !sink.failed;
    sink.torn = sink.torn || (!whole_line && written);
    sink.failed = sink.failed || tell;
    ReleaseSRWLockExclusive(&sink.lock);
    if (tell) {
        msg_warn("the events file cannot be written: %ls; lines are missing from it", msg_win32_text(error));
    }
    free(whole);
}

static void keep_refusal(const struct sandbox *sandbox, const struct event *event) {
    struct policy_name shown = event->target.length ? event->target : event->subject;
    wchar_t *path = shown.length ? display_path(sandbox, shown) : _wcsdup(L"(no name)");
    if (!path) {
        return;
    }
    AcquireSRWLockExclusive(&sink.lock);
    bool known = false;
    for (size_t i = 0; i < sink.refusal_count && !known; i++) {
        known = sink.refusals[i].verdict == event->verdict && !_wcsicmp(sink.refusals[i].path, path);
    }
    if (!known && sink.refusal_count < MAX_REFUSALS) {
        sink.refusals[sink.refusal_count].path = path;
        sink.refusals[sink.refusal_count++].verdict = event->verdict;
        path = NULL;
    } else if (!known) {
        sink.more++;
    }
    ReleaseSRWLockExclusive(&sink.lock);
    free(path);
}

static void write_event(const struct sandbox *sandbox, const struct event *event) {
    if (sink.file == INVALID_HANDLE_VALUE) {
        return;
    }
    json_t *line = make_line(sandbox, event);
    if (line) {
        write_line(line);
        json_decref(line);
    }
}

void events_record(const struct sandbox *sandbox, const struct event *event) {
    if (event->verdict != POLICY_ALLOWED) {
        keep_refusal(sandbox, event);
    }
    write_event(sandbox, event);
}

void events_denied(const struct sandbox *sandbox, DWORD pid, struct policy_name name, enum policy_verdict verdict) {
    static const wchar_t prefix[] = L"\\??\\";
    struct event event = {
        .op = SBX_OP_NOTE, .pid = pid, .subject = name, .status = STATUS_ACCESS_DENIED, .verdict = verdict};
    if (name.length > 4 && !memcmp(name.units, prefix, 4 * sizeof(wchar_t))) {
        event.subject = (struct policy_name){name.units + 4, name.length - 4};
    }
    wchar_t *path = display_path(sandbox, event.subject);
    if (path) {
        denials_keep(path, verdict);
    }
    free(path);
    write_event(sandbox, &event);
}

void events_no_shim(void) {
    if (!InterlockedExchange(&sink.no_shim, 1)) {
        msg_warn("a program cannot take the shim (it is not 64-bit): it runs confined, without brokered calls");
    }
}

void events_summary(const struct sandbox *sandbox) {
    const struct sandbox_counters *counters = &sandbox->counters;
    bool anything_denied = sink.refusal_count || denials_count();
    if (counters->deleted || counters->replaced || counters->renamed || anything_denied) {
        msg_note("sbx: %ld deleted, %ld replaced, %ld renamed, %ld refused", counters->deleted, counters->replaced,
                 counters->renamed, counters->refused);
    }
    for (size_t i = 0; i < sink.refusal_count; i++) {
        wchar_t shown[1024];
        msg_escape(sink.refusals[i].path, wcslen(sink.refusals[i].path), shown, 1024);
        msg_note("sbx: refused: %ls: %s", shown, policy_verdict_text(sink.refusals[i].verdict));
    }
    if (sink.more) {
        msg_note("sbx: and %lu more refusals", (unsigned long)sink.more);
    }
    if (sandbox->counters.turned_away) {
        msg_note("sbx: %ld connections to the broker were refused, too many at a time; the calls were tried again",
                 sandbox->counters.turned_away);
    }
    denials_show();
    for (size_t i = 0; anything_denied && i < sandbox->set->root_count; i++) {
        if (!sandbox->set->roots[i].temp) {
            msg_note("sbx: writable root: %ls", sandbox->set->roots[i].dos_path);
        }
    }
}

void events_ended(int code, bool failed, bool stopped) {
    json_t *line = sink.file == INVALID_HANDLE_VALUE ? NULL : begin_line();
    if (line) {
        json_object_set_new(line, "op", json_string("end"));
        json_object_set_new(line, "code", json_integer((DWORD)code));
        json_object_set_new(line, "failed", json_boolean(failed));
        json_object_set_new(line, "stopped", json_boolean(stopped));
        json_object_set_new(line, "ok", json_boolean(!failed));
        write_line(line);
        json_decref(line);
    }
}

void events_close(void) {
    /* A client's thread that hangs may be left behind. What it holds is the process's, which ends next; what it comes
     * to write to must not be another file by then. */
    if (!TryAcquireSRWLockExclusive(&sink.lock)) {
        return;
    }
    if (sink.file != INVALID_HANDLE_VALUE) {
        CloseHandle(sink.file);
        sink.file = INVALID_HANDLE_VALUE;
    }
    for (size_t i = 0; i < sink.refusal_count; i++) {
        free(sink.refusals[i].path);
    }
    sink.refusal_count = 0;
    ReleaseSRWLockExclusive(&sink.lock);
}
