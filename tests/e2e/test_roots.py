"""Roots that overlap, are used twice, are moved away or are no good; files that were moved out of a root."""

import os

import pytest

MAKE = "import sys; open(sys.argv[1], 'w').write('made')"
TRY = """import os, sys
def attempt(name, call):
    try: call(); print(name, 'done')
    except PermissionError: print(name, 'denied')
    except OSError as error: print(name, error.winerror)
"""
WAIT = """import os, sys, time
for i in range(3000):
    if os.path.exists(sys.argv[2]): break
    open(sys.argv[1], 'w').close()
    time.sleep(0.02)
os.unlink(sys.argv[1])
open(sys.argv[1] + '2', 'w').close()
"""


def with_environment(win, name, value, *words):
    """Wine takes some variables from its registry for the first process, so a second one sets them."""
    code = 'import os, subprocess, sys\nos.environ[sys.argv[1]] = sys.argv[2]\nsys.exit(subprocess.run(sys.argv[3:]).returncode)'
    return win.python('3.11', code, name, value, *words)


def listed(win, path):
    return [line for line in win.run_sbx('roots', 'list').stdout.splitlines() if line.lower() == path.lower()]


def test_a_root_in_a_root(win, place):
    outer, inner = place + '\\root', place + '\\root\\inner'
    win.host(inner).mkdir()
    code = TRY + ("attempt('inner', lambda: open(sys.argv[2] + r'\\a', 'w').close())\n"
                  "attempt('outer', lambda: open(sys.argv[1] + r'\\a', 'w').close())\n"
                  "attempt('across', lambda: os.rename(sys.argv[2] + r'\\a', sys.argv[1] + r'\\b'))\n"
                  "attempt('back', lambda: os.replace(sys.argv[1] + r'\\a', sys.argv[2] + r'\\b'))\n"
                  "attempt('unlink', lambda: os.unlink(sys.argv[2] + r'\\b'))\n"
                  "attempt('rename-root', lambda: os.rename(sys.argv[2], sys.argv[2] + '2'))\n"
                  "attempt('remove-root', lambda: os.rmdir(sys.argv[2]))\n")
    # 17, another device: an object that goes from one root to another would take the entries of the first one along, and a
    # later run of the first alone could write it there. Programs copy and delete instead.
    both = win.python('3.11', code, outer, inner, sandbox='broker', roots=[outer, inner])
    assert both.stdout.splitlines() == ['inner done', 'outer done', 'across 17', 'back 17', 'unlink 2', 'rename-root denied',
                                        'remove-root denied'], both
    # The inner root alone gives nothing in the outer one.
    alone = win.python('3.11', code, outer, inner, sandbox='broker', roots=inner)
    assert alone.stdout.splitlines()[:3] == ['inner done', 'outer denied', 'across denied'], alone
    assert len(listed(win, outer)) == len(listed(win, inner)) == 1


def test_one_root_in_two_spellings(win, modify_place):
    root = modify_place + '\\root'
    result = win.python('3.11', MAKE, root + '\\made', sandbox='broker', roots=[root, root.upper() + '\\', root + '\\..\\root', root + '/.'])
    assert result.returncode == 0 and result.stderr == '', result
    assert len(listed(win, root)) == 1


def test_more_roots_than_a_token_takes(win, modify_place):
    roots = [f'{modify_place}\\root\\{i}' for i in range(30)]
    for root in roots:
        win.host(root).mkdir()
    most = win.python('3.11', MAKE, roots[28] + '\\made', sandbox='broker', roots=roots[:29])
    assert most.returncode == 0 and win.host(roots[28] + '\\made').exists(), most
    result = win.python('3.11', MAKE, roots[0] + '\\made', sandbox='broker', roots=roots)
    assert result.returncode == 125 and 'too many paths: at most 29' in result.stderr, result
    assert not win.host(roots[0] + '\\made').exists()


@pytest.mark.parametrize('root, why', [
    ('C:\\', 'a whole drive'), ('C:\\windows', 'the Windows folder'), ('C:\\windows\\system32', 'the Windows folder'),
    ('C:\\Program Files', 'the program folder'), ('{home}', 'the user profile'), ('{home}\\..', 'the user profile')])
def test_no_root_and_why(win, root, why):
    root = root.format(home=win.home)
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=root)
    assert result.returncode == 125 and why in result.stderr and '--force' in result.stderr and not result.stdout, result


def test_forced_roots_never_hold_what_sbx_relies_on(win):
    """The profile holds the map of roots: --force does not give that away."""
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=win.home, options=['--force'])
    assert result.returncode == 125 and 'the state of sbx' in result.stderr and not result.stdout, result


