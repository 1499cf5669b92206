"""Undo with every form of call, and with what a program plants to mislead it."""

import json
import os
import re

import pytest

import world
from undo_runs import undone_run, state_of, age, restore, unlink_run, store_of, journal_of


def test_failed_delete_changes_nothing(win, place):
    """A delete that fails after the file was kept: the program can still write it, and nothing stays in the store."""
    root = win.host(place) / 'root'
    code = """
import os, stat, sys
path = sys.argv[1] + r'\\f'
open(path, 'w').close()
os.chmod(path, stat.S_IREAD)
try: os.unlink(path)
except PermissionError as error: print(error.winerror)
os.chmod(path, stat.S_IWRITE)
open(path, 'w').write('x')
os.mkdir(sys.argv[1] + r'\\d'); open(sys.argv[1] + r'\\d\\f', 'w').close()
try: os.rmdir(sys.argv[1] + r'\\d')
except OSError as error: print(error.winerror)
"""
    before = win.run_sbx('undo', 'list').stdout
    result, run = undone_run(win, place, code)
    assert result.stdout.split() == ['5', '145'] and run is None, result
    assert (root / 'f').read_text() == 'x' and (root / 'f').stat().st_nlink == 1
    assert win.run_sbx('undo', 'list').stdout == before


def test_a_loss_that_does_not_come_about_is_not_counted(win, place):
    (win.host(place) / 'root' / 'f').write_text('x')
    code = r"""
import ctypes, os, sys
kernel = ctypes.WinDLL('kernel32', use_last_error=True)
kernel.CreateFileW.restype = ctypes.c_void_p
path = sys.argv[1] + r'\f'
for n in range(2):
    handle = kernel.CreateFileW(path, 0x80000000, 0, None, 3, 0, None)
    if n: break
    assert kernel.CreateFileW(path, 0xC0010000, 0, None, 2, 0x04000000, None) in (None, 2**64 - 1)
    print(ctypes.get_last_error())
"""
    result, _ = undone_run(win, place, code)
    assert result.stdout.split() == ['32'] and 'could not be kept' not in result.stderr, result


MOVE = """
import os, shutil, sys
root, temp = sys.argv[1], os.environ['TEMP']
try: os.rename(root + r'\\d', temp + r'\\d')
except OSError as error: print(error.winerror)
shutil.move(root + r'\\d', temp + r'\\d')
open(temp + r'\\x', 'w').close(); os.rename(temp + r'\\x', temp + r'\\y'); os.unlink(temp + r'\\y')
"""


def test_what_is_moved_to_temp_comes_back(win, place):
    root = win.host(place) / 'root'
    (root / 'd').mkdir()
    (root / 'd' / 'f').write_text('x')
    age(root)
    before = state_of(root)
    result, run = undone_run(win, place, MOVE)
    assert result.stdout.split() == ['17'] and result.returncode == 0, result
    restore(win, run)
    assert state_of(root) == before


DELETE_ON_CLOSE = """
import ctypes, sys
from ctypes import wintypes
k = ctypes.WinDLL('kernel32')
k.CreateFileW.restype = wintypes.HANDLE
k.CloseHandle.argtypes = [wintypes.HANDLE]
k.CloseHandle(k.CreateFileW(sys.argv[1] + r'\\f', 0x80000000 | 0x10000, 7, None, 3, 0x04000000, None))
"""


def test_delete_on_close(win, place):
    root = win.host(place) / 'root'
    (root / 'f').write_text('x')
    age(root)
    before = state_of(root)
    result, run = undone_run(win, place, DELETE_ON_CLOSE)
    assert result.returncode == 0 and os.listdir(root) == [] and run, result
    restore(win, run)
    assert state_of(root) == before


@pytest.mark.skipif(world.ON_WINDOWS, reason='makes a Unix symbolic link, which stands in for a junction')
def test_planted_links_are_not_followed(win, modify_place):
    root, outside = win.host(modify_place) / 'root', win.host(modify_place) / 'outside'
    (root / 'd').mkdir()
    (root / 'd' / 'f').write_text('x')
    age(root)
    _, run = unlink_run(win, modify_place, 'd\\f')
    (root / 'd').rename(root / 'e')
    (root / 'd').symlink_to(outside)
    assert 'not put back' in restore(win, run, '--force', code=1).stderr
    assert os.listdir(outside) == ['kept.txt']
    (root / 'd').unlink()
    (root / 'e').rename(root / 'd')
    root.rename(root.with_name('moved'))
    root.symlink_to(outside)
    assert 'not what it was' in restore(win, run, '--force', code=125).stderr
    root.unlink()
    root.with_name('moved').rename(root)
    restore(win, run)
    assert (root / 'd' / 'f').read_text() == 'x' and os.listdir(outside) == ['kept.txt']


