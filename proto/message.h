/* Requests from the shim and replies of the broker.
 *
 * A payload is a fixed sequence of msgpack scalars (unsigned integers and bin), one after the other, with no container
 * around them: no header can announce memory that msgpack-c would then allocate, and there is nothing to nest. A type
 * byte is checked before msgpack-c sees it: positive fixint and uint 8 to 64 for an integer (any of these widths), bin
 * 8 to 32 for a name. The first integer of a request is its operation; each operation has a fixed list of fields (the
 * table in message.c). A wrong type, an integer over the field's range, a name over SBX_NAME_MAX or of odd size, a
 * missing or a trailing byte makes the whole message invalid. Names are UTF-16LE bytes, since a Windows name need not
 * be valid Unicode. */
#ifndef SBX_PROTO_MESSAGE_H
#define SBX_PROTO_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define SBX_PROTOCOL_VERSION 1u
#define SBX_NAME_MAX 65534u /* bytes: the limit of a UNICODE_STRING */

enum sbx_op {
    SBX_OP_HELLO = 1,
    SBX_OP_DELETE,
    SBX_OP_RENAME,
    SBX_OP_LINK,
    SBX_OP_OPEN,
    SBX_OP_STAMP,
    SBX_OP_NOTE,
    SBX_OP_SECURITY,
    SBX_OP_ENDED,
    SBX_OP_COUNT /* one past the last */
};

/* Bytes inside the frame (when unpacked) or of the caller (when packed); never NUL-terminated; size is in bytes. */
struct sbx_name {
    const uint8_t *bytes;
    uint32_t size;
};

struct sbx_hello {
    uint32_t version;
    uint32_t pid;
};

/* NtSetInformationFile with FileDispositionInformation (13) or FileDispositionInformationEx (64). */
struct sbx_delete {
    uint64_t handle;
    uint32_t flags; /* class 13: 0 or 1 (DeleteFile); class 64: FILE_DISPOSITION_* */
    uint32_t info_class;
};
#define SBX_DELETE_LET_GO 0u /* info_class: the program closes a handle that the broker holds something for */
#define SBX_DELETE_HELD 1u   /* reply.information: something is held until then */

/* NtSetInformationFile with FileRenameInformation (10) / Ex (65) or FileLinkInformation (11) / Ex (72). */
struct sbx_rename {
    uint64_t handle;
    uint64_t directory; /* RootDirectory, 0 for none */
    struct sbx_name name;
    uint32_t flags; /* classes 10 and 11: 0 or 1 (ReplaceIfExists); 65 and 72: FILE_RENAME_* or FILE_LINK_* */
    uint32_t info_class;
};

/* NtCreateFile, NtOpenFile or NtDeleteFile that only the broker can do. */
#define SBX_OPEN_NO_HANDLE 1u /* NtDeleteFile: the object is opened and closed by the broker, no handle comes back */
#define SBX_OPEN_KEPT                                                                                                  \
    0x100u /* in reply.information: the broker keeps a handle with DELETE until the program closes its own */
struct sbx_open {
    uint64_t directory;
    struct sbx_name name;
    uint32_t object_attributes; /* OBJ_CASE_INSENSITIVE and OBJ_INHERIT count, the rest is ignored */
    uint32_t access;            /* generic bits already mapped or not: the broker maps them */
    uint32_t file_attributes;
    uint32_t share;
    uint32_t disposition;
    uint32_t options;
    uint32_t flags; /* SBX_OPEN_* */
};

/* A write open was denied: give the object our ACE. handle, or (0, directory, name) for the directory in which
 * something was to be created under that name. */
struct sbx_stamp {
    uint64_t handle;
    uint64_t directory;
    struct sbx_name name;
};

/* NtSetSecurityObject with a DACL. */
struct sbx_security {
    uint64_t handle;
    uint32_t control;     /* SECURITY_DESCRIPTOR_CONTROL: of it SE_DACL_PROTECTED and SE_DACL_AUTO_INHERITED count */
    struct sbx_name dacl; /* an ACL as bytes */
};

/* A process was told to end (NtTerminateProcess): what is held for it is to go with it. */
struct sbx_ended {
    uint64_t process;
};

/* Something for the user to know; nothing is done. */
#define SBX_NOTE_DENIED 1u     /* outside the roots the system denied a change of `name` (an NT name) */
#define SBX_NOTE_NO_SHIM 2u    /* a child cannot take the shim; `name` is empty */
#define SBX_NOTE_UNREADABLE 3u /* the system denied reading `name` (an NT name) */
struct sbx_note {
    uint32_t kind;
    struct sbx_name name;
};

struct sbx_request {
    uint32_t op; /* enum sbx_op */
    union {
        struct sbx_hello hello;
        struct sbx_delete del;
        struct sbx_rename rename; /* also SBX_OP_LINK */
        struct sbx_open open;
        struct sbx_stamp stamp;
        struct sbx_note note;
        struct sbx_security security;
        struct sbx_ended ended;
    } u;
};

/* Every reply has the same fields. */
struct sbx_reply {
    uint32_t status;      /* NTSTATUS for the call */
    uint64_t information; /* IO_STATUS_BLOCK.Information and SBX_OPEN_KEPT (open), protocol version (hello),
                             SBX_DELETE_HELD (delete) */
    uint64_t handle;      /* open: a handle in the calling process, 0 for none */
};

/* Upper bound of a packed reply, header included: fits every struct sbx_reply. */
#define SBX_REPLY_FRAME_MAX 64u

/* Packs *request as a whole frame (header and payload) into `out` of `capacity` bytes. Returns the frame's size in
 * bytes, or 0 when it does not fit, the operation is unknown, or a name is over SBX_NAME_MAX or of odd size. Allocates
 * nothing. */
size_t sbx_request_pack(const struct sbx_request *request, uint8_t *out, size_t capacity);

/* Unpacks a payload (no header). Names in *request point into `payload`. Returns 0, or -1 when the payload is not
 * exactly one valid request; *request is then undefined. What msgpack-c allocates for a name is of fixed size and freed
 * before the return. */
int sbx_request_unpack(struct sbx_request *request, const uint8_t *payload, size_t size);

/* The same for replies. */
size_t sbx_reply_pack(const struct sbx_reply *reply, uint8_t *out, size_t capacity);
int sbx_reply_unpack(struct sbx_reply *reply, const uint8_t *payload, size_t size);

/* Name of an operation for people ("rename"), or "unknown". Static string. */
const char *sbx_op_name(uint32_t op);

#endif
