/* Too many, too much, too slow. Each must cost the broker a bounded amount, and no other client. */
#include "attack.h"

#include "kinds.h"

#include <string.h>

#define MANY 300

static HANDLE held[MANY];

static void release(size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (held[i] != INVALID_HANDLE_VALUE) {
            CloseHandle(held[i]);
        }
    }
}

/* How many of 300 connections of one process are let in: at most 32. */
static unsigned connections(void) {
    unsigned served = 0;
    uint8_t hello[] = {3, 0, 0, 0, SBX_OP_HELLO, SBX_PROTOCOL_VERSION, 1};
    for (size_t i = 0; i < MANY; i++) {
        held[i] = wire_connect();
        if (held[i] != INVALID_HANDLE_VALUE && wire_send(held[i], hello, sizeof(hello)) &&
            wire_receive(held[i], NULL) == SERVED) {
            served++;
        }
    }
    release(MANY);
    detail("%u let in", served);
    return served == 32 ? HELD : OPEN;
}

/* Twelve processes with 40 connections each: at most 256 are served together. */
static unsigned processes(void) {
    enum { COUNT = 12 };
    PROCESS_INFORMATION process[COUNT];
    unsigned total = 0;
    wchar_t line[600], name[40];
    swprintf(name, 40, L"sbx-attack-%lu", GetCurrentProcessId());
    HANDLE go = CreateSemaphoreW(NULL, 0, COUNT, name);
    for (size_t i = 0; i < COUNT; i++) {
        STARTUPINFOW startup = {.cb = sizeof(startup)};
        swprintf(line, 600, L"\"%ls\" --hold-connections %ls %ls", scene.self, scene.pipe, name);
        if (!CreateProcessW(scene.self, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process[i])) {
            detail("error %lu", GetLastError());
            return FAILED;
        }
    }
    Sleep(3000);
    ReleaseSemaphore(go, COUNT, NULL);
    for (size_t i = 0; i < COUNT; i++) {
        DWORD code = 0;
        WaitForSingleObject(process[i].hProcess, 60000);
        GetExitCodeProcess(process[i].hProcess, &code);
        total += code <= 40 ? code : 40;
        CloseHandle(process[i].hProcess);
        CloseHandle(process[i].hThread);
    }
    CloseHandle(go);
    detail("%u served", total);
    return total >= 200 && total <= 256 ? HELD : OPEN;
}

/* A connection that says nothing, or half of something, is closed by the broker. */
static unsigned closed_by_broker(HANDLE pipe) {
    ULONGLONG began = GetTickCount64();
    if (good_client() < 0) {
        return HUNG;
    }
    unsigned outcome = wire_receive_within(pipe, NULL, 25000);
    detail("after %lu ms", (unsigned long)(GetTickCount64() - began));
    CloseHandle(pipe);
    return outcome;
}

static unsigned half_a_frame(void) {
    static const uint8_t half[] = {100, 0, 0, 0, SBX_OP_DELETE, 4};
    HANDLE pipe = wire_client();
    return wire_send(pipe, half, sizeof(half)) ? closed_by_broker(pipe) : FAILED;
}

/* Requests without end, whose replies nobody reads. */
static unsigned no_reading(void) {
    struct sbx_request request = delete_request(NULL);
    uint8_t packed[256], many[16384];
    size_t size = sbx_request_pack(&request, packed, sizeof(packed)), used = 0;
    HANDLE pipe = wire_client();
    OVERLAPPED io = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    while (used + size <= sizeof(many)) {
        memcpy(many + used, packed, size);
        used += size;
    }
    DWORD done, total = 0;
    for (int i = 0; i < 400; i++) {
        if (!WriteFile(pipe, many, (DWORD)used, NULL, &io) && GetLastError() == ERROR_IO_PENDING &&
            WaitForSingleObject(io.hEvent, 1500) != WAIT_OBJECT_0) {
            break;
        }
        if (!GetOverlappedResult(pipe, &io, &done, FALSE)) {
            break;
        }
        total += done;
    }
    CancelIo(pipe);
    GetOverlappedResult(pipe, &io, &done, TRUE);
    long other = good_client();
    CloseHandle(pipe);
    CloseHandle(io.hEvent);
    detail("%lu bytes taken", total);
    return other >= 0 ? HELD : HUNG;
}

/* One byte every 20 ms, while another client works. */
static unsigned slow(void) {
    struct sbx_request request = delete_request(NULL);
    uint8_t packed[256];
    size_t size = sbx_request_pack(&request, packed, sizeof(packed));
    HANDLE pipe = wire_client();
    long worst = 0;
    for (size_t i = 0; i < size; i++) {
        if (!wire_send(pipe, packed + i, 1)) {
            return CLOSED;
        }
        Sleep(20);
        long took = good_client();
        worst = took < 0 ? 100000 : took > worst ? took : worst;
    }
    unsigned outcome = wire_receive(pipe, NULL);
    CloseHandle(pipe);
    detail("the other client waited at most %ld ms", worst);
    return outcome == REFUSED && worst < 5000 ? HELD : HUNG;
}