def test_a_path_on_a_network(win):
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots='\\\\no-such-server\\share\\work')
    assert result.returncode == 125 and 'no-such-server' in result.stderr and not result.stdout, result


def test_a_root_is_held_during_the_run(win, modify_place):
    root, moved = modify_place + '\\root', modify_place + '\\moved'
    words = win.command([win.pythons['3.11'], '-c', WAIT, root + '\\file', modify_place + '\\go'], 'broker', root)
    process = win.start_program(words)
    for _ in range(600):
        if win.host(root + '\\file').exists():
            break
        win.python('3.11', 'import time; time.sleep(0.05)')
    assert win.host(root + '\\file').exists()
    code = TRY + "attempt('rename', lambda: os.rename(sys.argv[1], sys.argv[2]))\n"
    outside = win.python('3.11', code, root, moved)
    win.host(modify_place + '\\go').write_text('')
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert outside.stdout.split() == ['rename', 'denied'], outside
    assert sorted(os.listdir(win.host(root))) == ['file2']


def test_two_at_once_in_one_root(win, modify_place):
    root = modify_place + '\\root'
    code = ("import os, sys\nfor i in range(40):\n    name = os.path.join(sys.argv[1], f'{sys.argv[2]}-{i}')\n"
            "    open(name, 'w').write('x'); os.replace(name, name + 'b'); os.unlink(name + 'b')\n"
            "open(os.path.join(sys.argv[1], 'end' + sys.argv[2]), 'w').close()")
    processes = [win.start_program(win.command([win.pythons['3.11'], '-c', code, root, str(i)], 'broker', root)) for i in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert sorted(os.listdir(win.host(root))) == ['end0', 'end1', 'end2']
    assert len(listed(win, root)) == 1
    assert win.run_sbx('roots', 'show', root).returncode == 0


def test_a_file_moved_out_is_found_and_cleaned(win, modify_place):
    root, out = modify_place + '\\root', modify_place + '\\outside'
    made = win.python('3.11', MAKE, root + '\\tool.cmd', sandbox='broker', roots=root)
    assert made.returncode == 0, made
    win.python('3.11', 'import os, sys; os.rename(sys.argv[1], sys.argv[2])', root + '\\tool.cmd', out + '\\tool.cmd')
    assert '<- sbx' in win.run_sbx('roots', 'show', out + '\\tool.cmd').stdout
    doctor = with_environment(win, 'PATH', out, win.win(win.sbx), 'doctor')
    assert doctor.returncode == 1 and f'1 file(s) in {out} carry entries of sbx' in doctor.stdout, doctor
    cleaned = win.run_sbx('roots', 'clean', out + '\\tool.cmd')
    assert cleaned.returncode == 0 and '1 objects looked at, 1 cleaned' in cleaned.stdout, cleaned
    assert '<- sbx' not in win.run_sbx('roots', 'show', out + '\\tool.cmd').stdout
    assert 'carry entries' not in with_environment(win, 'PATH', out, win.win(win.sbx), 'doctor').stdout
    assert len(listed(win, root)) == 1 and win.run_sbx('roots', 'show', root).returncode == 0


def test_explain_says_what_then_happens(win, place, version):
    root = place + '\\root'
    win.host(root + '\\old').write_text('old')
    first = win.python(version, MAKE, root + '\\made', sandbox='broker', roots=root)
    assert first.returncode == 0, first
    code = TRY + ("path = sys.argv[1]\nattempt('read', lambda: open(path).read())\nattempt('write', lambda: open(path, 'a').close())\n"
                  "attempt('create', lambda: open(path + '.new', 'w').close())\nattempt('rename', lambda: os.rename(path, path + '2'))\n"
                  "attempt('delete', lambda: os.unlink(path + '2' if os.path.exists(path + '2') else path))\n")
    for path in (root + '\\made', root + '\\old', place + '\\outside\\kept.txt'):
        said = []
        for operation in ('read', 'write', 'create', 'rename', 'delete'):
            answer = win.run_sbx('explain', '--op', operation, path)
            assert answer.returncode in (0, 1), answer
            said.append(f'{operation} {"denied" if answer.returncode else "done"}')
        happened = win.python(version, code, path, sandbox='broker', roots=root)
        assert happened.stdout.splitlines() == said, (path, happened)


def test_explain_says_what_medium_leaves_open(win, place, layout):
    """In a directory with Full Control a program at Medium deletes outside its roots, and explain says so and why."""
    kept = place + '\\outside\\kept.txt'
    said = win.run_sbx('explain', '--op', 'delete', '--integrity', 'medium', kept)
    low = win.run_sbx('explain', '--op', 'delete', kept)
    assert low.returncode == 1 and 'denied' in low.stdout, low
    if layout == 'full':
        assert said.returncode == 0 and 'FILE_DELETE_CHILD' in said.stdout, said
    else:
        assert said.returncode == 1, said
    done = win.python('3.11', 'import os, sys; os.unlink(sys.argv[1])', kept, sandbox='medium', roots=place + '\\root')
    assert (done.returncode == 0) == (said.returncode == 0), done


def test_explain_names_what_is_writable_for_everyone(win, modify_place):
    path = modify_place + '\\open'
    assert win.probe('3.11', 'make_directory.py', path, 'D:P(A;OICI;FA;;;WD)').returncode == 0
    said = win.run_sbx('explain', '--op', 'create', '--integrity', 'medium', path)
    assert said.returncode == 0 and 'in no writable root' in said.stdout and 'Everyone' in said.stdout, said
    done = win.python('3.11', MAKE, path + '\\made', sandbox='medium', roots=modify_place + '\\root')
    assert done.returncode == 0 and win.host(path + '\\made').exists(), done


def test_relabel_follows_no_link_in_the_place_of_a_root(win, modify_place):
    """A root inside another one: a program of the outer one may have put a link in its place."""
    outer, inner, outside = modify_place + '\\root', modify_place + '\\root\\inner', modify_place + '\\outside'
    win.host(inner).mkdir()
    for root in (outer, inner):
        assert win.run(['cmd', '/c', 'exit 0'], sandbox='broker', roots=root).returncode == 0
    (win.host(outside) / 'tool.exe').write_text('x')
    assert win.probe('3.11', 'set_label.py', outside + '\\tool.exe', 'S:(ML;;NW;;;LW)').returncode == 0
    shown = win.probe('3.11', 'show_security.py', outside + '\\tool.exe').stdout
    assert 'LW)' in shown
    win.host(inner).rename(win.host(modify_place) / 'moved')
    win.host(inner).symlink_to(win.host(outside))
    answer = win.run_sbx('roots', 'relabel')
    assert answer.returncode == 125 and 'cannot relabel ' + inner in answer.stderr, answer
    assert win.probe('3.11', 'show_security.py', outside + '\\tool.exe').stdout == shown
    # Who names the place that the link leads to means it.
    assert win.run_sbx('roots', 'relabel', outside).returncode == 0
    assert win.probe('3.11', 'show_security.py', outside + '\\tool.exe').stdout != shown


def test_names_that_look_like_short_ones(win, modify_place):
    """A name with a tilde is compared by identity too: what a protected path or another root lies in stays, all else goes."""
    root = modify_place + '\\root'
    for name in ('keep~1\\inner', 'root~2\\inner', '~gone\\inner'):
        win.host(f'{root}\\{name}').mkdir(parents=True)
    code = TRY + """
import shutil
for name in ('keep~1', 'root~2', '~gone'):
    attempt(name, lambda: os.rename(os.path.join(sys.argv[1], name), os.path.join(sys.argv[1], name + 'moved')))
attempt('tree', lambda: shutil.rmtree(os.path.join(sys.argv[1], '~gonemoved')))
"""
    done = win.python('3.11', code, root, sandbox='broker', roots=[root, root + '\\root~2\\inner'],
                      options=['--protect', root + '\\keep~1\\inner'])
    assert done.stdout.splitlines() == ['keep~1 denied', 'root~2 denied', '~gone done', 'tree done'], done


@pytest.mark.parametrize('first, second', [('', ''), ('', '\\made'), ('\\made', '')], ids=['same', 'inner ends first', 'outer ends first'])
def test_a_path_that_two_runs_protect(win, modify_place, first, second):
    """The first run to end leaves the entries to the second, also where one path lies in the other; the second takes them
    away."""
    root = modify_place + '\\root'
    made = win.python('3.11', 'import os, sys; os.mkdir(sys.argv[1]); ' + MAKE.replace('argv[1]', 'argv[2]'), root + '\\keep',
                      root + '\\keep\\made', sandbox='broker', roots=root)
    assert made.returncode == 0, made
    write = TRY + "attempt('write', lambda: open(sys.argv[3], 'a').close())\n"
    words = [win.pythons['3.11'], '-c', WAIT + write, root + '\\file', modify_place + '\\go', root + '\\keep\\made']
    long = win.start_program(win.command(words, 'broker', root, ['--protect', root + '\\keep' + first]))
    for _ in range(600):
        if win.host(root + '\\file').exists():
            break
        win.python('3.11', 'import time; time.sleep(0.05)')
    short = win.run(['cmd', '/c', 'exit 0'], sandbox='broker', roots=root, options=['--protect', root + '\\keep' + second])
    assert short.returncode == 0 and short.stderr == '', short
    state = win.run_sbx('roots', 'show', root + '\\keep\\made').stdout
    win.host(modify_place + '\\go').write_text('')
    out, err = long.communicate(timeout=90)
    assert 'protected' in state, state
    assert long.returncode == 0 and out.split() == [b'write', b'denied'], (out, err)
    assert 'protected' not in win.run_sbx('roots', 'show', root + '\\keep\\made').stdout
    free = win.python('3.11', MAKE, root + '\\keep\\made', sandbox='broker', roots=root)
    assert free.returncode == 0, free
    assert 'protect-' not in win.run_sbx('doctor').stdout


@pytest.mark.parametrize('sandbox', ['strict', 'medium', 'broker'])
def test_what_lies_in_a_protected_directory_stays(win, full_place, sandbox):
    """Where the user has Full Control Windows does not ask the restricting SIDs for FILE_DELETE_CHILD."""
    root = full_place + '\\root'
    fill = 'import os, sys; os.mkdir(sys.argv[1]); open(sys.argv[1] + r"\\file", "w").close()'
    assert win.python('3.11', fill, root + '\\keep').returncode == 0
    code = TRY + ("attempt('unlink', lambda: os.unlink(sys.argv[1] + r'\\keep\\file'))\n"
                  "attempt('move', lambda: os.rename(sys.argv[1] + r'\\keep\\file', sys.argv[1] + r'\\moved'))\n"
                  "attempt('new', lambda: open(sys.argv[1] + r'\\keep\\new', 'w').close())\n")
    kept = win.python('3.11', code, root, sandbox=sandbox, roots=root, options=['--protect', root + '\\keep'])
    assert kept.stdout.split() == ['unlink', 'denied', 'move', 'denied', 'new', 'denied'], kept
    assert 'DELETE_CHILD' not in win.run_sbx('roots', 'show', root + '\\keep\\file').stdout
    # The twin: the same calls where nothing protects.
    assert win.python('3.11', code, root).stdout.splitlines()[0] == 'unlink done'


def test_more_protected_paths_than_there_is_room_for(win, modify_place):
    root = modify_place + '\\root'
    make = "import os, sys\nfor i in range(70): os.mkdir(f'{sys.argv[1]}\\\\{i}')"
    assert win.python('3.11', make, root).returncode == 0
    protect = [word for i in range(70) for word in ('--protect', f'{root}\\{i}')]
    result = win.run(['cmd', '/c', 'exit 0'], sandbox='broker', roots=root, options=protect)
    assert result.returncode == 125 and 'at most' in result.stderr, result
    # The same path again takes no room.
    again = win.run(['cmd', '/c', 'exit 0'], sandbox='broker', roots=root, options=['--protect', root + '\\1'] * 60)
    assert again.returncode == 0, again


def test_between_temp_and_several_roots(win, modify_place):
    """What is made in TEMP may be put into any root; what is in one of several roots does not get out of it by way of TEMP."""
    root, other = modify_place + '\\root', modify_place + '\\other'
    win.host(other).mkdir()
    code = TRY + ("import tempfile\n"
                  "made = tempfile.mkstemp()\n"
                  "os.close(made[0])\n"
                  "attempt('out', lambda: os.replace(made[1], sys.argv[1] + r'\\a'))\n"
                  "attempt('in', lambda: os.replace(sys.argv[1] + r'\\a', made[1]))\n"
                  "attempt('across', lambda: os.replace(sys.argv[1] + r'\\a', sys.argv[2] + r'\\a'))\n")
    result = win.python('3.11', code, root, other, sandbox='broker', roots=[root, other])
    assert result.stdout.splitlines() == ['out done', 'in 17', 'across 17'], result
    strict = win.python('3.11', code, root, other, sandbox='strict', roots=[root, other])
    assert strict.stdout.splitlines() == ['out denied', 'in denied', 'across denied'], strict
    # One root alone has no other to keep apart from.
    alone = win.python('3.11', code, root, other, sandbox='broker', roots=root)
    assert alone.stdout.splitlines()[:2] == ['out done', 'in done'], alone
