"""Every destructive call in every form, by NT and Win32 functions; prints a JSON object of results.

A result is the list of statuses (or Win32 errors) of the calls and what the directory holds afterwards.
"""

import ctypes
import json
import os
import stat
import sys
from ctypes import wintypes

from matrix_directory import (DELETE, DELETE_ON_CLOSE, READ, SHARE_ALL, SHARE_NO_DELETE, SYNCHRONOUS, WRITE,
                              Directory)
from ntfile import IoStatus, attributes_of, kernel32, ntdll

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def add_renames(kind, flags):
    """Renames by class `kind` with `flags`."""
    def onto_new(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('b'), kind, flags)
        d.close(h)

    def onto_existing(d):
        d.file('a', 'a'), d.file('b', 'b')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('b'), kind, flags)
        d.close(h)

    def bare_leaf(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.rename(h, 'b', kind, flags)
        d.close(h)

    def by_directory_handle(d):
        d.file('a'), d.folder('sub')
        h, parent = d.open('a', DELETE), d.open('sub', READ)
        d.rename(h, 'b', kind, flags, parent)
        d.close(h), d.close(parent)

    def folder_onto_new(d):
        d.folder('a'), d.file('a\\x')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('b'), kind, flags)
        d.close(h)

    def onto_folder(d):
        d.file('a'), d.folder('b')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('b'), kind, flags)
        d.close(h)

    def onto_missing_parent(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('no\\b'), kind, flags)
        d.close(h)

    def case_only(d):
        d.file('name')
        h = d.open('name', DELETE)
        d.rename(h, d.nt('NAME'), kind, flags)
        d.close(h)
        d.note(os.listdir(d.path))

    def onto_itself(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.rename(h, d.nt('a'), kind, flags)
        d.close(h)

    for function in (onto_new, onto_existing, bare_leaf, by_directory_handle, folder_onto_new, onto_folder,
                     onto_missing_parent, case_only, onto_itself):
        CASES[f'rename_{kind}_{flags}_{function.__name__}'] = function


add_renames(10, 0)
add_renames(10, 1)
add_renames(65, 0)
add_renames(65, 1)


def add_dispositions(kind, value):
    def of_file(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.set(h, kind, value)
        d.close(h)

    def of_empty_folder(d):
        d.folder('a')
        h = d.open('a', DELETE)
        d.set(h, kind, value)
        d.close(h)

    def of_full_folder(d):
        d.folder('a'), d.file('a\\x')
        h = d.open('a', DELETE)
        d.set(h, kind, value)
        d.close(h)

    def of_read_only(d):
        os.chmod(d.file('a'), stat.S_IREAD)
        h = d.open('a', DELETE)
        d.set(h, kind, value)
        d.close(h)
        if os.path.exists(d.at('a')):
            os.chmod(d.at('a'), stat.S_IWRITE)

    def cancelled(d):
        d.file('a')
        h = d.open('a', DELETE)
        d.set(h, kind, value)
        d.set(h, kind, b'\0' * len(value))
        d.close(h)

    for function in (of_file, of_empty_folder, of_full_folder, of_read_only, cancelled):
        CASES[f'disposition_{kind}_{value[0]}_{function.__name__}'] = function


add_dispositions(13, b'\1')
add_dispositions(64, b'\1\0\0\0')


@case
def link_new(d):
    d.file('a')
    h = d.open('a', WRITE)
    d.rename(h, d.nt('b'), 11)
    d.close(h)


@case
def link_existing(d):
    d.file('a', 'a'), d.file('b', 'b')
    h = d.open('a', WRITE)
    d.rename(h, d.nt('b'), 11)
    d.rename(h, d.nt('b'), 11, 1)
    d.close(h)


@case
def delete_file(d):
    d.file('a')
    d.win32(kernel32.DeleteFileW(d.at('a')))
    d.win32(kernel32.DeleteFileW(d.at('a')))


@case
def delete_folder_as_file(d):
    d.folder('a')
    d.win32(kernel32.DeleteFileW(d.at('a')))


@case
def remove_directory(d):
    d.folder('a'), d.folder('b'), d.file('b\\x')
    for name in ('a', 'b', 'a'):
        d.win32(kernel32.RemoveDirectoryW(d.at(name)))


@case
def remove_file_as_directory(d):
    d.file('a')
    d.win32(kernel32.RemoveDirectoryW(d.at('a')))


@case
def nt_delete_file(d):
    d.file('a')
    d.status(ntdll.NtDeleteFile(ctypes.byref(attributes_of(d.nt('a')))))
    d.status(ntdll.NtDeleteFile(ctypes.byref(attributes_of(d.nt('a')))))


@case
def delete_on_close_existing(d):
    d.file('a')
    h = d.nt_open('a', DELETE | READ, options=SYNCHRONOUS | DELETE_ON_CLOSE)
    d.note(os.path.exists(d.at('a')))
    d.close(h)


@case
def delete_on_close_new(d):
    h = d.nt_open('a', DELETE | READ | WRITE, disposition=2, options=SYNCHRONOUS | DELETE_ON_CLOSE)
    d.close(h)


@case
def delete_on_close_win32(d):
    h = d.open('a', READ | WRITE | DELETE, disposition=1, flags=0x04000000)
    d.close(h)


@case
def open_relative_and_delete(d):
    d.folder('sub'), d.file('sub\\a')
    parent = d.open('sub', READ)
    h = d.nt_open('a', DELETE, directory=wintypes.HANDLE(parent))
    d.set(h, 13, b'\1')
    d.close(h), d.close(parent)


@case
def supersede(d):
    d.file('a', 'old')
    h = d.nt_open('a', READ | WRITE, disposition=0)
    d.close(h)


@case
def overwrite(d):
    d.file('a', 'old')
    h = d.nt_open('a', READ | WRITE, disposition=4)
    d.close(h)


@case
def move_file_flags(d):
    for flags in (0, 1, 2, 8, 11):
        d.file('a', f'{flags}'), d.file('b', 'b')
        d.win32(kernel32.MoveFileExW(d.at('a'), d.at('b'), flags))
        d.win32(kernel32.MoveFileExW(d.at('a'), d.at(f'c{flags}'), flags))


@case
def move_file_missing(d):
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('b'), 1))
    d.file('a')
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('no\\b'), 1))


