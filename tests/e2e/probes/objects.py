"""Named objects for the current user alone, made here and opened by a child: prints a JSON object of errors. usage: objects.py [TAG]"""

import ctypes
import json
import os
import subprocess
import sys
from ctypes import wintypes

kernel32, advapi32 = ctypes.WinDLL('kernel32', use_last_error=True), ctypes.WinDLL('advapi32', use_last_error=True)
kernel32.GetCurrentProcess.restype = wintypes.HANDLE
NO_FILE = wintypes.HANDLE(-1)
# How each is made, with what follows the security attributes, and opened by name with every use that a program has.
KINDS = {
    'mutex': ('CreateMutexW', lambda sa, name: (sa, False, name), 'OpenMutexW', 0x100001),
    'event': ('CreateEventW', lambda sa, name: (sa, True, False, name), 'OpenEventW', 0x100002),
    'semaphore': ('CreateSemaphoreW', lambda sa, name: (sa, 1, 5, name), 'OpenSemaphoreW', 0x100002),
    'timer': ('CreateWaitableTimerW', lambda sa, name: (sa, True, name), 'OpenWaitableTimerW', 0x100002),
    'section': ('CreateFileMappingW', lambda sa, name: (NO_FILE, sa, 4, 0, 4096, name), 'OpenFileMappingW', 6),
}


class SecurityAttributes(ctypes.Structure):
    _fields_ = [('length', wintypes.DWORD), ('descriptor', ctypes.c_void_p), ('inherit', wintypes.BOOL)]


def for_the_user():
    token, size, buffer, text = wintypes.HANDLE(), wintypes.DWORD(), ctypes.create_string_buffer(256), wintypes.LPWSTR()
    assert advapi32.OpenProcessToken(wintypes.HANDLE(kernel32.GetCurrentProcess()), 8, ctypes.byref(token))
    assert advapi32.GetTokenInformation(token, 1, buffer, 256, ctypes.byref(size))
    assert advapi32.ConvertSidToStringSidW(ctypes.c_void_p.from_buffer(buffer), ctypes.byref(text))
    descriptor = ctypes.c_void_p()
    sddl = f'O:{text.value}D:P(A;;GA;;;{text.value})'
    assert advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, 1, ctypes.byref(descriptor), None)
    return SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, False)


def call(name, *arguments):
    function = getattr(kernel32, name)
    function.restype = wintypes.HANDLE
    return 0 if function(*arguments) else ctypes.get_last_error()


if len(sys.argv) > 1:
    print(json.dumps({kind: call(opens, access, False, f'Local\\{kind}{sys.argv[1]}') for kind, (_, _, opens, access) in KINDS.items()}))
else:
    attributes = for_the_user()
    for kind, (makes, arguments, *_) in KINDS.items():
        error = call(makes, *arguments(ctypes.byref(attributes), f'Local\\{kind}{os.getpid()}'))
        assert not error, (kind, error)
    child = subprocess.run([sys.executable, __file__, str(os.getpid())], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    sys.stderr.write(child.stderr)
    print(child.stdout.strip())
