/* The self-test of the strict Wine: a table of access checks, and the few calls they are written with.
 *
 * Each check works in a directory of its own. Security descriptors are SDDL in which `USER` stands for the user's SID and `CAP`
 * for the one restricting SID. Every call is made by a thread that impersonates one of three tokens:
 *   plain     the program's own
 *   strict    its restricted form: DISABLE_MAX_PRIVILEGE | LUA_TOKEN | WRITE_RESTRICTED, restricted to CAP
 *   low       its own at integrity level Low, not restricted */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <windows.h>

#include <winternl.h>

#include <stdbool.h>

#define CAP_SID L"S-1-5-21-1000000001-1000000002-1000000003-1001"
#define STATUS_DENIED ((NTSTATUS)0xC0000022)

/* What the product puts on a root: read, execute and write, no DELETE, DELETE_CHILD, WRITE_DAC or WRITE_OWNER. */
#define RX_W L"0x1201bf"
#define MODIFY L"0x1301bf"

struct row {
    const char *what;
    const char *source;
    bool twin; /* holds on a kernel that enforces nothing too: the allowed counterpart of a denial */
    bool (*check)(void);
};

extern const struct row file_rows[];
extern const struct row token_rows[];

extern HANDLE strict_token, low_token; /* impersonation tokens */
extern HANDLE strict_primary;
#define PLAIN NULL

/* Makes the directory of the running check with this descriptor (without a P the directory above hands entries down). */
bool row_directory(const wchar_t *sddl);

/* NT path of `name` in the directory of the running check; one of four static buffers in turn. */
const wchar_t *in_row(const wchar_t *name);

/* Creates a file or directory as `token`, with a descriptor or NULL. */
NTSTATUS make_file(HANDLE token, const wchar_t *name, const wchar_t *sddl);
NTSTATUS make_directory(HANDLE token, const wchar_t *name, const wchar_t *sddl);

/* Opens (and, with handle NULL, closes again) as `token`. */
NTSTATUS open_as(HANDLE token, const wchar_t *name, ACCESS_MASK access, HANDLE *handle);

/* The same with disposition and options of NtCreateFile, and relative to `directory` when it is not NULL (name is then a leaf or
 * empty). */
NTSTATUS create_as(HANDLE token, HANDLE directory, const wchar_t *name, ACCESS_MASK access, ULONG disposition, ULONG options,
                   const wchar_t *sddl, HANDLE *handle);

/* NtSetInformationFile: rename (10) or link (11) to `name`, as `token`. */
NTSTATUS rename_as(HANDLE token, HANDLE file, const wchar_t *name, bool replace, bool link);

/* Is there an entry of `type` for `sid` with all of `flags`? Asks the object for its descriptor. */
bool has_ace(const wchar_t *name, const wchar_t *sid, BYTE type, BYTE flags);

/* RID of the object's label, SECURITY_MANDATORY_MEDIUM_RID without one; *flags of its entry. */
DWORD label_of(const wchar_t *name, BYTE *flags);

NTSTATUS set_descriptor(HANDLE token, HANDLE object, SECURITY_INFORMATION parts, const wchar_t *sddl);

/* A descriptor from SDDL, LocalAlloc'ed; ends the program when the text is wrong. */
PSECURITY_DESCRIPTOR descriptor(const wchar_t *sddl);

/* Starts this program again as `--child WHAT` under strict_primary and returns its exit code. */
DWORD run_child(const wchar_t *what);
int child_main(const wchar_t *what, DWORD parent);

#endif
