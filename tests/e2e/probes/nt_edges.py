"""What surrounds the calls of nt_calls.py: status blocks, inheritance, last errors, odd handles, read-only targets, bad pointers.

Prints a JSON object as nt_calls.py does.
"""

import ctypes
import json
import os
import sys
from ctypes import wintypes

import nt_calls
import ntfile as nt
from nt_calls import by_handle, make

CASES = {}
INHERIT, MAXIMUM_ALLOWED, GENERIC_ALL, REPARSE_POINT = 2, 0x2000000, 0x10000000, 0x200000
IGNORE_READ_ONLY = 0x40
kernel32 = nt.kernel32


def case(function):
    CASES[function.__name__] = function
    return function


def raw_set(handle, info, size, kind):
    """NTSTATUS and the status block, which held other values before."""
    io = nt.IoStatus(0x77, 0x7777)
    status = nt.ntdll.NtSetInformationFile(wintypes.HANDLE(handle), ctypes.byref(io), info, size, kind)
    return [nt.text(status), nt.text(io.status or 0) if status == 0 else '', (io.information or 0) if status == 0 else '']


def opened(path, access=nt.DELETE, attributes=0x40, disposition=nt.OPEN, options=0, root=None):
    """NtCreateFile: [NTSTATUS, status block, ...] and the handle."""
    handle, io, name = wintypes.HANDLE(), nt.IoStatus(0x77, 0x7777), nt.attributes_of(path, root)
    name.attributes = attributes
    status = nt.ntdll.NtCreateFile(ctypes.byref(handle), access | nt.SYNCHRONIZE, ctypes.byref(name), ctypes.byref(io), None, 0x80,
                                   nt.SHARE_ALL, disposition, options | nt.SYNCHRONOUS, None, 0)
    found = [nt.text(status)] + ([nt.text(io.status or 0), io.information or 0] if status == 0 else [])
    return found, handle.value


def inherits(handle):
    flags = wintypes.DWORD()
    kernel32.GetHandleInformation(wintypes.HANDLE(handle), ctypes.byref(flags))
    return flags.value


@case
def status_blocks(d):
    found = []
    for options, disposition in ((0, nt.OPEN), (nt.ON_CLOSE, nt.OPEN), (nt.ON_CLOSE, nt.OPEN_IF), (nt.ON_CLOSE, nt.CREATE)):
        path = d + f'\\f{options}{disposition}'
        if disposition != nt.CREATE:
            make(d, f'f{options}{disposition}')
        answer, handle = opened(path, nt.DELETE | nt.READ_ATTRIBUTES, options=options, disposition=disposition)
        found.append(answer)
        if handle and not options:
            one = ctypes.c_ubyte(1)
            found.append(raw_set(handle, ctypes.byref(one), 1, nt.DISPOSITION))
        found.append(handle and nt.close(handle))
    return found


@case
def inheritance(d):
    found = []
    for attributes in (0x40, 0x40 | INHERIT):
        for options in (0, nt.ON_CLOSE):
            answer, handle = opened(make(d, f'f{attributes}{options}'), nt.DELETE, attributes, options=options)
            found.append([answer[0], handle and inherits(handle), handle and nt.close(handle)])
    return found


@case
def last_error_after_success(d):
    # Two names that are there, two that are not.
    paths, found = make(d, 'a', 'b', 'c'), []
    for call in (lambda: kernel32.DeleteFileW(paths[0]), lambda: kernel32.MoveFileExW(paths[1], d + '\\b2', 1),
                 lambda: kernel32.ReplaceFileW(d + '\\b2', paths[2], None, 0, None, None),
                 lambda: kernel32.DeleteFileW(d + '\\no'), lambda: kernel32.MoveFileExW(d + '\\no', d + '\\x', 1)):
        ctypes.set_last_error(1234)
        found.append([bool(call()), ctypes.get_last_error()])
    return found