def test_killed_run_and_pruning(win, modify_place):
    """A run that is killed can be undone; one that goes on is neither restored nor pruned."""
    root = win.host(modify_place) / 'root'
    for name in 'fg':
        (root / name).write_text('x')
    age(root)
    before = state_of(root)
    code = "import os, sys; os.unlink(sys.argv[1] + r'\\f'); print('ready', flush=True); sys.stdin.read()"
    process = win.start_program(win.command([win.pythons['3.11'], '-c', code, modify_place + '\\root'], 'broker',
                                            modify_place + '\\root', ['--undo']), stdin=-1)
    try:
        assert process.stdout.readline().strip() == b'ready'
        runs = json.loads(win.run_sbx('undo', 'list', '--json').stdout)['runs']
        (run,) = [r['run'] for r in runs if r['in_use'] and modify_place in r['command']]
        assert 'still goes on' in restore(win, run, code=125).stderr
        assert win.run_sbx('undo', 'prune', '--all').returncode == 0
        assert store_of(win, run).exists()
    finally:
        process.kill()
        process.communicate(timeout=60)
    (store_of(win, run) / 'journal').open('ab').write(b'{"what":"gone","n":9')
    restore(win, run)
    assert state_of(root) == before
    _, run = unlink_run(win, modify_place, 'f')
    journal = store_of(win, run) / 'journal'
    text = journal.read_text()
    journal.write_text(re.sub(r'"time":\d+,"command"', '"time":130000000000000000,"command"', text))
    result, other = unlink_run(win, modify_place, 'g')
    assert f'run {run}' in result.stderr and 'older than 30 days' in result.stderr and not journal.exists()
    assert 'as you asked' in win.run_sbx('undo', 'prune', '--all').stderr
    assert not store_of(win, other).exists() and win.run_sbx('undo', 'list').stdout == ''


def test_other_volume(win):
    """A root on another volume than the state: kept in a store there, or copied."""
    other = win.other_volume()
    if not other:
        pytest.skip('no other volume that keeps access control lists')
    host = world.pathlib.Path(other) if world.ON_WINDOWS else world.pathlib.Path(other[2:].replace('\\', '/'))
    (host / 'root').mkdir()
    (host / 'root' / 'f').write_text('x')
    age(host / 'root')
    before = state_of(host / 'root')
    result, run = unlink_run(win, other, 'f')
    assert run and os.listdir(host / 'root') == [], result
    header = journal_of(win, run)[0]
    restore(win, run)
    assert state_of(host / 'root') == before
    assert win.run_sbx('undo', 'prune', '--all').returncode == 0
    code = "import os, sys; print([os.path.exists(p) for p in sys.argv[1:]])"
    assert 'True' not in win.python('3.11', code, *header['stores']).stdout


def test_wrong_words(win):
    for words in (['undo', 'show'], ['undo', 'restore'], ['undo', 'list', 'x'], ['undo', 'what'], ['undo', 'show', 'x', 'y']):
        result = win.run_sbx(*words)
        assert result.returncode == 125 and 'usage' in result.stderr, words
    for run in ('x', '..\\..\\x', '0123456789abcdef'):
        result = win.run_sbx('undo', 'restore', run)
        assert result.returncode == 125 and run in result.stderr and 'undo list' in result.stderr


def test_calls_do_the_same_as_without_undo(win, layout):
    """Every form of delete, rename, link and replace: keeping what it destroys changes no result."""
    found = []
    for options in ([], ['--undo']):
        place = win.new_place(layout)
        result = win.probe('3.11', 'matrix.py', place + '\\root', sandbox='broker', roots=place + '\\root', options=options,
                           timeout=200)
        assert result.returncode == 0, result
        found.append(json.loads(result.stdout))
    assert len(found[0]) > 60
    different = {name: [one[name] for one in found] for name in found[0] if found[0][name] != found[1][name]}
    assert not different, json.dumps(different, indent=1)
    run = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)[1]
    assert win.run_sbx('undo', 'restore', run, '--all', '--force').returncode in (0, 1)


# An open that the shim leaves to the system, so this speaks the protocol itself.
PROTOCOL = """
import os, sys
exec(open(sys.argv[1]).read())
root, connection = '\\\\??\\\\' + sys.argv[2] + '\\\\', Connection()
print(connection.ask(frame(uint(OPEN), uint(0), name(root + 'e'), uint(0x40), uint(0x40000000), uint(0x80), uint(7), uint(5),
                           uint(0x20), uint(0))))
"""


