"""A directory in which one case of matrix.py makes its calls, each with its result written down."""

import ctypes
import os
from ctypes import wintypes

from ntfile import IoStatus, attributes_of, kernel32, ntdll

kernel32.CreateFileW.restype = wintypes.HANDLE
kernel32.CreateFileW.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD,
                                 wintypes.DWORD, wintypes.HANDLE]
kernel32.CloseHandle.argtypes = [wintypes.HANDLE]
kernel32.GetFinalPathNameByHandleW.argtypes = [wintypes.HANDLE, wintypes.LPWSTR, wintypes.DWORD, wintypes.DWORD]
kernel32.SetFileInformationByHandle.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
DELETE, READ, WRITE, SYNCHRONIZE = 0x10000, 0x120089, 0x120116, 0x100000
SHARE_ALL, SHARE_NO_DELETE = 7, 3
DIRECTORY, DELETE_ON_CLOSE, SYNCHRONOUS, BACKUP = 1, 0x1000, 0x20, 0x4000


class Directory:
    """An empty directory of one case, and the calls in it."""

    def __init__(self, path):
        self.path = path
        os.mkdir(path)
        self.log = []

    def at(self, name):
        return self.path + '\\' + name

    def file(self, name, text='text'):
        with open(self.at(name), 'w') as file:
            file.write(text)
        return self.at(name)

    def folder(self, name):
        os.mkdir(self.at(name))
        return self.at(name)

    def note(self, value):
        self.log.append(value)

    def status(self, value):
        self.log.append(f'{value & 0xffffffff:#010x}')

    def win32(self, done):
        self.log.append('ok' if done else ctypes.get_last_error())

    def open(self, name, access, share=SHARE_ALL, disposition=3, flags=0x02000000):
        handle = kernel32.CreateFileW(self.at(name), access, share, None, disposition, flags, None)
        if handle == wintypes.HANDLE(-1).value:
            self.note(f'open: {ctypes.get_last_error()}')
            return None
        return handle

    def nt_open(self, name, access, share=SHARE_ALL, disposition=1, options=SYNCHRONOUS, directory=None):
        handle, io = wintypes.HANDLE(), IoStatus()
        full = name if directory else '\\??\\' + self.at(name)
        result = ntdll.NtCreateFile(ctypes.byref(handle), access | SYNCHRONIZE, ctypes.byref(attributes_of(full, directory)),
                                    ctypes.byref(io), None, 0x80, share, disposition, options, None, 0)
        self.status(result)
        if result >= 0:
            self.note(io.information)
        return handle if result >= 0 else None

    def set(self, handle, kind, data):
        io = IoStatus()
        buffer = ctypes.create_string_buffer(data, len(data))
        self.status(ntdll.NtSetInformationFile(handle, ctypes.byref(io), buffer, len(data), kind))

    def rename(self, handle, name, kind=10, flags=0, directory=None):
        data = name.encode('utf-16-le', 'surrogatepass')
        head = flags.to_bytes(8, 'little') + (getattr(directory, 'value', directory) or 0).to_bytes(8, 'little')
        self.set(handle, kind, head + len(data).to_bytes(4, 'little') + data + b'\0\0\0\0')

    def nt(self, name):
        return '\\??\\' + self.at(name)

    def close(self, handle):
        if handle is not None:
            kernel32.CloseHandle(handle)

    def tree(self):
        found = {}
        for parent, folders, files in os.walk(self.path):
            for name in folders:
                found[os.path.relpath(os.path.join(parent, name), self.path)] = 'directory'
            for name in files:
                path = os.path.join(parent, name)
                try:
                    with open(path) as file:
                        found[os.path.relpath(path, self.path)] = file.read()
                except OSError as error:
                    found[os.path.relpath(path, self.path)] = f'errno {error.errno}'
        return sorted(found.items())
