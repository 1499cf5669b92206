"""Pipes whose descriptor is given, opened for writing by their maker; prints a JSON object of results."""

import ctypes
import json
from ctypes import wintypes

import tokens

kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
INVALID = wintypes.HANDLE(-1).value
kernel32.CreateNamedPipeW.restype = kernel32.CreateFileW.restype = wintypes.HANDLE
kernel32.CreateFileW.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD,
                                 wintypes.DWORD, wintypes.HANDLE]
DUPLEX, GENERIC_READ, GENERIC_WRITE = 3, 0x80000000, 0x40000000


class Attributes(ctypes.Structure):
    _fields_ = [('length', wintypes.DWORD), ('descriptor', ctypes.c_void_p), ('inherit', wintypes.BOOL)]


def descriptor(sddl):
    result = ctypes.c_void_p()
    if not advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, 1, ctypes.byref(result), None):
        raise ctypes.WinError(ctypes.get_last_error())
    return result


def outcome(handle):
    return 'ok' if handle != INVALID else f'error {ctypes.get_last_error()}'


def attempt(name, sddl, access):
    """Two instances of a pipe, and a client for `access`."""
    path, attributes = '\\\\.\\pipe\\sbx-probe-' + name, Attributes(ctypes.sizeof(Attributes), descriptor(sddl), 0)
    instances, found = [], []
    for _ in range(2):
        instances.append(kernel32.CreateNamedPipeW(path, DUPLEX, 0, 4, 4096, 4096, 0, ctypes.byref(attributes)))
        found.append(outcome(instances[-1]))
    client = kernel32.CreateFileW(path, access, 0, None, 3, 0, None)
    found.append(outcome(client))
    for handle in [client, *instances]:
        if handle != INVALID:
            kernel32.CloseHandle(wintypes.HANDLE(handle))
    return found


user = tokens.sid_text(tokens.user_sid())
# What CreateNamedPipeW passes on Windows when it is given none (RtlDefaultNpAcl): all for these, reading for everybody else.
usual = f'D:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;{user})(A;;FR;;;WD)(A;;FR;;;AN)'
print(json.dumps({
    'usual, read': attempt('1', usual, GENERIC_READ),
    'usual, write': attempt('2', usual, GENERIC_READ | GENERIC_WRITE),
    'with owner and label': attempt('3', f'O:{user}' + usual + 'S:(ML;;NW;;;LW)', GENERIC_WRITE),
    'everybody denied': attempt('4', 'D:(D;;GA;;;WD)' + usual[2:], GENERIC_WRITE)}))
