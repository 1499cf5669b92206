/* The program inside of a fault test: one operation of sbx by the calls that ordinary programs make.
 *
 * usage: child OPERATION ROOT      result: "ok MS" or "error N MS" on standard output, N a Win32 error
 *        child --wait ROOT         waits until the file "go" is in the root
 *        child --touch PATH...     stores for each object the DACL that it has (Wine would else work it out anew each
 * time) child --list              the operations */
#include <windows.h>

#include <stdio.h>
#include <winternl.h>

static const wchar_t *root;

static const wchar_t *in_root(const wchar_t *leaf) {
    static wchar_t paths[4][400];
    static unsigned turn;
    wchar_t *path = paths[turn++ % 4];
    swprintf(path, 400, L"%ls\\%ls", root, leaf);
    return path;
}

static DWORD result(BOOL done) { return done ? 0 : GetLastError(); }

static DWORD replace(void) {
    return result(MoveFileExW(in_root(L"new.txt"), in_root(L"old.txt"), MOVEFILE_REPLACE_EXISTING));
}

static DWORD rename_file(void) { return result(MoveFileExW(in_root(L"new.txt"), in_root(L"other.txt"), 0)); }

static DWORD rename_directory(void) { return result(MoveFileExW(in_root(L"dir"), in_root(L"moved"), 0)); }

/* By NtSetInformationFile: Wine's kernel32 does not know the extended class. */
static DWORD delete_by(int info_class, ULONG flags) {
    IO_STATUS_BLOCK io;
    HANDLE file = CreateFileW(in_root(L"old.txt"), DELETE, 7, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return GetLastError();
    }
    NTSTATUS status =
        NtSetInformationFile(file, &io, &flags, info_class == 13 ? 1 : 4, (FILE_INFORMATION_CLASS)info_class);
    CloseHandle(file);
    return RtlNtStatusToDosError(status);
}

static DWORD delete_file(void) { return delete_by(13, 1); }
static DWORD delete_posix(void) { return delete_by(64, 3); }

static DWORD delete_on_close(void) {
    HANDLE file = CreateFileW(in_root(L"old.txt"), DELETE, 7, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return GetLastError();
    }
    CloseHandle(file);
    return 0;
}

static DWORD remove_directory(void) { return result(RemoveDirectoryW(in_root(L"empty"))); }

static DWORD link_file(void) { return result(CreateHardLinkW(in_root(L"linked.txt"), in_root(L"new.txt"), NULL)); }

static DWORD write_new(HANDLE file) {
    DWORD written, error = file == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    if (!error) {
        error = result(WriteFile(file, "new", 3, &written, NULL));
        CloseHandle(file);
    }
    return error;
}

/* A file that lacks the root's entries. */
static DWORD write_older(void) {
    return write_new(CreateFileW(in_root(L"older.txt"), GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL));
}

/* Data and DELETE at once, not shared: the broker opens it, and makes it empty. */
static DWORD overwrite(void) {
    return write_new(CreateFileW(in_root(L"old.txt"), GENERIC_WRITE | DELETE, 0, NULL, CREATE_ALWAYS, 0, NULL));
}

static DWORD replace_file(void) {
    return result(ReplaceFileW(in_root(L"old.txt"), in_root(L"new.txt"), in_root(L"backup.txt"), 0, NULL, NULL));
}

static const struct {
    const wchar_t *name;
    DWORD (*run)(void);
} operations[] = {
    {L"replace", replace},
    {L"rename", rename_file},
    {L"rename-directory", rename_directory},
    {L"delete", delete_file},
    {L"delete-posix", delete_posix},
    {L"delete-on-close", delete_on_close},
    {L"remove-directory", remove_directory},
    {L"link", link_file},
    {L"write-older", write_older},
    {L"overwrite", overwrite},
    {L"replace-file", replace_file},
};
#define COUNT (sizeof(operations) / sizeof(operations[0]))

static int touch(wchar_t **paths) {
    for (; *paths; paths++) {
        HANDLE object =
            CreateFileW(*paths, READ_CONTROL | WRITE_DAC, 7, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        BYTE descriptor[4096];
        DWORD needed;
        if (object == INVALID_HANDLE_VALUE ||
            !GetKernelObjectSecurity(object, DACL_SECURITY_INFORMATION, descriptor, sizeof(descriptor), &needed) ||
            !SetKernelObjectSecurity(object, DACL_SECURITY_INFORMATION, descriptor)) {
            return 1;
        }
        CloseHandle(object);
    }
    return 0;
}

static int wait_for_go(void) {
    for (int i = 0; i < 2000; i++) {
        if (GetFileAttributesW(in_root(L"go")) != INVALID_FILE_ATTRIBUTES) {
            return 0;
        }
        Sleep(10);
    }
    return 1;
}

int wmain(int argc, wchar_t **argv); /* no header has it */

int wmain(int argc, wchar_t **argv) {
    if (argc == 2 && !wcscmp(argv[1], L"--list")) {
        for (size_t i = 0; i < COUNT; i++) {
            printf("%ls\n", operations[i].name);
        }
        return 0;
    }
    if (argc > 2 && !wcscmp(argv[1], L"--touch")) {
        return touch(argv + 2);
    }
    if (argc != 3) {
        return 2;
    }
    root = argv[2];
    if (!wcscmp(argv[1], L"--wait")) {
        return wait_for_go();
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (!wcscmp(argv[1], operations[i].name)) {
            ULONGLONG began = GetTickCount64();
            DWORD error = operations[i].run();
            unsigned long took = (unsigned long)(GetTickCount64() - began);
            if (error) {
                printf("error %lu %lu\n", error, took);
            } else {
                printf("ok %lu\n", took);
            }
            return error != 0;
        }
    }
    return 2;
}