@case
def read_only_files(d):
    paths = make(d, 'a', 'b', 'c', 'e', 'f')
    for path in paths[1:4]:
        os.chmod(path, 0o444)
    found = [by_handle(paths[0], lambda h: nt.set_name(h, paths[1], 1)),
             by_handle(paths[2], lambda h: nt.set_name(h, d + '\\c2')),
             by_handle(paths[4], lambda h: nt.set_name(h, paths[3], 1 | IGNORE_READ_ONLY, nt.RENAME_EX)),
             nt.win32(kernel32.MoveFileExW(d + '\\c2', d + '\\c3', 1)), nt.win32(kernel32.DeleteFileW(d + '\\c3'))]
    for name in os.listdir(d):
        os.chmod(os.path.join(d, name), 0o666)
    return found


@case
def replace_file_flags(d):
    found = []
    for flags in (1, 2, 4, 6):
        a, b = make(d, f'a{flags}', f'b{flags}')
        found.append(nt.win32(kernel32.ReplaceFileW(a, b, f'{d}\\backup{flags}', flags, None, None)))
    return found


@case
def names_relative_to_a_handle(d):
    os.makedirs(d + '\\x\\deep')
    make(d + '\\x', 'a', 'b', 'c', 'e')
    make(d + '\\x\\deep', 'f')
    _, directory = nt.open_file(d + '\\x', nt.READ_DATA, nt.DIRECTORY)
    found = [nt.delete_file('a', directory), nt.delete_file('deep\\f', directory), nt.delete_file('no', directory)]
    answer, handle = opened('b', root=directory)
    found += [answer, nt.set_name(handle, 'deep\\b', root=directory), nt.close(handle)]
    answer, handle = opened('c', root=directory, options=nt.ON_CLOSE)
    found += [answer, nt.close(handle)]
    status, handle = nt.open_file('e', nt.DELETE, root=directory)
    return found + [status, nt.dispose(handle), nt.close(handle), nt.close(directory)]


@case
def kinds_of_access(d):
    found = []
    for access in (MAXIMUM_ALLOWED, GENERIC_ALL, nt.DELETE | nt.READ_DATA, nt.DELETE | nt.WRITE_DATA):
        for options in (0, REPARSE_POINT, nt.BACKUP):
            found.append(by_handle(make(d, f'f{access:x}{options:x}'), nt.dispose, access, options))
    return found


@case
def duplicated_handle(d):
    status, handle = nt.open_file(make(d, 'a'), nt.DELETE)
    copy, process = wintypes.HANDLE(), wintypes.HANDLE(-1)
    done = kernel32.DuplicateHandle(process, wintypes.HANDLE(handle), process, ctypes.byref(copy), 0, False, 2)
    return [status, bool(done), nt.close(handle), nt.set_name(copy.value, d + '\\b'), nt.set_name(copy.value, d + '\\c'),
            nt.dispose(copy.value), nt.close(copy.value), os.listdir(d)]


@case
def directory_with_a_handle_in_it(d):
    os.mkdir(d + '\\x')
    _, inner, _ = nt.create(make(d + '\\x', 'f'), nt.READ_DATA)
    found = [by_handle(d + '\\x', nt.dispose, options=nt.DIRECTORY)]
    found.append(nt.win32(kernel32.RemoveDirectoryW(d + '\\x')))
    return found + [nt.close(inner)]


@case
def write_times_of_the_moved(d):
    os.mkdir(d + '\\x')
    path = make(d + '\\x', 'a')
    os.utime(path, (1000000000, 1000000000))
    os.utime(d + '\\x', (1000000000, 1000000000))
    by_handle(d + '\\x', lambda h: nt.set_name(h, d + '\\y'), options=nt.DIRECTORY)
    return [os.stat(d + '\\y').st_mtime, os.stat(d + '\\y\\a').st_mtime]


@case
def supersede_with_more_rights(d):
    found = []
    # With DELETE alone Wine does not empty the file, outside.
    for access in (nt.WRITE_DATA, nt.DELETE | nt.WRITE_DATA):
        for disposition in (nt.SUPERSEDE, nt.OVERWRITE):
            status, handle, information = nt.create(make(d, f'f{access}{disposition}'), access, disposition)
            found.append([status, information, handle and nt.close(handle), os.path.getsize(f'{d}\\f{access}{disposition}')])
    return found


