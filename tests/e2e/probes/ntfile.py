"""The native file calls through ctypes, with the NTSTATUS each gives."""

import ctypes
from ctypes import wintypes

ntdll = ctypes.WinDLL('ntdll')
kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)

DELETE, SYNCHRONIZE, READ_DATA, WRITE_DATA, READ_ATTRIBUTES, WRITE_ATTRIBUTES = 0x10000, 0x100000, 1, 2, 0x80, 0x100
SHARE_ALL, SHARE_NO_DELETE = 7, 3
SUPERSEDE, OPEN, CREATE, OPEN_IF, OVERWRITE, OVERWRITE_IF = range(6)
DIRECTORY, SYNCHRONOUS, NOT_DIRECTORY, ON_CLOSE, BACKUP = 1, 0x20, 0x40, 0x1000, 0x4000
RENAME, LINK, DISPOSITION, DISPOSITION_EX, RENAME_EX, LINK_EX = 10, 11, 13, 64, 65, 72
INVALID = ctypes.c_void_p(-1).value


class UnicodeString(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('maximum', ctypes.c_ushort), ('buffer', ctypes.c_void_p)]


class ObjectAttributes(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ulong), ('root', ctypes.c_void_p), ('name', ctypes.POINTER(UnicodeString)),
                ('attributes', ctypes.c_ulong), ('descriptor', ctypes.c_void_p), ('quality', ctypes.c_void_p)]


class IoStatus(ctypes.Structure):
    _fields_ = [('status', ctypes.c_void_p), ('information', ctypes.c_void_p)]


class NameHeader(ctypes.Structure):
    _fields_ = [('flags', ctypes.c_ulong), ('root', ctypes.c_void_p), ('length', ctypes.c_ulong)]


def text(status):
    return f'{status & 0xffffffff:08x}'


def native(path):
    return path if path.startswith('\\??\\') or path[1:2] != ':' else '\\??\\' + path


def attributes_of(name, root=None):
    """OBJECT_ATTRIBUTES of a name; it keeps what it points to alive."""
    encoded = native(name).encode('utf-16-le', 'surrogatepass')
    buffer = ctypes.create_string_buffer(encoded, max(len(encoded), 1))
    string = UnicodeString(len(encoded), len(encoded), ctypes.addressof(buffer))
    attributes = ObjectAttributes(ctypes.sizeof(ObjectAttributes), root, ctypes.pointer(string), 0x40, None, None)
    attributes.keep = buffer, string
    return attributes


def create(name, access, disposition=OPEN, options=0, share=SHARE_ALL, root=None):
    """NtCreateFile: (NTSTATUS, handle or None, information)."""
    handle, io, attributes = wintypes.HANDLE(), IoStatus(), attributes_of(name, root)
    status = ntdll.NtCreateFile(ctypes.byref(handle), access | SYNCHRONIZE, ctypes.byref(attributes), ctypes.byref(io),
                                None, 0x80, share, disposition, options | SYNCHRONOUS, None, 0)
    return text(status), handle.value, io.information or 0


def open_file(name, access, options=0, share=SHARE_ALL, root=None):
    """NtOpenFile: (NTSTATUS, handle or None)."""
    handle, io, attributes = wintypes.HANDLE(), IoStatus(), attributes_of(name, root)
    status = ntdll.NtOpenFile(ctypes.byref(handle), access | SYNCHRONIZE, ctypes.byref(attributes), ctypes.byref(io),
                              share, options | SYNCHRONOUS)
    return text(status), handle.value


def close(handle):
    return text(ntdll.NtClose(wintypes.HANDLE(handle)))


def delete_file(name, root=None):
    attributes = attributes_of(name, root)
    return text(ntdll.NtDeleteFile(ctypes.byref(attributes)))


def set_information(handle, info, size, kind):
    """NtSetInformationFile with a buffer, an address or None: the NTSTATUS."""
    io = IoStatus()
    if isinstance(info, int):
        info = ctypes.c_void_p(info)
    return text(ntdll.NtSetInformationFile(wintypes.HANDLE(handle), ctypes.byref(io), info, size, kind))


def dispose(handle, flags=1, kind=DISPOSITION):
    info = ctypes.c_ubyte(flags) if kind == DISPOSITION else ctypes.c_ulong(flags)
    return set_information(handle, ctypes.byref(info), ctypes.sizeof(info), kind)


def set_name(handle, name, flags=0, kind=RENAME, root=None, length=None):
    """Rename or link an open file."""
    encoded = native(name).encode('utf-16-le', 'surrogatepass')
    at = NameHeader.length.offset + 4
    buffer = ctypes.create_string_buffer(max(at + len(encoded), ctypes.sizeof(NameHeader)))
    header = NameHeader.from_buffer(buffer)
    header.flags, header.root, header.length = flags, root, len(encoded) if length is None else length
    ctypes.memmove(ctypes.addressof(buffer) + at, encoded, len(encoded))
    return set_information(handle, buffer, len(buffer), kind)


def final_name(handle):
    """The last two components of the path of an open file."""
    buffer = ctypes.create_unicode_buffer(2000)
    kernel32.GetFinalPathNameByHandleW(wintypes.HANDLE(handle), buffer, 2000, 0)
    return '\\'.join(buffer.value.split('\\')[-2:])


def write(handle, data):
    written = wintypes.DWORD()
    if not kernel32.WriteFile(wintypes.HANDLE(handle), data, len(data), ctypes.byref(written), None):
        return f'error {ctypes.get_last_error()}'
    return written.value


def win32(done):
    """The last error of a Win32 call that said `done`."""
    return 'ok' if done else f'error {ctypes.get_last_error()}'
