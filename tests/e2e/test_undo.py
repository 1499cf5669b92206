"""`sbx run --undo` keeps what a program deletes, replaces or renames; `sbx undo restore` puts it back exactly."""

import json
import os
import re
import shutil

import pytest

from undo_runs import OLD, undone_run, state_of, fill, age, restore, UNLINK, unlink_run, store_of, journal_of


def test_removed_tree_comes_back(win, place, version):
    root = win.host(place) / 'root'
    (root / 'tree').mkdir()
    fill(root / 'tree', 1000)
    age(root)
    before = state_of(root)
    code = "import shutil, sys; shutil.rmtree(sys.argv[1] + r'\\tree')"
    result, run = undone_run(win, place, code, version=version)
    assert result.returncode == 0 and not (root / 'tree').exists(), result
    assert run, result
    listed = json.loads(win.run_sbx('undo', 'list', '--json').stdout)['runs']
    assert [(r['files'], r['directories']) for r in listed if r['run'] == run] == [(1000, 15)]
    done = restore(win, run)
    assert state_of(root) == before, done


REPLACE = '''
import os, sys
root = sys.argv[1]
for number in range(3):
    with open(root + r'\\new.tmp', 'w') as file:
        file.write('version %d' % number)
    os.replace(root + r'\\new.tmp', root + r'\\a.txt')
'''


def test_replaced_file_comes_back(win, place, version):
    """Replaced three times: what was there before the run comes back, and nothing that the run made."""
    root = win.host(place) / 'root'
    (root / 'a.txt').write_bytes(b'precious\r\n')
    age(root)
    before = state_of(root)
    result, run = undone_run(win, place, REPLACE, version=version)
    assert result.returncode == 0 and (root / 'a.txt').read_text() == 'version 2', result
    done = restore(win, run)
    assert state_of(root) == before, done
    # What made way is kept too.
    again = re.search(r'sbx undo restore ([0-9a-f]{16})', done.stderr)[1]
    assert again != run
    restore(win, again, '--force')
    assert (root / 'a.txt').read_text() == 'version 2'


def test_renamed_directory_comes_back(win, place, version):
    root = win.host(place) / 'root'
    (root / 'dir' / 'sub').mkdir(parents=True)
    for name in ('dir/one', 'dir/sub/two', 'dir/sub/three', 'b'):
        (root / name).write_text(name)
    age(root)
    before = state_of(root)
    code = '''
import os, sys
os.chdir(sys.argv[1])
os.rename('dir', 'other')
os.unlink('other/sub/two')
os.rename('other/sub', 'other/renamed')
os.unlink('other/renamed/three')
os.replace('b', 'other/one')
os.rename('other', 'last')
'''
    result, run = undone_run(win, place, code, version=version)
    assert result.returncode == 0 and sorted(os.listdir(root)) == ['last'], result
    done = restore(win, run)
    assert state_of(root) == before, done


REMADE = """
import os, sys
os.chdir(sys.argv[1])
for turn in range(3):
    os.unlink('dir/file')
    os.rmdir('dir')
    os.mkdir('dir')
    open('dir/file', 'w').close()
    os.rename('dir', 'away')
    os.mkdir('dir')
    open('dir/file', 'w').close()
    os.unlink('away/file')
    os.rmdir('away')
os.unlink('dir/file')
os.rmdir('dir')
"""


def test_directory_that_was_made_again_comes_back_as_it_was(win, place):
    """Its times are written down once more for each time it was there; the first ones count."""
    root = win.host(place) / 'root'
    (root / 'dir').mkdir()
    (root / 'dir' / 'file').write_text('precious')
    age(root)
    before = state_of(root)
    result, run = undone_run(win, place, REMADE)
    assert result.returncode == 0 and not os.listdir(root), result
    journal = win.host(win.home) / 'AppData' / 'Local' / 'sbx' / 'undo' / run / 'journal'
    touched = [line for line in map(json.loads, journal.read_text().splitlines()) if line['what'] == 'touched']
    assert len([line for line in touched if line['path'].endswith('dir')]) > 1
    done = restore(win, run)
    assert state_of(root) == before, done


SWAP = """
import os, sys
os.chdir(sys.argv[1])
os.rename('a', 't'); os.rename('b', 'a'); os.rename('t', 'b')
"""