static unsigned churn(void) {
    for (int i = 0; i < 1000; i++) {
        HANDLE pipe = wire_connect();
        if (pipe == INVALID_HANDLE_VALUE) {
            return HUNG;
        }
        CloseHandle(pipe);
    }
    return good_client() >= 0 ? HELD : HUNG;
}

/* Requests of the largest size, 200 of them. */
static unsigned big(void) {
    static uint8_t frame[SBX_FRAME_HEADER + SBX_FRAME_MAX];
    static wchar_t name[32768];
    wmemset(name, L'x', 32767);
    struct sbx_request request = {.op = SBX_OP_LINK};
    request.u.rename.name = wire_name(name);
    request.u.rename.info_class = 11;
    size_t size = sbx_request_pack(&request, frame, sizeof(frame));
    HANDLE pipe = wire_client();
    unsigned outcome = size ? REFUSED : FAILED;
    for (int i = 0; i < 200 && outcome == REFUSED; i++) {
        outcome = wire_send(pipe, frame, size) ? wire_receive(pipe, NULL) : CLOSED;
    }
    CloseHandle(pipe);
    return outcome;
}

/* 500 opens: every handle that the broker opens is in this process and none stays with the broker. */
static unsigned handles(void) {
    HANDLE pipe = wire_client();
    static HANDLE taken[500];
    unsigned outcome = SERVED, count = 0;
    wchar_t path[400], nt[410];
    CloseHandle(new_file(GENERIC_READ, path, 400));
    swprintf(nt, 410, L"\\??\\%ls", path);
    for (size_t i = 0; i < 500 && outcome == SERVED; i++) {
        struct sbx_request request = open_request(NULL, nt, GENERIC_READ, 1, 0x20);
        struct sbx_reply reply = {0};
        outcome = wire_request(pipe, &request, &reply);
        taken[i] = (HANDLE)(uintptr_t)reply.handle;
        count += outcome == SERVED;
    }
    for (size_t i = 0; i < count; i++) {
        CloseHandle(taken[i]);
    }
    CloseHandle(pipe);
    /* The file can be deleted: nobody holds it any more. */
    HANDLE left = CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    CloseHandle(left);
    return outcome == SERVED && left != INVALID_HANDLE_VALUE ? HELD : OPEN;
}

/* 300 deletions that could still be taken back: 64 are held, the others are done at once. */
static unsigned held_deletions(void) {
    static HANDLE files[300];
    static wchar_t paths[300][400];
    HANDLE pipe = wire_client();
    unsigned kept = 0, served = 0, left = 0;
    for (size_t i = 0; i < 300; i++) {
        struct sbx_reply reply = {0};
        files[i] = new_file(GENERIC_READ, paths[i], 400);
        struct sbx_request request = delete_request(files[i]);
        served += wire_request(pipe, &request, &reply) == SERVED;
        kept += reply.information == SBX_DELETE_HELD;
    }
    long other = good_client();
    CloseHandle(pipe);
    for (size_t i = 0; i < 300; i++) {
        CloseHandle(files[i]);
    }
    /* The broker lets go of them when it sees that the connection has ended. */
    for (int tries = 0; tries < 500; tries++) {
        left = 0;
        for (size_t i = 0; i < 300; i++) {
            left += GetFileAttributesW(paths[i]) != INVALID_FILE_ATTRIBUTES;
        }
        if (!left) {
            break;
        }
        Sleep(10);
    }
    detail("%u served, %u kept, %u left", served, kept, left);
    return served == 300 && kept == 64 && !left && other >= 0 ? HELD : OPEN;
}

unsigned load_attack(uintptr_t argument) {
    switch ((enum load_kind)argument) {
    case LOAD_CONNECTIONS: return connections();
    case LOAD_PROCESSES: return processes();
    case LOAD_SILENT: return closed_by_broker(wire_connect());
    case LOAD_HALF: return half_a_frame();
    case LOAD_NO_READING: return no_reading();
    case LOAD_SLOW: return slow();
    case LOAD_CHURN: return churn();
    case LOAD_BIG: return big();
    case LOAD_HANDLES: return handles();
    case LOAD_HELD: return held_deletions();
    }
    return FAILED;
}

long good_client(void) {
    wchar_t path[400];
    ULONGLONG began = GetTickCount64();
    HANDLE file = new_file(GENERIC_READ, path, 400);
    if (file == INVALID_HANDLE_VALUE) {
        return -1;
    }
    /* POSIX semantics: the name is gone with the reply. */
    struct sbx_request request = delete_request(file);
    request.u.del.flags = 3;
    request.u.del.info_class = 64;
    unsigned outcome = wire_once(&request, NULL);
    CloseHandle(file);
    if (outcome != SERVED || GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES) {
        return -1;
    }
    return (long)(GetTickCount64() - began);
}
