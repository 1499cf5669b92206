"""What a person may type wrongly: one clear line, nothing started, nothing changed."""

import shutil

import pytest

TOUCH = "import sys; open(sys.argv[1], 'w').close()"


def errors(result):
    return [line for line in result.stderr.splitlines() if line.strip()]


def assert_refused(result, code, *words):
    assert result.returncode == code, result
    assert result.stdout == ''
    assert errors(result), result
    for word in words:
        assert word in result.stderr, result


def test_version(win):
    result = win.run_sbx('--version')
    assert result.returncode == 0 and result.stdout.startswith('sbx ') and result.stdout.count('\n') == 1, result


def test_help_names_every_command(win):
    result = win.run_sbx('help')
    assert result.returncode == 0
    for command in ('run', 'roots', 'explain', 'doctor', 'help'):
        assert f'\n  {command}' in result.stdout


@pytest.mark.parametrize('command', ['run', 'roots', 'explain', 'doctor', 'help'])
def test_help_of_a_command(win, command):
    result = win.run_sbx('help', command)
    assert result.returncode == 0 and result.stdout.startswith(f'usage: sbx {command}'), result


def test_unknown_command(win):
    assert_refused(win.run_sbx('rum'), 125, 'rum', 'run')


def test_no_command_at_all(win):
    result = win.run_sbx()
    assert result.returncode in (0, 125) and 'sbx run' in result.stdout + result.stderr, result


def test_run_without_a_program(win, modify_place):
    assert_refused(win.run_sbx('run', '--writable-root', modify_place + '\\root'), 125, 'no command')


def test_unknown_option_names_the_nearest(win, modify_place):
    result = win.run_sbx('run', '--brocker', '--writable-root', modify_place + '\\root', '--', 'cmd', '/c', 'exit')
    assert_refused(result, 125, '--brocker', '--broker')
    assert len(errors(result)) == 1


@pytest.mark.parametrize('words', [['--integrity', 'high'], ['--integrity'], ['--broker=yes'], ['--writable-root', '']])
def test_bad_value_of_an_option(win, modify_place, words):
    result = win.run_sbx('run', '--writable-root', modify_place + '\\root', *words, '--', 'cmd', '/c', 'echo started')
    assert result.returncode == 125 and 'started' not in result.stdout, result
    assert len(errors(result)) == 1, result


def test_no_writable_root(win):
    assert_refused(win.run_sbx('run', '--broker', '--', 'cmd', '/c', 'exit'), 125, '--writable-root')


def test_read_only_and_a_root_contradict(win, modify_place):
    result = win.run_sbx('run', '--read-only', '--writable-root', modify_place + '\\root', '--', 'cmd', '/c', 'exit')
    assert_refused(result, 125, '--read-only')


def test_a_root_that_does_not_exist(win, modify_place):
    result = win.run_sbx('run', '--broker', '--writable-root', modify_place + '\\missing', '--', 'cmd', '/c', 'echo started')
    assert_refused(result, 125, modify_place + '\\missing')
    assert not win.host(modify_place + '\\missing').exists()


def test_a_root_that_is_a_file(win, modify_place):
    path = modify_place + '\\outside\\kept.txt'
    result = win.run_sbx('run', '--broker', '--writable-root', path, '--', 'cmd', '/c', 'echo started')
    assert_refused(result, 125, 'kept.txt', 'file')
    assert win.host(path).read_text() == 'kept'


@pytest.mark.parametrize('root', ['C:\\', 'C:\\windows', 'C:\\Program Files'])
def test_a_root_that_is_no_project(win, root):
    result = win.run_sbx('run', '--broker', '--writable-root', root, '--', 'cmd', '/c', 'echo started')
    assert_refused(result, 125, '--force')


def test_the_profile_is_no_root(win):
    result = win.run_sbx('run', '--broker', '--writable-root', win.home, '--', 'cmd', '/c', 'echo started')
    assert_refused(result, 125, '--force')


def test_one_bad_root_of_several_is_a_warning(win, modify_place):
    roots = [modify_place + '\\missing', modify_place + '\\root']
    path = modify_place + '\\root\\made'
    result = win.python('3.11', TOUCH, path, sandbox='broker', roots=roots)
    assert result.returncode == 0 and 'missing' in result.stderr, result
    assert win.host(path).exists()


def test_a_program_that_is_not_found(win, modify_place):
    result = win.run_sbx('run', '--broker', '--writable-root', modify_place + '\\root', '--', 'no-such-program')
    assert_refused(result, 127, 'no-such-program')
    assert len(errors(result)) == 1


def test_a_program_that_cannot_be_executed(win, modify_place):
    path = modify_place + '\\outside\\kept.exe'
    win.host(path).write_text('no program')
    result = win.run_sbx('run', '--broker', '--writable-root', modify_place + '\\root', '--', path)
    assert_refused(result, 126, 'kept.exe')


def test_a_directory_as_program(win, modify_place):
    result = win.run_sbx('run', '--broker', '--writable-root', modify_place + '\\root', '--', modify_place + '\\outside')
    assert_refused(result, 126, 'directory')


def test_shim_missing_beside_sbx(win, modify_place):
    alone = modify_place + '\\outside\\sbx.exe'
    shutil.copy(win.sbx, win.host(alone))
    words = ['run', '--writable-root', modify_place + '\\root', '--', 'cmd', '/c', 'echo started']
    result = win.run([alone, words[0], '--broker', *words[1:]])
    assert_refused(result, 125, 'sbxshim.dll')
    assert 'started' in win.run([alone, *words]).stdout


