"""Security descriptors of files through ctypes."""

import ctypes
from ctypes import wintypes

advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
kernel32.CreateFileW.restype = wintypes.HANDLE
DACL = 4
SACL = 8
LABEL = 0x10
PROTECTED = 0x80000000
READ_CONTROL = 0x20000
WRITE_OWNER = 0x80000


def check(done):
    if not done:
        raise ctypes.WinError(ctypes.get_last_error())


def set_dacl(path, sddl):
    """Give `path` exactly this DACL; nothing is inherited or handed down."""
    descriptor = ctypes.c_void_p()
    check(advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(ctypes.c_wchar_p(sddl), 1, ctypes.byref(descriptor),
                                                                       None))
    check(advapi32.SetFileSecurityW(ctypes.c_wchar_p(path), wintypes.DWORD(DACL | PROTECTED), descriptor))


def open_for(path, access):
    open_existing, backup_semantics = 3, 0x02000000
    file = kernel32.CreateFileW(ctypes.c_wchar_p(path), access, 7, None, open_existing, backup_semantics, None)
    check(file != wintypes.HANDLE(-1).value)
    return wintypes.HANDLE(file)


def set_label(path, sddl):
    """Give `path` this label; an empty one takes it away."""
    descriptor = ctypes.c_void_p()
    check(advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(ctypes.c_wchar_p(sddl), 1, ctypes.byref(descriptor),
                                                                       None))
    file = open_for(path, WRITE_OWNER)
    check(advapi32.SetKernelObjectSecurity(file, LABEL, descriptor))
    kernel32.CloseHandle(file)


def read(path, what=DACL):
    """The descriptor of `path` in SDDL."""
    # By handle: Wine's GetFileSecurityW asks for more than READ_CONTROL when a label is wanted.
    file = open_for(path, READ_CONTROL)
    size = wintypes.DWORD()
    advapi32.GetKernelObjectSecurity(file, what, None, 0, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    check(advapi32.GetKernelObjectSecurity(file, what, buffer, size, ctypes.byref(size)))
    kernel32.CloseHandle(file)
    text = ctypes.c_wchar_p()
    # Wine writes a label down only when the SACL is wanted.
    wanted = what | SACL if what & LABEL else what
    check(advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(buffer, 1, wanted, ctypes.byref(text), None))
    return text.value


RIGHTS = {'FA': 0x1f01ff, 'FR': 0x120089, 'FW': 0x120116, 'FX': 0x1200a0, 'DT': 0x40, 'DC': 2, 'SD': 0x10000}


def entries(sddl):
    """The ACEs of an SDDL text: (type, flags, mask, sid)."""
    for ace in sddl.split('(')[1:]:
        kind, flags, rights, _, _, sid = ace.split(')')[0].split(';')[:6]
        if rights.startswith('0x'):
            mask = int(rights, 16)
        else:
            mask = 0
            for i in range(0, len(rights), 2):
                mask |= RIGHTS.get(rights[i:i + 2], 0)
        yield kind, flags, mask, sid


def capability_entries(path):
    """Entries of `path` for the capability SIDs that sbx makes, as icacls prints their rights."""
    found = []
    for kind, flags, mask, sid in entries(read(path)):
        if kind == 'A' and sid.startswith('S-1-5-21-') and mask == 0x1201bf:
            marks = ''.join(f'({flags[i:i + 2]})' for i in range(0, len(flags), 2)).replace('(ID)', '(I)')
            found.append(marks + '(RX,W)')
    return found
