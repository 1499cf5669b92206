"""Every way to what is hidden: prints a JSON object of what came of each. usage: hidden.py SECRET_DIRECTORY ROOT"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from ctypes import wintypes

import ntfile as nt

EXECUTE, LIST, READ_CONTROL, BY_ID = 0x20, 1, 0x20000, 0x2000
secret, root = sys.argv[1:3]
key = secret + '\\key.txt'
# A handle to the directory above, from before: what is opened relative to it has no path.
above = nt.create(os.path.dirname(secret), LIST | nt.READ_ATTRIBUTES, options=nt.DIRECTORY)[1]


def attempt(call):
    try:
        return call()
    except OSError as error:
        return f'error {error.winerror or error.errno}'


def opened(access, name=key, options=0, at=None):
    status, handle, _ = nt.create(name, access, options=options, root=at)
    if handle:
        nt.close(handle)
    return status


def mapped():
    status, handle, _ = nt.create(key, nt.READ_DATA)
    if not handle:
        return status
    nt.kernel32.CreateFileMappingW.restype = wintypes.HANDLE
    mapping = nt.kernel32.CreateFileMappingW(wintypes.HANDLE(handle), None, 2, 0, 0, None)
    nt.close(handle)
    return 'mapped' if mapping else f'error {ctypes.get_last_error()}'


def by_id():
    """With the identity that the directory above could give: the caller of this program knows it."""
    name = int(sys.argv[3]).to_bytes(8, 'little')
    attributes = nt.attributes_of('')
    buffer = ctypes.create_string_buffer(name, 8)
    string = nt.UnicodeString(8, 8, ctypes.addressof(buffer))
    attributes.name, attributes.root = ctypes.pointer(string), above
    handle, io = wintypes.HANDLE(), nt.IoStatus()
    status = nt.ntdll.NtCreateFile(ctypes.byref(handle), nt.READ_DATA | nt.SYNCHRONIZE, ctypes.byref(attributes), ctypes.byref(io), None, 0,
                                   nt.SHARE_ALL, nt.OPEN, BY_ID | nt.SYNCHRONOUS, None, 0)
    return nt.text(status)


def moved(kind):
    """Out of the hidden place through a handle that asks for as little as it can."""
    status, handle, _ = nt.create(key, nt.READ_ATTRIBUTES)
    if not handle:
        status, handle, _ = nt.create(key, 0)
    if not handle:
        return status
    status = nt.set_name(handle, root + '\\stolen.txt', kind=kind)
    nt.close(handle)
    return status


def child():
    done = subprocess.run([sys.executable, '-c', f'print(open({key!r}).read())'], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode


found = {
    'read': attempt(lambda: open(key).read()),
    'read again for execution': opened(EXECUTE),
    'read attributes': opened(nt.READ_ATTRIBUTES),
    'read descriptor': opened(READ_CONTROL),
    'list': attempt(lambda: sorted(os.listdir(secret))),
    'read relative': opened(nt.READ_DATA, os.path.basename(secret) + '\\key.txt', at=above),
    'read by id': by_id(),
    'map': mapped(),
    'below': attempt(lambda: open(secret + '\\below\\deep.txt').read()),
    'copy': attempt(lambda: shutil.copyfile(key, root + '\\copied.txt')),
    'run': attempt(lambda: subprocess.run([secret + '\\tool.exe', '-h'], stdin=subprocess.DEVNULL, capture_output=True).returncode),
    'write': attempt(lambda: open(key, 'a').close()),
    'make': attempt(lambda: open(secret + '\\new.txt', 'w').close()),
    'delete': attempt(lambda: os.unlink(secret + '\\gone.txt')),
    'rename in place': attempt(lambda: os.rename(secret, secret + '2') or os.rename(secret + '2', secret)),
    'link out': moved(nt.LINK),
    'rename out': moved(nt.RENAME),
    'child': child(),
}
print(json.dumps(found))