def test_sbx_below_a_writable_root_refuses(win, modify_place):
    inside = modify_place + '\\root\\sbx.exe'
    for name in ('sbx.exe', 'sbxshim.dll'):
        shutil.copy(win.sbx.parent / name, win.host(modify_place + '\\root\\' + name))
    result = win.run([inside, 'run', '--broker', '--writable-root', modify_place + '\\root', '--', 'cmd', '/c', 'echo started'])
    assert_refused(result, 125, 'writable root')


def test_events_file_below_a_writable_root_refuses(win, modify_place):
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=modify_place + '\\root',
                     options=['--events', modify_place + '\\root\\events.jsonl'])
    assert_refused(result, 125, 'events')


def test_events_file_at_the_top_of_a_drive_is_not_in_the_current_directory(win, modify_place):
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=modify_place + '\\root', cwd=modify_place + '\\root',
                     options=['--events', 'C:\\e.jsonl'])
    assert result.returncode == 0 and 'started' in result.stdout, result
    win.host('C:\\e.jsonl').unlink()


def test_root_behind_a_link_in_a_known_root_is_not_taken(win, modify_place):
    """A program of an earlier run may have put a link where the next run is given a root."""
    root, link = modify_place + '\\root', modify_place + '\\root\\build'
    first = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=root)
    assert first.returncode == 0, first
    win.host(link).symlink_to(win.host(modify_place + '\\outside'))
    result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=link)
    assert_refused(result, 125, modify_place + '\\outside is refused', 'a link in a known root', '--force')
    assert win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=link, options=['--force']).stdout == 'started\n'
    win.host(link).unlink()
    win.host(link).mkdir()
    assert win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=link).stdout == 'started\n'


def test_root_in_the_state_refuses(win, modify_place):
    """What is kept for undo, and other runs' TEMP, lie below the state directory."""
    state = win.probe('3.11', 'local_app_data.py').stdout.strip() + '\\sbx'
    win.host(state + '\\undo').mkdir(parents=True, exist_ok=True)
    for root in (state, state + '\\undo'):
        result = win.run(['cmd', '/c', 'echo started'], sandbox='broker', roots=[modify_place + '\\root', root])
        assert_refused(result, 125, 'state of sbx')


def test_read_only_leaves_temp(win, modify_place, version):
    code = ("import os, sys, tempfile\nwith tempfile.TemporaryDirectory() as d: open(os.path.join(d, 'a'), 'w').close()\n"
            "open(sys.argv[1], 'w')")
    result = win.run([win.pythons[version], '-c', code, modify_place + '\\root\\a'], sandbox='broker', options=['--read-only'])
    assert result.returncode == 1 and 'PermissionError' in result.stderr and modify_place.split('\\')[1] in result.stderr, result


def test_quiet_prints_no_summary(win, modify_place):
    path = modify_place + '\\root\\made'
    code = TOUCH + "; import os; os.unlink(sys.argv[1])"
    loud = win.python('3.11', code, path, sandbox='broker', roots=modify_place + '\\root')
    quiet = win.python('3.11', code, path, sandbox='broker', roots=modify_place + '\\root', options=['--quiet'])
    assert '1 deleted' in loud.stderr and loud.returncode == 0, loud
    assert quiet.stderr == '' and quiet.returncode == 0, quiet


def test_protected_path_stays(win, modify_place, version):
    root = modify_place + '\\root'
    win.python('3.11', "import os, sys; os.makedirs(sys.argv[1]); open(sys.argv[1] + r'\\hook', 'w').close()", root + '\\.git\\hooks')
    code = "import os, sys\nfor call in (lambda: os.unlink(sys.argv[1] + r'\\hook'), lambda: os.rename(sys.argv[1], sys.argv[1] + '2'),\n" \
           "             lambda: os.rename(os.path.dirname(sys.argv[1]), os.path.dirname(sys.argv[1]) + '2'),\n" \
           "             lambda: open(sys.argv[1] + r'\\hook', 'w'), lambda: open(sys.argv[1] + r'\\new', 'w')):\n" \
           "    try: call(); print('done')\n    except PermissionError: print('denied')"
    result = win.python(version, code, root + '\\.git\\hooks', sandbox='broker', roots=root, options=['--protect', root + '\\.git\\hooks'])
    assert result.stdout.split() == ['denied'] * 5, result
    assert win.host(root + '\\.git\\hooks\\hook').exists()


@pytest.mark.parametrize('sandbox', ['strict', 'broker', 'medium'])
def test_what_an_earlier_run_made_is_protected_too(win, modify_place, sandbox):
    root = modify_place + '\\root'
    names = [root + name for name in ('\\keep\\made', '\\keep\\sub\\deep', '\\keep\\sub\\new')]
    make = "import os, sys\nos.makedirs(sys.argv[1] + r'\\keep\\sub')\nfor name in sys.argv[2:]: open(name, 'w').write('old')"
    made = win.python('3.11', make, root, *names[:2], sandbox=sandbox, roots=root)
    assert made.returncode == 0, made
    write = "import sys\nfor path in sys.argv[1:]:\n    try: open(path, 'w').write('new'); print('written')\n    except PermissionError: print('denied')"
    held = win.python('3.11', write, *names, sandbox=sandbox, roots=root, options=['--protect', root + '\\keep'])
    assert held.stdout.split() == ['denied'] * 3, held
    assert [win.host(name).read_text() for name in names[:2]] == ['old'] * 2
    if sandbox != 'strict':
        free = win.python('3.11', write, *names, sandbox=sandbox, roots=root)
        assert free.stdout.split() == ['written'] * 3, free
