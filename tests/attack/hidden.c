/* What is hidden: at Low nothing of it can be had; at Medium, where nothing can be hidden, the same calls work. */
#include "attack.h"

#include "kinds.h"

static wchar_t key[400], secret[400];

static unsigned result(bool done) {
    if (!done) {
        detail("error %lu", GetLastError());
    }
    return done ? SERVED : DENIED;
}

static unsigned can_open(const wchar_t *path, ACCESS_MASK access) {
    HANDLE handle = CreateFileW(path, access, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    unsigned outcome = result(handle != INVALID_HANDLE_VALUE);
    CloseHandle(handle);
    return outcome;
}

/* By the handle of the directory above: by name, or by the identity that the directory tells of it. */
static unsigned relative(bool by_id) {
    wchar_t above[400];
    BYTE buffer[4096];
    swprintf(above, 400, L"%ls\\..", secret);
    HANDLE directory = open_object(above, GENERIC_READ);
    UNICODE_STRING name = {.Buffer = (PWSTR)L"secret\\key.txt", .Length = 28, .MaximumLength = 28};
    ULONGLONG id = 0;
    if (by_id && GetFileInformationByHandleEx(directory, FileIdBothDirectoryInfo, buffer, sizeof(buffer))) {
        const FILE_ID_BOTH_DIR_INFO *entry = (const FILE_ID_BOTH_DIR_INFO *)buffer;
        while (entry->NextEntryOffset && (entry->FileNameLength != 12 || wcsncmp(entry->FileName, L"secret", 6) != 0)) {
            entry = (const FILE_ID_BOTH_DIR_INFO *)((const BYTE *)entry + entry->NextEntryOffset);
        }
        id = (ULONGLONG)entry->FileId.QuadPart;
        name = (UNICODE_STRING){sizeof(id), sizeof(id), (PWSTR)&id};
    }
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, directory, NULL);
    NTSTATUS status =
        NtOpenFile(&file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &io, 7,
                   FILE_SYNCHRONOUS_IO_NONALERT | (by_id ? FILE_OPEN_BY_FILE_ID | FILE_DIRECTORY_FILE : 0));
    if (NT_SUCCESS(status)) {
        CloseHandle(file);
    } else {
        detail("status %08lx", (unsigned long)status);
    }
    CloseHandle(directory);
    return NT_SUCCESS(status) ? SERVED : DENIED;
}

static unsigned start(void) {
    wchar_t line[400];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    swprintf(line, 400, L"\"%ls\\tool.exe\" --table", secret);
    bool started = CreateProcessW(NULL, line, NULL, NULL, FALSE, CREATE_NO_WINDOW, NULL, NULL, &startup, &process);
    unsigned outcome = result(started);
    if (started) {
        TerminateProcess(process.hProcess, 1);
        CloseHandle(process.hProcess);
        CloseHandle(process.hThread);
    }
    return outcome;
}

static unsigned link_and_read(void) {
    if (!CreateHardLinkW(below(scene.root, L"second name"), key, NULL)) {
        return result(false);
    }
    return can_open(below(scene.root, L"second name"), GENERIC_READ);
}

/* A handle with no right at all to the file in the root that is hidden, or protected by nothing. */
static unsigned by_broker(enum hidden_kind kind) {
    const wchar_t *inside = below(scene.root, L"secret\\key.txt");
    if (kind == HIDDEN_BROKER_OPEN) {
        struct sbx_request request =
            open_request(NULL, nt_below(scene.root, L"secret\\key.txt"), GENERIC_READ | GENERIC_WRITE, FILE_OPEN, 0);
        return wire_once(&request, NULL);
    }
    HANDLE handle = CreateFileW(inside, 0, 7, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        handle = CreateFileW(inside, SYNCHRONIZE, 7, NULL, OPEN_EXISTING, 0, NULL);
    }
    if (handle == INVALID_HANDLE_VALUE) {
        return result(false);
    }
    const wchar_t *to = nt_below(scene.root, L"taken out");
    struct sbx_request request = kind == HIDDEN_BROKER_RENAME ? rename_request(handle, NULL, to)
                                 : kind == HIDDEN_BROKER_LINK ? link_request(handle, NULL, to)
                                                              : stamp_request(handle);
    unsigned outcome = wire_once(&request, NULL);
    if (outcome == SERVED && kind == HIDDEN_BROKER_RENAME) {
        /* Back to its place for the next row. */
        request = rename_request(handle, NULL, nt_below(scene.root, L"secret\\key.txt"));
        outcome = wire_once(&request, NULL);
    }
    CloseHandle(handle);
    return outcome;
}

unsigned hidden_attack(uintptr_t argument) {
    enum hidden_kind kind = (enum hidden_kind)argument;
    swprintf(secret, 400, L"%ls\\..\\secret", scene.outside);
    swprintf(key, 400, L"%ls\\key.txt", secret);
    switch (kind) {
    case HIDDEN_READ: return can_open(key, GENERIC_READ);
    case HIDDEN_READ_DATA: return can_open(key, FILE_READ_DATA);
    case HIDDEN_EXECUTE: return can_open(key, FILE_EXECUTE);
    case HIDDEN_BACKUP: return can_open(key, FILE_READ_EA | FILE_READ_ATTRIBUTES);
    case HIDDEN_LIST: return can_open(secret, FILE_LIST_DIRECTORY);
    case HIDDEN_RELATIVE: return relative(false);
    case HIDDEN_BY_ID: return relative(true);
    case HIDDEN_START: return start();
    case HIDDEN_LINK: return link_and_read();
    case HIDDEN_OWNER: return can_open(key, WRITE_OWNER);
    case HIDDEN_IN_ROOT: return can_open(below(scene.root, L"secret\\key.txt"), GENERIC_READ);
    default: return by_broker(kind);
    }
}
