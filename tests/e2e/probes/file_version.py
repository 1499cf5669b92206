"""Print the version resource of program files: path, FileVersion, ProductVersion, the numbers, OriginalFilename."""

import ctypes
import sys

version = ctypes.WinDLL('version', use_last_error=True)
version.GetFileVersionInfoSizeW.argtypes = [ctypes.c_wchar_p, ctypes.c_void_p]
version.GetFileVersionInfoW.argtypes = [ctypes.c_wchar_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p]
version.VerQueryValueW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p, ctypes.POINTER(ctypes.c_void_p),
                                   ctypes.POINTER(ctypes.c_uint32)]


def query(block, name):
    where, size = ctypes.c_void_p(), ctypes.c_uint32()
    if not version.VerQueryValueW(block, name, ctypes.byref(where), ctypes.byref(size)):
        raise LookupError(name)
    return where.value


for path in sys.argv[1:]:
    size = version.GetFileVersionInfoSizeW(path, None)
    block = ctypes.create_string_buffer(size)
    if not size or not version.GetFileVersionInfoW(path, 0, size, block):
        raise ctypes.WinError(ctypes.get_last_error())
    words = [ctypes.wstring_at(query(block, '\\StringFileInfo\\040904B0\\' + name))
             for name in ('FileVersion', 'ProductVersion', 'OriginalFilename')]
    # VS_FIXEDFILEINFO: signature, structure version, then the file version in two halves.
    fixed = (ctypes.c_uint32 * 4).from_address(query(block, '\\'))
    numbers = f'{fixed[2] >> 16}.{fixed[2] & 0xffff}.{fixed[3] >> 16}.{fixed[3] & 0xffff}'
    print(words[0], words[1], numbers, words[2])
