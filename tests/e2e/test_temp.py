"""TEMP and TMP of the child: a directory of this run alone, writable, removed afterwards."""

import os
import time

import pytest

USE = '''
import os, stat, sys, tempfile
temp = os.environ['TEMP']
assert temp == os.environ['TMP'] == tempfile.gettempdir()
os.makedirs(os.path.join(temp, 'a', 'b'))
for name in ('f', 'a/g', 'a/b/h'):
    open(os.path.join(temp, name), 'w').close()
os.chmod(os.path.join(temp, 'a', 'b', 'h'), stat.S_IREAD)
kept = tempfile.mkdtemp()
open(os.path.join(kept, 'file'), 'w').close()
print(temp)
sys.stdout.flush()
if sys.argv[1] == 'crash':
    os._exit(3)
'''


@pytest.mark.parametrize('sandbox', ['broker', 'medium'])
@pytest.mark.parametrize('end', ['return', 'crash'])
def test_temp_is_removed(win, modify_place, version, sandbox, end):
    result = win.python(version, USE, end, sandbox=sandbox, roots=modify_place + '\\root')
    assert result.returncode == (3 if end == 'crash' else 0), result
    temp = result.stdout.strip()
    assert '\\sbx\\temp\\' in temp.lower()
    assert not win.host(temp).exists(), result
    assert list(win.host(temp).parent.iterdir()) == []


def test_temp_under_the_strict_token(win, modify_place):
    code = "import os; p = os.path.join(os.environ['TEMP'], 'f'); open(p, 'w').close(); print(p)\ntry: os.unlink(p)\n" \
           "except PermissionError as e: print(e.winerror)"
    result = win.python('3.11', code, sandbox='strict', roots=modify_place + '\\root')
    path, error = result.stdout.split('\n')[:2]
    assert error == '5' and not win.host(path).parent.exists(), result


def test_two_runs_have_two_directories(win, modify_place):
    code = "import os; print(os.environ['TEMP'])"
    results = [win.python('3.11', code, sandbox='broker', roots=modify_place + '\\root').stdout for _ in range(2)]
    assert results[0] != results[1]


def test_another_runs_temp_is_closed(win, modify_place):
    """While a run goes on, another cannot write or delete in its TEMP."""
    hold = "import os, sys; open(os.path.join(os.environ['TEMP'], 'f'), 'w').close(); print(os.environ['TEMP'], flush=True); sys.stdin.read()"
    process = win.start_program(win.command([win.pythons['3.11'], '-c', hold], 'broker', modify_place + '\\root'), stdin=-1)
    try:
        temp = process.stdout.readline().decode().strip()
        code = "import os, sys\nfor call in (lambda: open(sys.argv[1] + r'\\f', 'w'), lambda: open(sys.argv[1] + r'\\g', 'w'), " \
               "lambda: os.unlink(sys.argv[1] + r'\\f')):\n    try: call(); print('done')\n    except PermissionError: print('denied')"
        other = win.python('3.11', code, temp, sandbox='broker', roots=modify_place + '\\sibling')
        assert other.stdout.split() == ['denied'] * 3, other
        assert win.host(temp + '\\f').exists()
    finally:
        process.communicate(b'', 60)
    assert process.returncode == 0 and not win.host(temp).exists()


def test_what_a_killed_run_left_is_swept_by_a_later_one(win, modify_place):
    """The TEMP of a run that was killed goes when it is old enough; that of a run that goes on stays, however old it is."""
    hold = "import os, sys; open(os.path.join(os.environ['TEMP'], 'f'), 'w').close(); print(os.environ['TEMP'], flush=True); sys.stdin.read()"
    process = win.start_program(win.command([win.pythons['3.11'], '-c', hold], 'broker', modify_place + '\\root'), stdin=-1)
    try:
        held = win.host(process.stdout.readline().decode().strip())
        abandoned, young = (held.with_name(name) for name in ('0123456789abcdef', 'fedcba9876543210'))
        unfinished = held.parent.with_name('cap_sid.json.01234567.new')
        (abandoned / 'deep').mkdir(parents=True)
        (abandoned / 'deep' / 'file').write_text('x')
        young.mkdir()
        unfinished.write_text('{')
        for path in (held, abandoned, unfinished):
            os.utime(path, (time.time() - 3600,) * 2)
        assert win.python('3.11', 'pass', sandbox='broker', roots=modify_place + '\\sibling').returncode == 0
        assert held.exists() and (held / 'f').exists() and young.exists()
        assert not abandoned.exists() and not unfinished.exists()
    finally:
        process.communicate(b'', 60)
    assert process.returncode == 0 and not held.exists()
