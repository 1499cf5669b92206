"""Every form of delete, rename, link, replace and open that runtimes use, each in a directory of its own.

Prints a JSON object: for each case the statuses it saw and the files that were left.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys

import ntfile as nt

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def make(directory, *names):
    paths = []
    for name in names:
        paths.append(os.path.join(directory, name))
        with open(paths[-1], 'w') as file:
            file.write(name)
    return paths[0] if len(paths) == 1 else paths


def tree(directory):
    """Names below a directory with the contents of files."""
    directory, found = '\\\\?\\' + directory, {}
    for parent, directories, files in os.walk(directory):
        for name in directories:
            found[os.path.relpath(os.path.join(parent, name), directory)] = None
        for name in files:
            path = os.path.join(parent, name)
            try:
                with open(path, errors='replace') as file:
                    found[os.path.relpath(path, directory)[:80]] = file.read()[:80]
            except OSError as error:
                found[os.path.relpath(path, directory)[:80]] = f'errno {error.errno}'
    return found


def by_handle(path, act, access=nt.DELETE, options=0, share=nt.SHARE_ALL):
    """Open, act on the handle, close: the statuses."""
    status, handle = nt.open_file(path, access, options, share)
    return [status] + ([act(handle), nt.close(handle)] if handle else [])


def named(handle):
    return nt.final_name(handle)


def failure(statuses):
    """The first status that is none of success: inside it may be the open's or the next call's."""
    return next(status for status in statuses if status != '00000000')


@case
def disposition(d):
    return by_handle(make(d, 'a'), nt.dispose)


@case
def disposition_of_a_directory(d):
    os.mkdir(d + '\\x')
    os.mkdir(d + '\\y')
    make(d + '\\y', 'f')
    return [by_handle(f'{d}\\{name}', nt.dispose, options=nt.DIRECTORY) for name in 'xy']


@case
def disposition_ex(d):
    # Delete; delete with POSIX semantics; delete although read-only.
    paths = make(d, 'a', 'b', 'c')
    os.chmod(paths[2], 0o444)
    found = [by_handle(path, lambda h, f=flags: nt.dispose(h, f, nt.DISPOSITION_EX))
             for path, flags in zip(paths, (1, 3, 0x13))]
    if os.path.exists(paths[2]):
        os.chmod(paths[2], 0o666)
    return found


@case
def disposition_of_a_read_only_file(d):
    path = make(d, 'a')
    os.chmod(path, 0o444)
    found = by_handle(path, nt.dispose)
    os.chmod(path, 0o666)
    return found


@case
def delete_on_close_of_a_new_file(d):
    status, handle, information = nt.create(d + '\\new', nt.DELETE | nt.WRITE_DATA, nt.CREATE, nt.ON_CLOSE)
    return [status, information, nt.write(handle, b'text'), os.listdir(d), nt.close(handle), os.listdir(d)]


@case
def delete_on_close_of_an_existing_file(d):
    status, handle, information = nt.create(make(d, 'a'), nt.DELETE, nt.OPEN, nt.ON_CLOSE)
    return [status, information, handle and nt.close(handle), os.listdir(d)]


@case
def delete_on_close_of_a_directory(d):
    os.mkdir(d + '\\x')
    return by_handle(d + '\\x', nt.final_name, options=nt.ON_CLOSE | nt.DIRECTORY)


@case
def delete_on_close_without_the_right(d):
    return by_handle(make(d, 'a'), nt.final_name, access=nt.READ_DATA, options=nt.ON_CLOSE)


@case
def disposition_taken_back(d):
    # Once; and again, so that the file goes; asked for twice; taken back when it was not asked for.
    paths, found = make(d, 'a', 'b', 'c', 'e'), []
    for path, turns in zip(paths, ((1, 0), (1, 0, 1), (1, 1, 0), (0,))):
        for kind in (nt.DISPOSITION, nt.DISPOSITION_EX) if path != paths[1] else (nt.DISPOSITION,):
            status, handle = nt.open_file(path, nt.DELETE | nt.READ_DATA)
            found.append([status] + [nt.dispose(handle, turn, kind) for turn in turns] + [nt.close(handle), os.path.exists(path)])
    return found


@case
def disposition_kept_by_many_handles(d):
    # More than the shim remembers.
    paths = make(d, *(f'f{number}' for number in range(80)))
    opened = [nt.open_file(path, nt.DELETE) for path in paths]
    handles = [handle for _, handle in opened if handle]
    found = [status for status, _ in opened] + [nt.dispose(handle) for handle in handles] + [nt.dispose(handle, 0) for handle in handles[:1]]
    return found + [nt.close(handle) for handle in handles] + [os.listdir(d)]


@case
def nt_delete_file(d):
    os.mkdir(d + '\\x')
    return [nt.delete_file(make(d, 'a')), nt.delete_file(d + '\\x'), nt.delete_file(d + '\\missing')]


@case
def rename_to_a_new_name(d):
    return by_handle(make(d, 'a'), lambda h: [nt.set_name(h, d + '\\b'), named(h)])


@case
def rename_onto_a_name_without_replace(d):
    paths = make(d, 'a', 'b')
    return by_handle(paths[0], lambda h: nt.set_name(h, paths[1]))


@case
def rename_onto_a_name_with_replace(d):
    paths = make(d, 'a', 'b')
    return by_handle(paths[0], lambda h: [nt.set_name(h, paths[1], 1), named(h)])


@case
def rename_ex(d):
    paths = make(d, 'a', 'b', 'c')
    return [by_handle(paths[0], lambda h: nt.set_name(h, paths[1], 0, nt.RENAME_EX)),
            by_handle(paths[0], lambda h: nt.set_name(h, paths[1], 1, nt.RENAME_EX)),
            by_handle(paths[2], lambda h: nt.set_name(h, paths[1], 3, nt.RENAME_EX))]


@case
def rename_by_leaf_name(d):
    return by_handle(make(d, 'a'), lambda h: [nt.set_name(h, 'leaf'), named(h)])


@case
def rename_relative_to_a_directory_handle(d):
    os.mkdir(d + '\\x')
    _, directory = nt.open_file(d + '\\x', nt.READ_DATA, nt.DIRECTORY)
    return by_handle(make(d, 'a'), lambda h: [nt.set_name(h, 'inner', root=directory), named(h), nt.close(directory)])


@case
def rename_in_case_only(d):
    return by_handle(make(d, 'name'), lambda h: nt.set_name(h, d + '\\NAME')) + [os.listdir(d)]


@case
def rename_directories(d):
    for name in 'xyz':
        os.mkdir(f'{d}\\{name}')
    make(d + '\\y', 'f')
    return [by_handle(d + '\\x', lambda h: nt.set_name(h, d + '\\x2'), options=nt.DIRECTORY),
            by_handle(d + '\\y', lambda h: nt.set_name(h, d + '\\y2'), options=nt.DIRECTORY),
            by_handle(d + '\\x2', lambda h: nt.set_name(h, d + '\\y2', 1), options=nt.DIRECTORY),
            by_handle(d + '\\z', lambda h: nt.set_name(h, d + '\\missing\\z'), options=nt.DIRECTORY)]


@case
def new_name_with_a_backslash_at_its_end(d):
    os.mkdir(d + '\\x')
    os.rename(d + '\\x', d + '\\x2\\')
    return os.replace(d + '\\x2\\', d + '\\x3')


@case
def renamed_handle_goes_on(d):
    status, handle, _ = nt.create(d + '\\a', nt.DELETE | nt.WRITE_DATA, nt.CREATE)
    return [status, nt.write(handle, b'one'), nt.set_name(handle, d + '\\b'), nt.write(handle, b'two'),
            nt.set_name(handle, d + '\\c'), nt.final_name(handle), nt.close(handle)]


@case
def link(d):
    # A file of its own each time: Wine cannot list the names of a file, and then one with several is refused.
    paths = make(d, 'a', 'b', 'c')
    access = nt.WRITE_ATTRIBUTES | nt.READ_ATTRIBUTES
    return [by_handle(paths[0], lambda h: nt.set_name(h, d + '\\l', 0, nt.LINK), access),
            by_handle(paths[1], lambda h: nt.set_name(h, paths[2], 0, nt.LINK), access),
            by_handle(paths[1], lambda h: nt.set_name(h, paths[2], 1, nt.LINK), access),
            os.stat(paths[0]).st_nlink, os.stat(paths[1]).st_nlink, os.unlink(d + '\\l')]


@case
def link_ex(d):
    paths = make(d, 'a', 'b')
    access = nt.WRITE_ATTRIBUTES | nt.READ_ATTRIBUTES
    return [by_handle(paths[0], lambda h: nt.set_name(h, paths[1], flags, nt.LINK_EX), access) for flags in (0, 1)]


@case
def create_hard_link(d):
    paths = make(d, 'a', 'b', 'c')
    link = nt.kernel32.CreateHardLinkW
    return [nt.win32(link(d + '\\l', paths[0], None)), nt.win32(link(paths[1], paths[2], None)),
            nt.win32(link(d + '\\l2', d + '\\no', None))]


@case
def move_file_ex(d):
    # No flags, replace, copy allowed, write-through, and names that are missing or taken.
    paths, move = make(d, 'a', 'b', 'c', 'e', 'f'), nt.kernel32.MoveFileExW
    return [nt.win32(move(paths[0], paths[1], 0)), nt.win32(move(paths[0], paths[1], 1)),
            nt.win32(move(paths[2], d + '\\c2', 2)), nt.win32(move(paths[3], d + '\\e2', 8)),
            nt.win32(move(paths[4], paths[1], 1 | 2 | 8)), nt.win32(move(d + '\\no', d + '\\x', 1)),
            nt.win32(move(paths[1], d + '\\no\\x', 1))]


@case
def move_file_with_progress(d):
    path = make(d, 'a')
    return [nt.win32(nt.kernel32.MoveFileWithProgressW(path, d + '\\b', None, None, 1))]


@case
def replace_file(d):
    paths, replace = make(d, 'a', 'b', 'c', 'e'), nt.kernel32.ReplaceFileW
    return [nt.win32(replace(paths[0], paths[1], None, 0, None, None)),
            nt.win32(replace(paths[2], paths[3], d + '\\backup', 0, None, None)),
            nt.win32(replace(paths[0], d + '\\no', None, 0, None, None))]


@case
def delete_and_remove(d):
    os.mkdir(d + '\\x')
    os.mkdir(d + '\\y')
    path = make(d + '\\y', 'f')
    delete, remove = nt.kernel32.DeleteFileW, nt.kernel32.RemoveDirectoryW
    return [nt.win32(delete(d + '\\x')), nt.win32(remove(path)), nt.win32(remove(d + '\\y')), nt.win32(delete(path)),
            nt.win32(delete(path)), nt.win32(remove(d + '\\y')), nt.win32(remove(d + '\\x'))]


@case
def held_open_by_another_handle(d):
    shared, unshared, other = make(d, 'a', 'b', 'c')
    _, one, _ = nt.create(shared, nt.READ_DATA, share=nt.SHARE_ALL)
    _, two, _ = nt.create(unshared, nt.READ_DATA, share=nt.SHARE_NO_DELETE)
    found = [by_handle(shared, lambda h: nt.set_name(h, d + '\\a2')),
             failure(by_handle(unshared, lambda h: nt.set_name(h, d + '\\b2'))),
             failure(by_handle(unshared, nt.dispose)),
             by_handle(other, lambda h: nt.set_name(h, unshared, 1))]
    return found + [nt.close(one), nt.close(two)]


@case
def running_image(d):
    path = d + '\\image.exe'
    shutil.copy(os.path.join(os.environ['SystemRoot'], 'system32', 'cmd.exe'), path)
    process = subprocess.Popen([path, '/c', 'set /p x='], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        found = [by_handle(path, lambda h: nt.set_name(h, d + '\\old.exe'))]
        found.append(by_handle(make(d, 'a'), lambda h: nt.set_name(h, path)))
    finally:
        process.communicate(b'\r\n')
    for name in ('old.exe', 'image.exe'):
        if os.path.exists(d + '\\' + name):
            os.unlink(d + '\\' + name)
    return found


@case
def paths_over_260_characters(d):
    deep = '\\\\?\\' + d + '\\' + 'n' * 120
    os.mkdir(deep)
    deep += '\\' + 'm' * 120
    os.mkdir(deep)
    for name in 'ab':
        with open(f'{deep}\\{name}', 'w') as file:
            file.write(name)
    os.replace(deep + '\\a', deep + '\\b')
    os.rename(deep + '\\b', deep + '\\c')
    os.unlink(deep + '\\c')
    os.rmdir(deep)
    return os.rmdir(os.path.dirname(deep))


@case
def odd_names(d):
    """Trailing dots and spaces, unpaired surrogates: the name of the object is not judged."""
    found = []
    for name in ('dot.', 'space ', 'half\ud800'):
        status, handle, _ = nt.create(f'{d}\\{name}', nt.WRITE_DATA, nt.CREATE)
        found.append([status] + ([nt.close(handle), by_handle(f'{d}\\{name}', nt.dispose)] if handle else []))
    return found


@case
def bad_new_names(d):
    path = make(d, 'a')
    found = []
    for name in ('b|c', 'b<', 'b*', '', d + '\\no\\b'):
        found.append(by_handle(path, lambda h: nt.set_name(h, name)))
    return found


@case
def supersede_and_overwrite(d):
    found = []
    for disposition in (nt.SUPERSEDE, nt.OVERWRITE, nt.OVERWRITE_IF, nt.OPEN_IF, nt.CREATE):
        for name in (make(d, f'old{disposition}'), f'{d}\\new{disposition}'):
            status, handle, information = nt.create(name, nt.WRITE_DATA, disposition)
            found.append([status, information] + ([nt.write(handle, b'new'), nt.close(handle)] if handle else []))
    return found


@case
def delete_then_make_again(d):
    found = []
    for _ in range(20):
        os.mkdir(d + '\\x')
        make(d + '\\x', 'f')
        os.unlink(d + '\\x\\f')
        os.rmdir(d + '\\x')
        found.append(os.path.exists(d + '\\x'))
    return found


@case
def times_stay_after_a_rename(d):
    path = make(d, 'a')
    os.utime(path, (1000000000, 1000000000))
    os.replace(path, d + '\\b')
    return os.stat(d + '\\b').st_mtime


@case
def bad_handles(d):
    event = nt.kernel32.CreateEventW(None, 1, 0, None)
    found = []
    for handle in (0, 0x7ffc, nt.INVALID, event):
        found.append([nt.dispose(handle), nt.set_name(handle, d + '\\b'), nt.dispose(handle, 1, nt.DISPOSITION_EX)])
    return found + [nt.close(event)]


@case
def bad_lengths(d):
    status, handle = nt.open_file(make(d, 'a'), nt.DELETE)
    byte = ctypes.create_string_buffer(64)
    if not handle:
        return [status]
    found = [nt.set_information(handle, byte, 0, kind) for kind in (nt.DISPOSITION, nt.RENAME, nt.LINK)]
    found += [nt.set_information(handle, byte, 4, nt.RENAME), nt.set_name(handle, d + '\\b', length=0)]
    return found + [nt.close(handle)]


@case
def names_too_long(d):
    path = make(d, 'a')
    return [by_handle(path, lambda h: nt.set_name(h, d + '\\' + 'n' * 300)),
            nt.create(d + '\\' + 'n' * 300, nt.DELETE)[0],
            nt.delete_file(d + '\\' + 'n' * 300)]


@case
def last_errors_of_what_is_missing(d):
    return [nt.win32(nt.kernel32.DeleteFileW(d + '\\no')), nt.win32(nt.kernel32.DeleteFileW(d + '\\no\\no')),
            nt.win32(nt.kernel32.RemoveDirectoryW(d + '\\no')),
            nt.win32(nt.kernel32.MoveFileExW(d + '\\no', d + '\\b', 1))]


def run(name, directory):
    os.mkdir(directory)
    try:
        found = CASES[name](directory)
    except OSError as error:
        found = f'raised: error {getattr(error, "winerror", None) or error.errno}'
    return {'found': found, 'left': tree(directory)}


if __name__ == '__main__':
    print(json.dumps({name: run(name, f'{sys.argv[1]}\\{number}') for number, name in enumerate(CASES)}))
