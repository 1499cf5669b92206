"""The file calls themselves: the same NTSTATUS and the same files inside as unsandboxed."""

import json
import re

import pytest
import world

NAMES = re.findall(r'^@case\ndef (\w+)', (world.PROBES / 'nt_calls.py').read_text(), re.M)
# These try what fails everywhere, or what the strict token alone allows.
NOT_DENIED = {'bad_handles', 'bad_lengths', 'bad_new_names', 'names_too_long', 'last_errors_of_what_is_missing',
              'link', 'link_ex', 'create_hard_link', 'supersede_and_overwrite',
              'delete_on_close_without_the_right', 'delete_on_close_of_a_new_file', 'renamed_handle_goes_on',
              'disposition_of_a_read_only_file', 'odd_names'}
GARBAGE = '''
import sys
sys.path.insert(0, sys.argv[2])
import ntfile as nt
path = sys.argv[1] + '\\\\a'
open(path, 'w').close()
_, handle = nt.open_file(path, nt.DELETE)
found = []
for address in (0, 8, 0x1000, 0x800000000000, 0xfffffffffffffff0):
    for kind in (nt.RENAME, nt.LINK, nt.DISPOSITION, nt.DISPOSITION_EX, nt.RENAME_EX, nt.LINK_EX):
        for size in (0, 1, 24, 0xffffffff):
            status = nt.set_information(handle, address, size, kind)
            # The Wine of the tests takes a class 64 without any content.
            if kind != nt.DISPOSITION_EX:
                found.append(status)
nt.close(handle)
print('alive', *found)
'''
# What differs inside, and why: the shim stands in for a handle with DELETE by one without, and does not remember which
# handles were opened for deleting.
DIFFERENT = '''
import os, sys
sys.path.insert(0, sys.argv[3])
import ntfile as nt
for directory in sys.argv[1:3]:
    path = directory + '\\\\kept.txt'
    open(path, 'a').close() if directory == sys.argv[1] else None
    handle = nt.open_file(path, nt.READ_DATA)[1]
    print(nt.dispose(handle), nt.close(handle), os.path.exists(path))
'''


@pytest.fixture(scope='module')
def found(win):
    """What each case gave, run once for each layout, Python and column."""
    kept = {}

    def of(layout, version, sandbox):
        key = layout, version, sandbox
        if key not in kept:
            place = win.new_place(layout)
            root = place + '\\root'
            result = win.probe(version, 'nt_calls.py', root, sandbox=sandbox, roots=root, timeout=240)
            assert result.returncode == 0, result
            kept[key] = json.loads(result.stdout.strip().splitlines()[-1])
        return kept[key]

    return of


def test_every_case_runs(found, layout, version):
    assert sorted(found(layout, version, None)) == sorted(NAMES) and len(NAMES) > 30


@pytest.mark.parametrize('name', NAMES)
def test_same_as_unsandboxed(found, layout, version, name):
    assert found(layout, version, 'broker')[name] == found(layout, version, None)[name]


@pytest.mark.parametrize('name', [name for name in NAMES if name not in NOT_DENIED])
def test_denied_by_the_strict_token_alone(found, version, name):
    strict = json.dumps(found('modify', version, 'strict')[name])
    assert 'c0000022' in strict or 'error 5"' in strict, strict
    assert strict != json.dumps(found('modify', version, None)[name])


def test_garbage_gets_the_same_answers(win, modify_place, version):
    words = (GARBAGE, modify_place + '\\root', win.win(world.PROBES))
    free = win.python(version, *words)
    inside = win.python(version, *words, sandbox='broker', roots=modify_place + '\\root')
    assert free.returncode == 0 and free.stdout.startswith('alive'), free
    assert inside.stdout == free.stdout, inside


def test_a_handle_opened_for_reading_deletes_in_the_root_only(win, modify_place, version):
    words = (DIFFERENT, modify_place + '\\root', modify_place + '\\outside', win.win(world.PROBES))
    free = win.python(version, *words)
    assert free.stdout.split() == ['c0000022', '00000000', 'True'] * 2, free
    inside = win.python(version, *words, sandbox='broker', roots=modify_place + '\\root')
    assert inside.stdout.split() == ['00000000', '00000000', 'False', 'c0000022', '00000000', 'True'], inside


ENDS = '''
import os, sys
sys.path.insert(0, sys.argv[2])
import ntfile as nt
path = sys.argv[1] + '\\\\a'
open(path, 'w').close()
_, handle = nt.open_file(path, nt.DELETE)
print(nt.dispose(handle), flush=True)
nt.kernel32.TerminateProcess(nt.wintypes.HANDLE(-1), 3)
'''


def test_a_held_deletion_happens_when_the_program_is_ended(win, modify_place, version):
    for sandbox in (None, 'broker'):
        result = win.python(version, ENDS, modify_place + '\\root', win.win(world.PROBES), sandbox=sandbox,
                            roots=modify_place + '\\root', options=['--stats'] if sandbox else ())
        assert (result.returncode, result.stdout.strip()) == (3, '00000000'), result
        assert list(win.host(modify_place + '\\root').iterdir()) == [], sandbox
