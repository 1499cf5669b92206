"""Temporary files in every mode, flags of open and MoveFileEx, other volumes, tokens of children. One line of JSON.

arguments: ROOT, a directory on another drive or '-'
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from ctypes import wintypes

kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
advapi32 = ctypes.WinDLL('advapi32', use_last_error=True)
root, elsewhere = sys.argv[1:3]
found = {}


def case(function):
    directory = os.path.join(root, function.__name__)
    os.mkdir(directory)
    try:
        outcome = function(directory)
    except OSError as error:
        outcome = f'error {error.winerror or error.errno}'
    left = sorted(os.path.join(at, name)[len(directory):] for at, names, files in os.walk(directory) for name in names + files)
    found[function.__name__] = [outcome, len(left) if function.__name__.startswith('temporary') else left]


def win32(done):
    return 'ok' if done else f'error {ctypes.get_last_error()}'


def make(directory, name, content='x'):
    path = os.path.join(directory, name)
    with open(path, 'w') as file:
        file.write(content)
    return path


@case
def temporary_file_modes(d):
    outcome = []
    for mode in ('w+b', 'wb', 'w', 'w+', 'x+b', 'xb'):
        for delete in (True, False):
            with tempfile.NamedTemporaryFile(mode, dir=d, delete=delete) as file:
                file.write(b'data' if 'b' in mode else 'data')
                file.flush()
                outcome.append(os.path.getsize(file.name))
            outcome.append(os.path.exists(file.name))
            if not delete:
                os.unlink(file.name)
    return outcome


@case
def temporary_file_kept_to_the_end_of_a_block(d):
    if sys.version_info < (3, 12):
        return 'not in this Python'
    with tempfile.NamedTemporaryFile(dir=d, delete_on_close=False) as file:
        file.write(b'data')
        file.close()
        with open(file.name, 'rb') as again:
            content = again.read().decode()
    return content, os.path.exists(file.name)


@case
def temporary_file_closed_by_its_finalizer(d):
    file = tempfile.NamedTemporaryFile(dir=d)
    name = file.name
    del file
    return os.path.exists(name)


@case
def temporary_files_of_other_kinds(d):
    outcome: list = []
    with tempfile.TemporaryFile(dir=d) as file:
        outcome.append(file.write(b'data'))
    with tempfile.SpooledTemporaryFile(max_size=2, dir=d) as file:
        outcome += [file.write(b'data'), file.seek(0), file.read().decode()]
    return outcome + [len(os.listdir(d))]


@case
def open_flags(d):
    outcome = []
    for flags in (os.O_CREAT | os.O_EXCL | os.O_TEMPORARY, os.O_CREAT | os.O_TRUNC | os.O_TEMPORARY, os.O_TEMPORARY,
                  os.O_CREAT | os.O_TEMPORARY | os.O_NOINHERIT, os.O_CREAT | os.O_SHORT_LIVED):
        path = os.path.join(d, f'f{flags}')
        if not flags & os.O_CREAT:
            make(d, f'f{flags}')
        number = os.open(path, os.O_RDWR | os.O_BINARY | flags)
        outcome.append([os.write(number, b'data'), os.path.exists(path)])
        os.close(number)
        outcome[-1].append(os.path.exists(path))
    return outcome


@case
def a_deleted_file_is_used_until_it_is_closed(d):
    path = os.path.join(d, 'a')
    number = os.open(path, os.O_RDWR | os.O_BINARY | os.O_CREAT | os.O_TEMPORARY)
    os.write(number, b'one')
    os.lseek(number, 0, 0)
    outcome = [os.read(number, 3).decode(), os.path.getsize(path)]
    os.close(number)
    return outcome + [os.path.exists(path)]


@case
def move_to_another_volume(d):
    if elsewhere == '-':
        return 'no other volume'
    a, b = make(d, 'a'), os.path.join(elsewhere, f'moved-{os.getpid()}')
    outcome = [win32(kernel32.MoveFileExW(a, b, 0)), win32(kernel32.MoveFileExW(a, b, 2)), os.path.exists(a), os.path.exists(b)]
    outcome += [win32(kernel32.MoveFileExW(b, a, 3)), os.path.exists(a), os.path.exists(b)]
    return outcome + [os.path.basename(shutil.move(a, b, shutil.copy)) == os.path.basename(b), os.unlink(b)]


@case
def hard_link_flags(d):
    a = make(d, 'a')
    return win32(kernel32.MoveFileExW(a, os.path.join(d, 'b'), 0x10))


@case
def move_without_a_new_name(d):
    # Delay until reboot writes the registry of the machine.
    return win32(kernel32.MoveFileExW(make(d, 'a'), None, 0))


@case
def copies(d):
    make(d, 'a', 'content')
    shutil.copy2(os.path.join(d, 'a'), os.path.join(d, 'b'))
    os.mkdir(os.path.join(d, 'from'))
    make(os.path.join(d, 'from'), 'x')
    shutil.copytree(os.path.join(d, 'from'), os.path.join(d, 'to'), copy_function=shutil.copy2)
    outcome = [win32(kernel32.CopyFileW(os.path.join(d, 'a'), os.path.join(d, name), fail)) for name, fail in (('b', 1), ('b', 0), ('c', 1))]
    shutil.move(os.path.join(d, 'from'), os.path.join(d, 'moved'))
    shutil.rmtree(os.path.join(d, 'to'))
    return outcome


@case
def named_stream(d):
    flags, named_streams = wintypes.DWORD(), 0x40000
    kernel32.GetVolumeInformationW(d[:3], None, 0, None, None, ctypes.byref(flags), None, 0)
    if not flags.value & named_streams:
        return 'a volume without streams'
    path = make(d, 'a')
    with open(path + ':stream', 'w') as stream:
        stream.write('more')
    os.unlink(path + ':stream')
    return os.path.exists(path)


@case
def handles_given_to_a_child(d):
    path = make(d, 'a')
    number = os.open(path, os.O_RDWR | os.O_BINARY)
    code = "import os, sys; os.write(1, b'child'); os.unlink(sys.argv[1]) if sys.argv[1] != '-' else None"
    done = subprocess.run([sys.executable, '-c', code, '-'], stdin=subprocess.DEVNULL, stdout=number)
    os.close(number)
    with open(path) as file:
        return done.returncode, file.read()


@case
def process_with_the_programs_own_token(d):
    token = wintypes.HANDLE()
    kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    assert advapi32.OpenProcessToken(wintypes.HANDLE(kernel32.GetCurrentProcess()), 0xF01FF & ~0x100, ctypes.byref(token)) or \
        advapi32.OpenProcessToken(wintypes.HANDLE(kernel32.GetCurrentProcess()), 0xB, ctypes.byref(token))
    make(d, 'a'), make(d, 'b')
    code = f'import os; os.chdir({d!r}); os.replace("a", "b"); open("done", "w").close()'
    startup = (ctypes.c_char * 104)()
    ctypes.c_ulong.from_buffer(startup).value = 104
    process = (wintypes.HANDLE * 3)()
    line = ctypes.create_unicode_buffer(subprocess.list2cmdline([sys.executable, '-c', code]))
    made = advapi32.CreateProcessAsUserW(token, None, line, None, None, 0, 0, None, None, startup, process)
    if not made:
        return win32(made)
    kernel32.WaitForSingleObject(wintypes.HANDLE(process[0]), 60000)
    return 'ok'


print(json.dumps(found))