def test_swapped_names_come_back(win, modify_place):
    root = win.host(modify_place) / 'root'
    for name in 'ab':
        (root / name).write_text('was ' + name)
    age(root)
    before = state_of(root)
    _, run = undone_run(win, modify_place, SWAP)
    assert (root / 'a').read_text() == 'was b'
    restore(win, run)
    assert state_of(root) == before


def test_without_the_option_nothing_is_kept(win, place):
    root = win.host(place) / 'root'
    (root / 'f').write_text('x')
    before = win.run_sbx('undo', 'list').stdout
    result = win.python('3.11', UNLINK, place + '\\root\\f', sandbox='broker', roots=place + '\\root')
    assert result.returncode == 0 and 'undo' not in result.stderr
    assert win.run_sbx('undo', 'list').stdout == before


def test_denials_stay_denials(win, place):
    """The option opens nothing: outside the roots, and with only a link in the store, a delete is denied as before."""
    outside = place + '\\outside\\kept.txt'
    result = win.python('3.11', UNLINK, outside, sandbox='broker', roots=place + '\\root', options=['--undo'])
    assert 'WinError 5' in result.stderr and win.host(outside).exists()
    assert 'sbx undo restore' not in result.stderr
    assert win.python('3.11', UNLINK, outside).returncode == 0 and not win.host(outside).exists()


def test_option_needs_the_broker(win, modify_place):
    for options in (['--undo'], ['--require-undo'], ['--undo-quota', '5']):
        result = win.python('3.11', 'print(1)', sandbox='strict', roots=modify_place + '\\root', options=options)
        assert result.returncode == 125 and '--undo' in result.stderr and not result.stdout
    result = win.python('3.11', 'print(1)', sandbox='broker', roots=modify_place + '\\root', options=['--undo', '--undo-quota', 'x'])
    assert result.returncode == 125 and '--undo-quota' in result.stderr


ATTACK = """
import os, sys
root, store = sys.argv[1], os.path.join(os.environ['LOCALAPPDATA'], 'sbx', 'undo')
open(root + r'\\made', 'w').close()
os.unlink(root + r'\\f')
os.unlink(root + r'\\made')
(run,) = [name for name in os.listdir(store) if name == max(os.listdir(store), key=lambda n: os.stat(os.path.join(store, n)).st_mtime)]
run = os.path.join(store, run)
assert open(os.path.join(run, '1')).read() == 'x' * 100, 'not kept'
def attempt(call):
    try:
        call()
        print('done')
    except OSError as error:
        print(error.winerror or error.errno)
for name in ('1', '2', 'journal', '7'):
    path = os.path.join(run, name)
    attempt(lambda: open(path, 'r+' if name != '7' else 'w').close())
    attempt(lambda: os.unlink(path))
    attempt(lambda: os.rename(path, root + r'\\stolen'))
    attempt(lambda: os.replace(root + r'\\g', path))
attempt(lambda: os.rename(run, run + 'x'))
# A further name can be made where the system asks for no right to the file; it opens nothing.
try:
    os.link(os.path.join(run, '1'), root + r'\\linked')
    attempt(lambda: open(root + r'\\linked', 'r+').close())
except OSError:
    attempt(lambda: open(os.path.join(run, '1'), 'a').close())
"""


@pytest.mark.parametrize('sandbox', ['broker', 'medium'])
def test_program_cannot_write_to_the_store(win, place, sandbox):
    root = win.host(place) / 'root'
    for name in 'fg':
        (root / name).write_text('x' * 100)
    result = win.python('3.11', ATTACK, place + '\\root', sandbox=sandbox, roots=place + '\\root', options=['--undo'])
    words = result.stdout.split()
    assert result.returncode == 0 and len(words) == 18 and 'done' not in words, result
    assert (root / 'g').exists() and not (root / 'stolen').exists()
    run = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)[1]
    restore(win, run)
    assert (root / 'f').read_text() == 'x' * 100


def test_kept_file_carries_nothing_of_sbx(win, place):
    """A file that had the root's entries and the Low label has neither in the store."""
    root = win.host(place) / 'root'
    code = "import os, sys; open(sys.argv[1] + r'\\f', 'w').write('x'); os.unlink(sys.argv[1] + r'\\f')"
    _, run = undone_run(win, place, code)
    gone = [line for line in journal_of(win, run) if line['what'] == 'gone']
    assert [line['how'] for line in gone] == ['link']
    path = f'{win.probe("3.11", "local_app_data.py").stdout.strip()}\\sbx\\undo\\{run}\\{gone[0]["n"]}'
    shown = win.run_sbx('roots', 'show', path)
    assert shown.returncode == 0 and '<- sbx' not in shown.stdout and 'Low' not in shown.stdout, shown
    assert sorted(os.listdir(root)) == []
    restore(win, run)
    assert sorted(os.listdir(root)) == []
    restore(win, run, '--all')
    assert (root / 'f').read_text() == 'x'


