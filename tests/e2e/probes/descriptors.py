"""Print a line for each object of a tree: its path below the top and its security descriptor (owner, group, DACL) and label in hex.

With a second argument each object first gets what it has as a descriptor of its own: Wine makes one up, from the directory above, for a
file that did not come from a Windows program.
"""
import ctypes
import os
import sys

advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
WHAT, DACL = 0x17, 0x4
buffer = ctypes.create_string_buffer(65536)


def number(text, at, size):
    return int.from_bytes(text[at:at + size], 'little')


def sid(text, at):
    return text[at:at + 8 + 4 * text[at + 1]] if at else b''


def acl(text, at):
    return text[at:at + number(text, at + 2, 2)] if at else b''


def descriptor(path):
    """The control bits of the DACL, owner, group, DACL and the entries of the label: a label that is taken away leaves an empty list
    behind, which means the same as none."""
    path = ctypes.c_wchar_p('\\\\?\\' + path)
    needed = ctypes.c_ulong()
    if not advapi32.GetFileSecurityW(path, WHAT, buffer, len(buffer), ctypes.byref(needed)):
        raise ctypes.WinError(ctypes.get_last_error())
    if len(sys.argv) > 2 and not advapi32.SetFileSecurityW(path, DACL, buffer):
        raise ctypes.WinError(ctypes.get_last_error())
    text = buffer.raw
    owner, group, sacl, dacl = (number(text, at, 4) for at in (4, 8, 12, 16))
    return ' '.join([f'{number(text, 2, 2) & 0x150C:04x}', sid(text, owner).hex(), sid(text, group).hex(), acl(text, dacl).hex(),
                     acl(text, sacl)[8:].hex()])


top = sys.argv[1]
out = ['\t' + descriptor(top)]
for directory, directories, files in os.walk(top):
    for name in directories + files:
        path = os.path.join(directory, name)
        out.append(path[len(top) + 1:] + '\t' + descriptor(path))
sys.stdout.reconfigure(encoding='utf-8', errors='surrogatepass')
print('\n'.join(sorted(out)))
