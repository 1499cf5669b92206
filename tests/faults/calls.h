/* Put before every source file of the broker when it is built for the fault tests: each call named here passes a fault
 * point (fault.c), which can end the broker there, make the call fail, or take its time. sbx itself is built without
 * it.
 *
 * The points are the calls themselves, so that a new step of an operation is a new point without anybody's doing. */
#ifndef SBX_FAULTS_CALLS_H
#define SBX_FAULTS_CALLS_H

/* What declares the calls has to come before their names become macros. */
#include "broker/base/nt.h"

#include <bcrypt.h>
#include <jansson.h>
#include <sddl.h>
#include <shlobj.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <wchar.h>

/* One point: `call` is to be made next. Returns true when it shall fail instead; GetLastError() then says how. */
bool fault_point(const char *file, int line, const char *call);
/* Failed or not: the NTSTATUS of the failure that fault_point asked for. */
NTSTATUS fault_status(void);
/* The pipe that a thread of a client reads from; its points belong to the operation from then on. */
BOOL fault_serves(const char *file, HANDLE pipe);

#define FAULT(call, failed, ...) (fault_point(__FILE__, __LINE__, #call) ? (failed) : call(__VA_ARGS__))
#define FAULT_NT(call, ...) FAULT(call, fault_status(), __VA_ARGS__)
#define FAULT_BOOL(call, ...) FAULT(call, FALSE, __VA_ARGS__)
#define FAULT_FILE(call, ...) FAULT(call, INVALID_HANDLE_VALUE, __VA_ARGS__)
#define FAULT_NULL(call, ...) FAULT(call, NULL, __VA_ARGS__)
/* A call that cannot fail: the broker can end there. */
#define FAULT_NEVER(call, ...) ((void)fault_point(__FILE__, __LINE__, "-" #call), call(__VA_ARGS__))

#define NtCreateFile(...) FAULT_NT(NtCreateFile, __VA_ARGS__)
#define NtDuplicateObject(...) FAULT_NT(NtDuplicateObject, __VA_ARGS__)
#define NtOpenFile(...) FAULT_NT(NtOpenFile, __VA_ARGS__)
#define NtQueryDirectoryFile(...) FAULT_NT(NtQueryDirectoryFile, __VA_ARGS__)
#define NtQueryInformationFile(...) FAULT_NT(NtQueryInformationFile, __VA_ARGS__)
#define NtQueryObject(...) FAULT_NT(NtQueryObject, __VA_ARGS__)
#define NtQuerySecurityObject(...) FAULT_NT(NtQuerySecurityObject, __VA_ARGS__)
#define NtQueryVolumeInformationFile(...) FAULT_NT(NtQueryVolumeInformationFile, __VA_ARGS__)
#define NtSetInformationFile(...) FAULT_NT(NtSetInformationFile, __VA_ARGS__)
#define NtSetSecurityObject(...) FAULT_NT(NtSetSecurityObject, __VA_ARGS__)
#define NtClose(...) FAULT_NEVER(NtClose, __VA_ARGS__)

#define AssignProcessToJobObject(...) FAULT_BOOL(AssignProcessToJobObject, __VA_ARGS__)
#define CreateDirectoryW(...) FAULT_BOOL(CreateDirectoryW, __VA_ARGS__)
#define CreateProcessAsUserW(...) FAULT_BOOL(CreateProcessAsUserW, __VA_ARGS__)
#define CreateRestrictedToken(...) FAULT_BOOL(CreateRestrictedToken, __VA_ARGS__)
#define DeleteFileW(...) FAULT_BOOL(DeleteFileW, __VA_ARGS__)
#define DuplicateHandle(...) FAULT_BOOL(DuplicateHandle, __VA_ARGS__)
#define FlushFileBuffers(...) FAULT_BOOL(FlushFileBuffers, __VA_ARGS__)
#define GetFileSizeEx(...) FAULT_BOOL(GetFileSizeEx, __VA_ARGS__)
#define GetVolumeInformationByHandleW(...) FAULT_BOOL(GetVolumeInformationByHandleW, __VA_ARGS__)
#define MoveFileExW(...) FAULT_BOOL(MoveFileExW, __VA_ARGS__)
#define ReadFile(pipe, ...) (fault_serves(__FILE__, pipe), FAULT_BOOL(ReadFile, pipe, __VA_ARGS__))
#define RemoveDirectoryW(...) FAULT_BOOL(RemoveDirectoryW, __VA_ARGS__)
#define SetInformationJobObject(...) FAULT_BOOL(SetInformationJobObject, __VA_ARGS__)
#define SetTokenInformation(...) FAULT_BOOL(SetTokenInformation, __VA_ARGS__)
#define WriteFile(...) FAULT_BOOL(WriteFile, __VA_ARGS__)
#define WriteProcessMemory(...) FAULT_BOOL(WriteProcessMemory, __VA_ARGS__)

#define CreateFileW(...) FAULT_FILE(CreateFileW, __VA_ARGS__)
#define CreateNamedPipeW(...) FAULT_FILE(CreateNamedPipeW, __VA_ARGS__)
#define FindFirstFileW(...) FAULT_FILE(FindFirstFileW, __VA_ARGS__)

#define CreateEventW(...) FAULT_NULL(CreateEventW, __VA_ARGS__)
#define CreateJobObjectW(...) FAULT_NULL(CreateJobObjectW, __VA_ARGS__)
#define VirtualAllocEx(...) FAULT_NULL(VirtualAllocEx, __VA_ARGS__)
#define _wcsdup(...) FAULT_NULL(_wcsdup, __VA_ARGS__)
#define calloc(...) FAULT_NULL(calloc, __VA_ARGS__)
#define malloc(...) FAULT_NULL(malloc, __VA_ARGS__)
#define uv_thread_create(...) FAULT(uv_thread_create, UV_EAGAIN, __VA_ARGS__)
#define uv_thread_create_ex(...) FAULT(uv_thread_create_ex, UV_EAGAIN, __VA_ARGS__)

#define CloseHandle(...) FAULT_NEVER(CloseHandle, __VA_ARGS__)
#define ResumeThread(...) FAULT_NEVER(ResumeThread, __VA_ARGS__)
#define SetEnvironmentVariableW(...) FAULT_NEVER(SetEnvironmentVariableW, __VA_ARGS__)
#define TerminateJobObject(...) FAULT_NEVER(TerminateJobObject, __VA_ARGS__)

#endif