def test_overwrite_by_the_broker(win, place):
    root = win.host(place) / 'root'
    (root / 'e').write_text('e')
    age(root)
    before = state_of(root)
    result = win.python('3.11', PROTOCOL, world.PROBES / 'protocol.py', place + '\\root', sandbox='broker',
                        roots=place + '\\root', options=['--undo'])
    assert result.stdout.split() == ['0'] and (root / 'e').read_text() == '', result
    run = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)[1]
    restore(win, run)
    assert state_of(root) == before


MANY = """
import os, subprocess, sys, threading
root = sys.argv[1]
if len(sys.argv) == 2:
    children = [subprocess.Popen([sys.executable, '-c', os.environ['CODE'], root, str(part)]) for part in range(3)]
    sys.exit(max(child.wait() for child in children))
errors = []
def work(part):
    try:
        for number in range(25):
            name = f'{root}\\\\d{part}\\\\f{number}'
            if number % 3 == 0: os.unlink(name)
            elif number % 3 == 1: os.replace(name, f'{root}\\\\moved-{part}-{number}')
            else:
                open(name + '.new', 'w').close()
                os.replace(name + '.new', name)
    except OSError as error:
        errors.append(error)
threads = [threading.Thread(target=work, args=[int(sys.argv[2]) * 3 + i]) for i in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
if errors: raise errors[0]
"""


TAKE_BACK = """
import ctypes, sys
from ctypes import wintypes
k = ctypes.WinDLL('kernel32', use_last_error=True)
k.CreateFileW.restype = wintypes.HANDLE
k.SetFileInformationByHandle.argtypes = [wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD]
k.CloseHandle.argtypes = [wintypes.HANDLE]
path = sys.argv[1] + r'\\f'
handle = k.CreateFileW(path, 0x10000, 7, None, 3, 0, None)
for delete in (b'\\1', b'\\0'):
    assert k.SetFileInformationByHandle(handle, 4, ctypes.create_string_buffer(delete, 1), 1), ctypes.get_last_error()
k.CloseHandle(handle)
open(path, 'a').write(' and more')
"""


def test_deletion_that_is_taken_back(win, place):
    root = win.host(place) / 'root'
    (root / 'f').write_text('old')
    age(root)
    result, run = undone_run(win, place, TAKE_BACK)
    assert result.returncode == 0 and run is None, result
    assert (root / 'f').read_text() == 'old and more' and (root / 'f').stat().st_nlink == 1


def test_doctor_tells_what_is_kept(win, modify_place):
    (win.host(modify_place) / 'root' / 'f').write_text('x')
    unlink_run(win, modify_place, 'f')
    checks = json.loads(win.run_sbx('doctor', '--json').stdout)['checks']
    assert any(check['check'] == 'undo' and 'sbx undo' in check['text'] for check in checks)


def test_many_threads_and_processes(win, modify_place):
    root = win.host(modify_place) / 'root'
    for part in range(9):
        (root / f'd{part}').mkdir()
        for number in range(25):
            (root / f'd{part}' / f'f{number}').write_text(f'{part} {number}')
    age(root)
    before = state_of(root)
    result = win.python('3.11', MANY, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root',
                        options=['--undo'], env={'CODE': MANY})
    assert result.returncode == 0 and len(os.listdir(root)) == 9 + 9 * 8, result
    run = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)[1]
    restore(win, run)
    after = state_of(root)
    # The first change in these directories is a new file, of which the broker hears nothing.
    different = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not {name for name in different if not re.fullmatch(r'd\d', name)}


def test_directory_in_the_way_stays(win, modify_place):
    root = win.host(modify_place) / 'root'
    (root / 'd').mkdir()
    (root / 'd' / 'f').write_text('old')
    (root / 'g').write_text('old')
    age(root)
    code = "import os, sys; os.chdir(sys.argv[1]); os.rename('d', 'e'); os.mkdir('d'); os.unlink('g'); os.mkdir('g')"
    _, run = undone_run(win, modify_place, code)
    told = restore(win, run, '--force', code=1)
    assert told.stderr.count('a directory is in the way') == 2 and '2 not' in told.stdout, told
    for name in 'dg':
        (root / name).rmdir()
    restore(win, run)
    assert (root / 'd' / 'f').read_text() == 'old' and (root / 'g').read_text() == 'old' and sorted(os.listdir(root)) == ['d', 'g']
