"""A program that sets DACLs: prints a JSON object of results. usage: own_dacl.py ROOT OUTSIDE"""

import ctypes
import json
import os
import sys
from ctypes import wintypes

advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
kernel32.GetCurrentProcess.restype = wintypes.HANDLE
DACL = 4
root, outside = sys.argv[1:3]


def user():
    token, size, buffer, text = wintypes.HANDLE(), wintypes.DWORD(), ctypes.create_string_buffer(256), wintypes.LPWSTR()
    assert advapi32.OpenProcessToken(wintypes.HANDLE(kernel32.GetCurrentProcess()), 8, ctypes.byref(token))
    assert advapi32.GetTokenInformation(token, 1, buffer, 256, ctypes.byref(size))
    assert advapi32.ConvertSidToStringSidW(ctypes.c_void_p.from_buffer(buffer), ctypes.byref(text))
    return text.value


def set_dacl(path, sddl):
    descriptor = ctypes.c_void_p()
    assert advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, 1, ctypes.byref(descriptor), None), sddl
    return 0 if advapi32.SetFileSecurityW(path, DACL, descriptor) else ctypes.get_last_error()


def attempt(call, *arguments):
    try:
        call(*arguments)
        return 0
    except OSError as error:
        return error.winerror


def write(path):
    with open(path, 'a') as file:
        file.write('more')


def use(path):
    """What a program does with a file that is its own."""
    return [attempt(write, path), attempt(os.replace, path, path + '.2'), attempt(os.replace, path + '.2', path)]


owner = f'D:P(A;;FA;;;{user()})'
write(root + '\\made')
os.mkdir(root + '\\directory')
results = {}
for name, sddl in (('made', owner), ('older', owner), ('older for everyone', owner + '(A;;FA;;;WD)')):
    results[name] = [set_dacl(f'{root}\\{name}', sddl), use(f'{root}\\{name}')]
results['directory'] = [set_dacl(root + '\\directory', f'D:P(A;OICI;FA;;;{user()})(A;OICI;FA;;;WD)'), attempt(write, root + '\\directory\\new'),
                        attempt(os.unlink, root + '\\directory\\new')]
results['outside'] = [set_dacl(outside + '\\kept', owner)]
print(json.dumps(results))