@case
def move_folder(d):
    d.folder('a'), d.file('a\\x'), d.folder('b')
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('b\\a'), 0))
    d.win32(kernel32.MoveFileExW(d.at('b'), d.at('b\\a\\b'), 0))


@case
def move_with_progress(d):
    d.file('a'), d.file('b', 'b')
    d.win32(kernel32.MoveFileWithProgressW(d.at('a'), d.at('b'), None, None, 1))


@case
def replace_file(d):
    d.file('a', 'a'), d.file('b', 'b')
    d.win32(kernel32.ReplaceFileW(d.at('b'), d.at('a'), None, 0, None, None))


@case
def replace_file_with_backup(d):
    d.file('a', 'a'), d.file('b', 'b'), d.file('backup', 'old')
    d.win32(kernel32.ReplaceFileW(d.at('b'), d.at('a'), d.at('backup'), 0, None, None))


@case
def replace_file_missing(d):
    d.file('a', 'a')
    d.win32(kernel32.ReplaceFileW(d.at('b'), d.at('a'), None, 0, None, None))
    d.win32(kernel32.ReplaceFileW(d.at('a'), d.at('b'), None, 0, None, None))


@case
def set_information_by_handle(d):
    d.file('a'), d.file('b')
    h = d.open('a', DELETE)
    d.win32(kernel32.SetFileInformationByHandle(h, 4, ctypes.byref(ctypes.c_int(1)), 4))
    d.close(h)


@case
def create_hard_link(d):
    d.file('a')
    d.win32(kernel32.CreateHardLinkW(d.at('b'), d.at('a'), None))
    d.win32(kernel32.CreateHardLinkW(d.at('b'), d.at('a'), None))
    d.win32(kernel32.DeleteFileW(d.at('a')))


@case
def handle_works_after_rename(d):
    d.file('a')
    h = d.open('a', DELETE | READ)
    d.rename(h, d.nt('b'), 10)
    name = ctypes.create_unicode_buffer(600)
    kernel32.GetFinalPathNameByHandleW(h, name, 600, 0)
    d.note(name.value[name.value.rfind('\\'):])
    data, got = ctypes.create_string_buffer(10), wintypes.DWORD()
    d.win32(kernel32.ReadFile(wintypes.HANDLE(h), data, 10, ctypes.byref(got), None))
    d.note(data.value.decode())
    d.rename(h, d.nt('c'), 10)
    d.set(h, 13, b'\1')
    d.close(h)


@case
def held_without_share_delete(d):
    d.file('a'), d.file('b')
    held = d.open('a', READ, SHARE_NO_DELETE)
    d.win32(kernel32.DeleteFileW(d.at('a')))
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('c'), 1))
    d.win32(kernel32.MoveFileExW(d.at('b'), d.at('a'), 1))
    d.close(held)


