"""One round trip for each destructive call, none for any other."""

import json

import pytest

COUNT = 10
PREPARE = '''
import os, sys
root = sys.argv[1]
for n in range(10):
    with open(os.path.join(root, f'{n}'), 'w') as file:
        file.write('text')
'''
CALLS = {
    'replace': "for n in range(10): os.replace(os.path.join(root, f'{n}'), os.path.join(root, 'target'))",
    'unlink': "for n in range(10): os.unlink(os.path.join(root, f'{n}'))",
    'rename': "for n in range(10): os.rename(os.path.join(root, f'{n}'), os.path.join(root, f'new{n}'))",
    'nothing': "for n in range(10): open(os.path.join(root, f'{n}')).read(); os.stat(root); os.listdir(root)",
    'directories': "for n in range(10): os.mkdir(os.path.join(root, f'd{n}')); os.rmdir(os.path.join(root, f'd{n}'))",
    'outside': "for n in range(10):\n    try: os.unlink(sys.argv[2])\n    except PermissionError: print('denied')",
}


def stats(win, version, place, calls, sandbox='broker'):
    result = win.python(version, PREPARE + CALLS[calls], place + '\\root', place + '\\outside\\kept.txt', sandbox=sandbox,
                        roots=place + '\\root', options=['--stats'])
    assert result.returncode == 0, result
    return result, result.stats()


def test_replace(win, place, version):
    _, counts = stats(win, version, place, 'replace')
    assert counts['requests'] == counts['rename'] == COUNT and counts['refused'] == 0, counts


def test_rename(win, place, version):
    _, counts = stats(win, version, place, 'rename')
    assert counts['requests'] == counts['rename'] == COUNT, counts


def test_unlink(win, place, version):
    _, counts = stats(win, version, place, 'unlink')
    # A system deletes by a disposition or by an open that deletes on close.
    assert counts['requests'] == counts['delete'] + counts['open'] == COUNT, counts


def test_directories(win, place, version):
    _, counts = stats(win, version, place, 'directories')
    assert counts['requests'] == counts['delete'] + counts['open'] == COUNT, counts


def test_no_request_without_a_destructive_call(win, place, version):
    _, counts = stats(win, version, place, 'nothing')
    assert counts['requests'] == 0, counts


def test_no_request_for_what_lies_outside(win, place, version):
    result, counts = stats(win, version, place, 'outside')
    assert result.stdout.split() == ['denied'] * COUNT and counts['requests'] == 0, counts


def test_no_broker_no_requests(win, place, version):
    _, counts = stats(win, version, place, 'nothing', sandbox='strict')
    assert not any(counts.values()), counts


def test_events_tell_each_operation(win, modify_place):
    events = modify_place + '\\outside\\events.jsonl'
    result = win.python('3.11', PREPARE + CALLS['replace'], modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root',
                        options=['--events', events])
    assert result.returncode == 0, result
    lines = [json.loads(line) for line in win.host(events).read_text(encoding='utf-8').splitlines()]
    assert sum('rename' in line.values() for line in lines) == COUNT, lines


def test_events_on_a_full_disk_are_one_warning(win, modify_place):
    full = win.full_file()
    if not full:
        pytest.skip('no full disk here')
    result = win.python('3.11', PREPARE + CALLS['replace'], modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root',
                        options=['--events', full, '--quiet'])
    assert result.returncode == 0, result
    assert [line for line in result.stderr.splitlines() if 'events file cannot be written' in line] == result.stderr.splitlines(), result
    assert len(result.stderr.splitlines()) == 1, result
