"""What a program can destroy with the system's own calls, no shim in it: nothing outside its roots, at Low, in every layout."""

import pytest

FILES = 'abcdefghijk'
# At Medium a parent that gives the user Full Control lets these through: FILE_DELETE_CHILD is not compared with restricting SIDs
# (docs/security.md).
OPEN_AT_MEDIUM = {'delete a file', 'delete an empty directory', 'delete on close', 'move a file away', 'rename a file beside',
                  'rename a directory', 'move one file over another', 'DELETE_CHILD of the directory', 'rename the directory'}


def fill(win, directory):
    where = win.host(directory)
    where.mkdir(exist_ok=True)
    for name in FILES:
        (where / name).write_text(name)
    (where / 'empty').mkdir()
    (where / 'full').mkdir()
    (where / 'full' / 'x').write_text('x')


def content(win, directory):
    where = win.host(directory)
    return {str(path.relative_to(where)): path.read_bytes() if path.is_file() else None for path in where.rglob('*')}


def tried(win, directory, root, options):
    sandbox = 'strict' if options is not None else None
    result = win.probe('3.11', 'native.py', directory, root + '\\own', sandbox=sandbox, roots=root if sandbox else (),
                       options=options or ())
    assert result.returncode == 0, result
    outcome = dict(line.split('\t') for line in result.stdout.splitlines())
    assert len(outcome) >= 20
    return outcome


def test_the_twin_unsandboxed_does_all_of_it(win, place):
    fill(win, place + '\\outside')
    outcome = tried(win, place + '\\outside', place + '\\root', None)
    assert {name for name, what in outcome.items() if what == 'done'} == set(outcome), outcome


@pytest.mark.parametrize('target', ['outside', 'sibling'])
def test_low_denies_every_one(win, place, target):
    fill(win, f'{place}\\{target}')
    before = content(win, f'{place}\\{target}')
    outcome = tried(win, f'{place}\\{target}', place + '\\root', ['--integrity', 'low'])
    assert set(outcome.values()) == {'error 5'}, outcome
    assert content(win, f'{place}\\{target}') == before


def test_low_denies_it_in_another_root(win, place):
    # A root of earlier runs: Low by its label, and its entries still stand.
    other = place + '\\sibling'
    assert win.python('3.11', 'pass', sandbox='broker', roots=other).returncode == 0
    fill(win, other)
    # What a program made there is Low as well.
    assert win.python('3.11', "import sys; open(sys.argv[1] + r'\\k2', 'w').close()", other, sandbox='broker', roots=other).returncode == 0
    before = content(win, other)
    outcome = tried(win, other, place + '\\root', ['--integrity', 'low'])
    assert set(outcome.values()) == {'error 5'}, outcome
    assert content(win, other) == before


def test_nothing_native_destroys_in_the_own_root(win, place):
    # So that the broker sees, and writes down, every deletion and replacement.
    inside = place + '\\root\\made'
    code = "import os, sys; os.mkdir(sys.argv[1]); [open(os.path.join(sys.argv[1], n), 'w').close() for n in 'abcdefghijk']; " \
           "os.mkdir(sys.argv[1] + r'\\empty'); os.mkdir(sys.argv[1] + r'\\full')"
    assert win.python('3.11', code, inside, sandbox='strict', roots=place + '\\root', options=['--integrity', 'low']).returncode == 0
    outcome = tried(win, inside, place + '\\root', ['--integrity', 'low'])
    destroyed = {name for name, what in outcome.items() if what == 'done' and name.split()[0] in ('delete', 'rename', 'move', 'ReplaceFile')}
    assert not destroyed, outcome


def test_medium_leaves_open_what_the_documents_say(win, place, layout):
    fill(win, place + '\\outside')
    outcome = tried(win, place + '\\outside', place + '\\root', ['--integrity', 'medium'])
    done = {name for name, what in outcome.items() if what == 'done'}
    if layout == 'modify':
        assert not done, outcome
    else:
        assert done >= {'delete a file', 'move a file away'}, outcome
        assert done <= OPEN_AT_MEDIUM, outcome