@case
def held_with_share_delete(d):
    d.file('a')
    held = d.open('a', READ, SHARE_ALL)
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('c'), 1))
    d.win32(kernel32.DeleteFileW(d.at('c')))
    d.close(held)


@case
def folder_with_open_file(d):
    d.folder('a'), d.file('a\\x')
    held = d.open('a\\x', READ, SHARE_ALL)
    d.win32(kernel32.MoveFileExW(d.at('a'), d.at('b'), 0))
    d.close(held)


@case
def long_path(d):
    path = '\\\\?\\' + d.path
    for _ in range(4):
        path += '\\' + 'x' * 80
        d.win32(kernel32.CreateDirectoryW(path, None))
    h = kernel32.CreateFileW(path + '\\a', READ | WRITE, 7, None, 1, 0, None)
    kernel32.CloseHandle(h)
    d.win32(kernel32.MoveFileExW(path + '\\a', path + '\\b', 1))
    d.win32(kernel32.DeleteFileW(path + '\\b'))
    for _ in range(4):
        d.win32(kernel32.RemoveDirectoryW(path))
        path = path[:path.rfind('\\')]


@case
def trailing_dots_and_spaces(d):
    for name in ('dot.', 'space ', '\ud800'):
        h = kernel32.CreateFileW('\\\\?\\' + d.at(name), READ | WRITE, 7, None, 1, 0, None)
        d.note(h != wintypes.HANDLE(-1).value)
        kernel32.CloseHandle(h)
        d.win32(kernel32.MoveFileExW('\\\\?\\' + d.at(name), '\\\\?\\' + d.at('x' + name), 1))
        d.win32(kernel32.DeleteFileW('\\\\?\\' + d.at('x' + name)))


@case
def bad_arguments(d):
    d.file('a')
    h = d.open('a', DELETE)
    io = IoStatus()
    for kind in (10, 11, 13, 65, 72):
        d.status(ntdll.NtSetInformationFile(wintypes.HANDLE(0x7ff0), ctypes.byref(io), ctypes.create_string_buffer(64), 64, kind))
        d.status(ntdll.NtSetInformationFile(wintypes.HANDLE(h), ctypes.byref(io), ctypes.create_string_buffer(64), 0, kind))
    d.close(h)
    d.status(ntdll.NtDeleteFile(ctypes.byref(attributes_of('no path'))))
    d.status(ntdll.NtDeleteFile(ctypes.byref(attributes_of(''))))


@case
def handle_is_not_inherited(d):
    d.file('a')
    h = d.open('a', DELETE)
    flags = wintypes.DWORD()
    d.win32(kernel32.GetHandleInformation(wintypes.HANDLE(h), ctypes.byref(flags)))
    d.note(flags.value)
    d.close(h)


@case
def times_after_rename(d):
    path = d.file('a')
    os.utime(path, (1000000000, 1000000000))
    d.win32(kernel32.MoveFileExW(path, d.at('b'), 1))
    d.note(int(os.stat(d.at('b')).st_mtime))


def names_are_listed(path):
    """Asked by a call: Wine 10 exports FindFirstFileNameW and answers that it is not implemented."""
    open(path, 'w').close()
    kernel32.FindFirstFileNameW.restype = ctypes.c_void_p
    found = kernel32.FindFirstFileNameW(path, 0, ctypes.byref(ctypes.c_ulong(600)), ctypes.create_unicode_buffer(600))
    return found not in (None, 0, ctypes.c_void_p(-1).value)


def able(top):
    """What this system does with several handles and names of one file; some cases rest on it."""
    d = Directory(top + '\\able')
    d.file('a')
    one, two = d.open('a', DELETE), d.open('a', READ)
    d.rename(one, d.nt('b'), 10)
    name = ctypes.create_unicode_buffer(600)
    kernel32.GetFinalPathNameByHandleW(two, name, 600, 0)
    d.close(one), d.close(two)
    one, two = d.open('b', DELETE), d.open('b', DELETE)
    d.set(one, 13, b'\1')
    d.set(two, 13, b'\0')
    d.close(one), d.close(two)
    listed = names_are_listed(d.at('b'))
    return {'a rename shows in every handle': name.value.endswith('\\b'), 'a delete belongs to the file': os.path.exists(d.at('b')),
            'names of a file are listed': listed}


def main():
    top = sys.argv[1] + '\\matrix'
    os.mkdir(top)
    results = {'able': able(top)}
    for number, (name, function) in enumerate(CASES.items()):
        d = Directory(f'{top}\\{number:03}')
        try:
            function(d)
        except Exception as error:
            d.note(repr(error).replace(d.path, ''))
        results[name] = [d.log, d.tree()]
    print(json.dumps(results))


main()