def test_newer_file_stays(win, place):
    root = win.host(place) / 'root'
    for name in ('f', 'g'):
        (root / name).write_text('old ' + name)
    age(root)
    _, run = unlink_run(win, place, 'f', 'g')
    (root / 'f').write_text('newer')
    result = restore(win, run, code=1)
    assert 'newer than the run' in result.stderr and (root / 'f').read_text() == 'newer'
    assert (root / 'g').read_text() == 'old g'
    forced = restore(win, run, '--force', place + '\\root\\f')
    assert (root / 'f').read_text() == 'old f'
    # What made way can be had back.
    again = re.search(r'sbx undo restore ([0-9a-f]{16})', forced.stderr)[1]
    restore(win, again, '--force', '--all')
    assert (root / 'f').read_text() == 'newer'


def test_paths_can_be_chosen(win, modify_place):
    root = win.host(modify_place) / 'root'
    (root / 'd' / 'e').mkdir(parents=True)
    for name in ('d/e/f', 'd/g', 'h'):
        (root / name).write_text(name)
    age(root)
    code = "import shutil, os, sys; shutil.rmtree(sys.argv[1] + r'\\d'); os.unlink(sys.argv[1] + r'\\h')"
    _, run = undone_run(win, modify_place, code)
    shown = win.run_sbx('undo', 'show', run).stdout
    assert all(modify_place + '\\root\\' + name in shown for name in ('d\\e\\f', 'd\\g', 'h', 'd\\e'))
    restore(win, run, modify_place + '\\root\\D\\e')
    assert (root / 'd' / 'e' / 'f').read_text() == 'd/e/f' and os.listdir(root / 'd') == ['e']
    assert not (root / 'h').exists()
    restore(win, run, code=1)   # d/e/f is not in the store any more
    assert (root / 'd' / 'g').exists() and (root / 'h').exists()


def test_attributes_come_back(win, modify_place):
    path = modify_place + '\\root\\f'
    (win.host(path)).write_text('x')
    age(win.host(path).parent)
    code = "import ctypes, sys; assert ctypes.WinDLL('kernel32').SetFileAttributesW(sys.argv[1], 0x22)"
    assert win.python('3.11', code, path).returncode == 0
    _, run = unlink_run(win, modify_place, 'f')
    restore(win, run)
    code = "import os, sys; print(os.stat(sys.argv[1]).st_file_attributes & 0x7f)"
    assert win.python('3.11', code, path).stdout.strip() == str(0x22)


def test_file_with_two_names_is_copied(win, place):
    root, sibling = win.host(place) / 'root', win.host(place) / 'sibling'
    (root / 'f').write_text('x' * 5000)
    os.link(root / 'f', sibling / 'g')
    age(root)
    _, run = unlink_run(win, place, 'f')
    assert [line['how'] for line in journal_of(win, run) if line['what'] == 'gone'] == ['copy']
    (sibling / 'g').write_text('changed')
    restore(win, run)
    assert (root / 'f').read_text() == 'x' * 5000 and (sibling / 'g').read_text() == 'changed'
    assert (root / 'f').stat().st_mtime == OLD


WRITER = """
import ctypes, os, sys
from ctypes import wintypes
k = ctypes.WinDLL('kernel32', use_last_error=True)
k.CreateFileW.restype = wintypes.HANDLE
k.WriteFile.argtypes = [wintypes.HANDLE, ctypes.c_char_p, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p]
path = sys.argv[1] + r'\\f'
handle = k.CreateFileW(path, 0x40000000, 7, None, 3, 0, None)
os.unlink(path)
written = wintypes.DWORD()
assert k.WriteFile(handle, b'evil', 4, ctypes.byref(written), None)
"""


def test_writer_does_not_reach_what_is_kept(win, place):
    root = win.host(place) / 'root'
    (root / 'f').write_text('good')
    age(root)
    result, run = undone_run(win, place, WRITER)
    assert result.returncode == 0, result
    gone = [line for line in journal_of(win, run) if line['what'] == 'gone']
    assert [line['how'] for line in gone] == ['copy']
    restore(win, run, '--all')
    assert (root / 'f').read_text() == 'good'


