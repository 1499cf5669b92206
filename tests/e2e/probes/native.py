"""Everything that destroys, tried with the system's own calls on what lies outside. One line for each: name TAB outcome.

arguments: DIRECTORY (its content is spent), a file of one's own to move over things
"""

import ctypes
import os
import sys
from ctypes import wintypes

kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
kernel32.CreateFileW.restype = wintypes.HANDLE
INVALID = wintypes.HANDLE(-1).value
DELETE, WRITE_DAC, WRITE_OWNER, WRITE_ATTRIBUTES, DELETE_CHILD = 0x10000, 0x40000, 0x80000, 0x100, 0x40
BACKUP, ON_CLOSE, EXISTING, TRUNCATE = 0x02000000, 0x04000000, 3, 5
directory, own = sys.argv[1:]


def path(name):
    return os.path.join(directory, name)


def opened(name, access, flags=BACKUP, disposition=EXISTING):
    handle = kernel32.CreateFileW(path(name), access, 7, None, disposition, flags, None)
    if handle == INVALID:
        raise ctypes.WinError(ctypes.get_last_error())
    kernel32.CloseHandle(wintypes.HANDLE(handle))


def called(result):
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())


def over(name):
    with open(own, 'w') as file:
        file.write('other')
    os.replace(own, path(name))


TRIES = [
    ('delete a file', lambda: os.unlink(path('a'))),
    ('delete on close', lambda: opened('b', DELETE, ON_CLOSE)),
    ('delete an empty directory', lambda: os.rmdir(path('empty'))),
    ('rename a file beside', lambda: os.rename(path('c'), path('c2'))),
    ('move a file away', lambda: os.rename(path('d'), own + '.taken')),
    ('rename a directory', lambda: os.rename(path('full'), path('full2'))),
    ('move over a file', lambda: over('e')),
    ('move a new file in', lambda: over('new')),
    ('move one file over another', lambda: os.replace(path('f'), path('g'))),
    ('ReplaceFile', lambda: called(kernel32.ReplaceFileW(path('h'), path('i'), None, 0, None, None))),
    ('truncate', lambda: opened('j', 0x40000000, 0, TRUNCATE)),
    ('write', lambda: opened('k', 0x2)),
    ('append', lambda: opened('k', 0x4)),
    ('create a file', lambda: open(path('made'), 'x').close()),
    ('create a directory', lambda: os.mkdir(path('made-too'))),
    ('attributes', lambda: os.chmod(path('k'), 0o444)),
    ('times', lambda: os.utime(path('k'), (1, 1))),
    ('its DACL', lambda: opened('k', WRITE_DAC)),
    ('its owner', lambda: opened('k', WRITE_OWNER)),
    ('DELETE_CHILD of the directory', lambda: opened('', DELETE_CHILD)),
    ('the DACL of the directory', lambda: opened('', WRITE_DAC)),
    ('rename the directory', lambda: os.rename(directory, directory + '2')),
]

for name, action in TRIES:
    try:
        action()
        print(name, 'done', sep='\t')
    except OSError as error:
        # open() gives the C runtime's EACCES alone, which stands for error 5.
        print(name, f'error {error.winerror or {13: 5}.get(error.errno, error.errno)}', sep='\t')