@case
def subst_drive(d):
    if not kernel32.DefineDosDeviceW(0, 'Q:', d):
        return f'no drive: {ctypes.get_last_error()}'
    try:
        with open('Q:\\a', 'w') as file:
            file.write('text')
        os.replace('Q:\\a', 'Q:\\b')
        os.mkdir('Q:\\x')
        os.rename('Q:\\x', 'Q:\\y')
        os.rmdir('Q:\\y')
        return os.unlink('Q:\\b')
    finally:
        kernel32.DefineDosDeviceW(2, 'Q:', d)


@case
def bad_pointers_of_opens(d):
    """Every pointer of NtCreateFile, NtOpenFile and NtDeleteFile made bad in turn, for a file that may be deleted."""
    path, found = make(d, 'a'), []
    for bad in (None, 8, 0x1000, 0x800000000000, 0xfffffffffffffff0):
        name = nt.attributes_of(path)
        strings = nt.UnicodeString(20, 20, bad)
        odd = nt.ObjectAttributes(ctypes.sizeof(nt.ObjectAttributes), None, ctypes.pointer(strings), 0x40, None, None)
        far = nt.ObjectAttributes(ctypes.sizeof(nt.ObjectAttributes), None, ctypes.cast(bad or 0, ctypes.POINTER(nt.UnicodeString)), 0x40, None, None)
        handle, io, pointer = wintypes.HANDLE(), nt.IoStatus(), ctypes.c_void_p(bad)
        good = ctypes.byref(handle), ctypes.byref(name), ctypes.byref(io)
        for attributes in (pointer, ctypes.byref(odd), ctypes.byref(far)):
            found.append(nt.text(nt.ntdll.NtOpenFile(good[0], 0x110000, attributes, good[2], 7, 0x20)))
            found.append(nt.text(nt.ntdll.NtCreateFile(good[0], 0x110000, attributes, good[2], None, 0x80, 7, 1, 0x1020, None, 0)))
            found.append(nt.text(nt.ntdll.NtDeleteFile(attributes)))
    return found


@case
def bad_outputs_and_descriptors(d):
    """The process lives. (What Wine leaves open when it cannot write the handle out is not compared.)"""
    for number, bad in enumerate((None, 8, 0x1000, 0x800000000000, 0xfffffffffffffff0)):
        handle, io, pointer, name = wintypes.HANDLE(), nt.IoStatus(), ctypes.c_void_p(bad), nt.attributes_of(make(d, f'a{number}'))
        bent = nt.attributes_of(f'{d}\\x{number}')
        bent.descriptor = bad
        nt.ntdll.NtCreateFile(ctypes.byref(handle), 0x110000, ctypes.byref(bent), ctypes.byref(io), None, 0x80, 7, nt.CREATE, 0x21, None, 0)
        for options in (0x20, 0x1020):
            for out, block in ((pointer, ctypes.byref(io)), (ctypes.byref(handle), pointer)):
                nt.ntdll.NtCreateFile(out, 0x110000, ctypes.byref(name), block, None, 0x80, 7, 1, options, None, 0)
        bent.name = name.name
        nt.ntdll.NtCreateNamedPipeFile(ctypes.byref(handle), 0x100003, ctypes.byref(bent), ctypes.byref(io), 3, 2, 0x20, 0, 0, 0, 1, 64, 64, None)
        nt.ntdll.NtCreateNamedPipeFile(ctypes.byref(handle), 0x100003, pointer, ctypes.byref(io), 3, 2, 0x20, 0, 0, 0, 1, 64, 64, None)
    return 'alive'


@case
def odd_structures(d):
    path, found = make(d, 'a'), []
    for length in (0, 8, 47, 49, 1000):
        name = nt.attributes_of(path)
        name.length = length
        found.append(nt.text(nt.ntdll.NtDeleteFile(ctypes.byref(name))))
        make(d, 'a')
    for size in (1, 3, 7, 65535):
        name = nt.attributes_of(path)
        name.name.contents.length = size
        if size < 100:
            found.append(nt.text(nt.ntdll.NtDeleteFile(ctypes.byref(name))))
    return found


if __name__ == '__main__':
    nt_calls.CASES = CASES
    chosen = sys.argv[2:] or CASES
    print(json.dumps({name: nt_calls.run(name, f'{sys.argv[1]}\\{number}') for number, name in enumerate(chosen)}))