def test_quota(win, modify_place):
    root = win.host(modify_place) / 'root'

    def make():
        for name in ('big', 'small'):
            (root / name).write_bytes(b'x' * (2 << 20 if name == 'big' else 10))
        age(root)

    make()
    result, run = unlink_run(win, modify_place, 'big', 'small', options=['--undo-quota', '1'])
    assert result.returncode == 0 and '1 deletions or changes could not be kept' in result.stderr, result
    told = restore(win, run, code=1)
    assert 'could not be kept' in told.stderr and os.listdir(root) == ['small']
    make()
    result, run = unlink_run(win, modify_place, 'small', 'big', options=['--undo-quota', '1', '--require-undo'])
    assert result.returncode == 1 and 'WinError 112' in result.stderr, result
    assert os.listdir(root) == ['big']


LONG_NAMES = r'''
import os, sys
top = '\\\\?\\' + sys.argv[1]
for _ in range(14):
    top += '\\' + 'x' * 200
os.makedirs(top)
names = top + '\\a', top + '\\b'
open(names[0], 'w').close()
for turn in range(300):
    os.rename(names[turn % 2], names[1 - turn % 2])
'''


def test_lines_of_the_journal_count_by_their_length(win, modify_place):
    """Long names do not make a journal that the quota does not hold."""
    result, run = undone_run(win, modify_place, LONG_NAMES, '--undo-quota', '1')
    assert result.returncode == 0 and 'could not be kept' in result.stderr, result
    journal = store_of(win, run) / 'journal'
    assert journal.stat().st_size <= 1 << 20
    # What is not noted leaves no line that takes it back.
    assert b'"cancelled"' not in journal.read_bytes()


def test_a_journal_that_is_too_long_is_pruned(win, modify_place):
    root = win.host(modify_place) / 'root'
    (root / 'a').write_text('a')
    age(root)
    _, run = unlink_run(win, modify_place, 'a')
    store = store_of(win, run)
    os.truncate(store / 'journal', (1 << 30) + 1)
    result = restore(win, run, code=125)
    assert 'journal' in result.stderr, result
    assert f'run {run} is damaged' in win.run_sbx('undo', 'list').stderr
    assert win.run_sbx('undo', 'prune', '--all').returncode == 0 and not store.exists()


def test_json_is_plain_ascii(win, modify_place):
    """A file's name can hold what a terminal obeys."""
    name = 'a\x9b2J\u202eb'
    root = win.host(modify_place) / 'root'
    (root / name).write_text('a')
    age(root)
    _, run = unlink_run(win, modify_place, name)
    said = win.run_sbx('undo', 'show', run, '--json').stdout
    assert said.isascii() and json.loads(said)['items'][0]['path'].endswith(name), said


def test_damaged_journal_line(win, modify_place):
    root = win.host(modify_place) / 'root'
    for name in 'abc':
        (root / name).write_text(name)
    age(root)
    _, run = unlink_run(win, modify_place, 'a', 'b', 'c')
    journal = store_of(win, run) / 'journal'
    lines = journal.read_bytes().splitlines(keepends=True)
    (number,) = [i for i, line in enumerate(lines) if b'root\\\\b"' in line]
    lines[number] = lines[number][:40] + b'\0\xff' + lines[number][60:]
    journal.write_bytes(b''.join(lines))
    result = restore(win, run, code=1)
    assert f'line {number + 1} of the journal' in result.stderr and sorted(os.listdir(root)) == ['a', 'c']
    assert journal.read_bytes() == b''.join(lines)
    cancelled = [{'what': 'cancelled', 'n': n} for n in (0, (1 << 31) - 1, (1 << 32) - 1)]
    journal.write_bytes(b''.join(lines) + b''.join(json.dumps(line).encode() + b'\n' for line in cancelled))
    assert win.run_sbx('undo', 'show', run).returncode in (0, 1)
    journal.write_bytes(b'rubbish\n' + b''.join(lines[1:]))
    result = restore(win, run, code=125)
    assert 'first line is damaged or memory is short' in result.stderr
    listed = win.run_sbx('undo', 'list')
    assert listed.returncode == 0 and f'run {run} is damaged' in listed.stderr
    shutil.rmtree(journal.parent)
