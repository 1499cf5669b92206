"""What the token of this process says, through ctypes."""

import ctypes
from ctypes import wintypes

advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
kernel32.GetCurrentProcess.restype = wintypes.HANDLE
advapi32.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.POINTER(wintypes.HANDLE)]
advapi32.GetTokenInformation.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
                                         ctypes.POINTER(wintypes.DWORD)]
advapi32.GetSidSubAuthority.restype = ctypes.POINTER(wintypes.DWORD)
advapi32.GetSidSubAuthority.argtypes = [ctypes.c_void_p, wintypes.DWORD]
advapi32.GetSidSubAuthorityCount.restype = ctypes.POINTER(ctypes.c_ubyte)
advapi32.GetSidSubAuthorityCount.argtypes = [ctypes.c_void_p]
advapi32.ConvertSidToStringSidW.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_wchar_p)]
TOKEN_USER, TOKEN_GROUPS, TOKEN_PRIVILEGES, TOKEN_RESTRICTED_SIDS, TOKEN_INTEGRITY = 1, 2, 3, 11, 25
DENY_ONLY = 0x10


class SidAndAttributes(ctypes.Structure):
    _fields_ = [('sid', ctypes.c_void_p), ('attributes', wintypes.DWORD)]


class LuidAndAttributes(ctypes.Structure):
    _fields_ = [('low', wintypes.DWORD), ('high', wintypes.LONG), ('attributes', wintypes.DWORD)]


def token():
    handle = wintypes.HANDLE()
    if not advapi32.OpenProcessToken(kernel32.GetCurrentProcess(), 8, ctypes.byref(handle)):
        raise ctypes.WinError(ctypes.get_last_error())
    return handle


def information(kind):
    handle, size = token(), wintypes.DWORD()
    advapi32.GetTokenInformation(handle, kind, None, 0, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(max(size.value, 16))
    if not advapi32.GetTokenInformation(handle, kind, buffer, size, ctypes.byref(size)):
        raise ctypes.WinError(ctypes.get_last_error())
    return buffer


def sid_text(sid):
    text = ctypes.c_wchar_p()
    if not advapi32.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        raise ctypes.WinError(ctypes.get_last_error())
    return text.value


user_buffer = information(TOKEN_USER)


def user_sid():
    return SidAndAttributes.from_buffer(user_buffer).sid


def sid_list(kind):
    """(SID, attributes) of a TOKEN_GROUPS."""
    buffer = information(kind)
    count = wintypes.DWORD.from_buffer(buffer).value
    array = (SidAndAttributes * count).from_buffer(buffer, 8) if count else []
    return [(sid_text(entry.sid), entry.attributes) for entry in array]


def privileges():
    buffer = information(TOKEN_PRIVILEGES)
    names = []
    for entry in (LuidAndAttributes * wintypes.DWORD.from_buffer(buffer).value).from_buffer(buffer, 4):
        name, size = ctypes.create_unicode_buffer(100), wintypes.DWORD(100)
        advapi32.LookupPrivilegeNameW(None, ctypes.byref(entry), name, ctypes.byref(size))
        names.append(name.value)
    return sorted(names)


def integrity():
    buffer = information(TOKEN_INTEGRITY)
    sid = SidAndAttributes.from_buffer(buffer).sid
    level = advapi32.GetSidSubAuthority(sid, 0)[0]
    return {0x1000: 'low', 0x2000: 'medium', 0x3000: 'high', 0x4000: 'system'}.get(level, hex(level))


def administrators():
    for sid, attributes in sid_list(TOKEN_GROUPS):
        if sid == 'S-1-5-32-544':
            return 'deny-only' if attributes & DENY_ONLY else 'enabled'
    return 'not a member'
