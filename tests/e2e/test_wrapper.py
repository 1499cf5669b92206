"""python/sbx, the way for another program to start a sandbox, see its events and stop it."""
import json
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[2] / 'python'


@pytest.fixture
def wrapper(win, version, modify_place):
    def call(case):
        done = win.probe(version, 'wrapper.py', PACKAGE, case, modify_place, env={'SBX_EXE': win.win(win.sbx)})
        assert done.returncode == 0, done
        return json.loads(done.stdout), modify_place
    return call


def test_works_inside(wrapper):
    said, _ = wrapper('inside')
    assert (said['code'], said['out'], said['left'], said['denied']) == (0, 'moved\n', True, [])
    assert 'rename' in said['ops'], said


def test_outside_is_denied_and_told(wrapper, win):
    said, place = wrapper('denied')
    assert said['code'] == 1 and 'PermissionError' in said['error'], said
    assert said['denied'] == [place + '\\outside\\new'] and not win.host(place + '\\outside\\new').exists()


def test_without_broker_error_5(wrapper):
    said, _ = wrapper('without_broker')
    assert said['code'] == 1 and '[WinError 5]' in said['error'] and said['ops'] == [], said


def test_events_come_while_it_runs_and_stop_ends_the_tree(wrapper):
    said, _ = wrapper('stop')
    assert said == dict(ops=[['rename', None]], grew=True, code=1, stopped=True, still_grows=False)


def test_timeout_stops_it(wrapper):
    said, _ = wrapper('timeout')
    assert said['raised'][0] == 'TimeoutExpired'


def test_errors_are_exceptions(wrapper):
    said, place = wrapper('errors')
    assert said['none'][:2] == ['SandboxError', 125] and 'no writable root' in said['none'][2], said
    assert said['missing'][:2] == ['CommandNotFound', 127] and 'no-such-program' in said['missing'][2], said
    assert said['no_program'][:2] == ['CannotExecute', 126], said
    assert said['own_125'] == 125
    assert said['check'][:2] == ['CalledProcessError', 3]
    assert said['one_root'][0] == 'TypeError' and said['empty'][0] == 'ValueError'
    assert said['no_sbx'][0] == 'SandboxError' and place in said['no_sbx'][2]


@pytest.mark.parametrize('handle', ['x', '0', '-', '7x', '99999996'])
def test_control_takes_a_pipe_only(win, modify_place, handle):
    done = win.python('3.11', 'print(1)', sandbox='broker', roots=modify_place + '\\root', options=['--control', handle])
    assert done.returncode == 125 and done.stdout == '', done
    assert done.stderr.strip() == f'sbx: --control takes the number of an inherited pipe handle, not {handle}'


def test_the_last_line_is_an_event_for_people_too(win, modify_place):
    line = '{"v":1,"run":"0","time":"T","op":"end","code":1,"failed":false,"stopped":true,"ok":true}\n'
    win.host(modify_place + '\\events').write_text(line)
    done = win.run([win.sbx, 'events', modify_place + '\\events'])
    assert done.returncode == 0 and done.stdout.split() == ['T', 'end', 'ok'], done


PLANTED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import sbx
here, real = sys.argv[2], os.path.dirname(sys.argv[3])
os.makedirs(here + r'\\bin')
for name in ('sbx.exe', r'bin\\sbx.exe'):
    open(os.path.join(here, name), 'w').close()
os.chdir(here)
os.environ.pop('SBX_EXE', None)
for path in ('', '.', 'bin', here, here + r'\\bin', here + ';' + real):
    os.environ['PATH'] = path
    try:
        print(os.path.normcase(sbx.find_sbx()) == os.path.normcase(sys.argv[3]))
    except sbx.SandboxError:
        print('not found')
"""


@pytest.mark.parametrize('version', ['3.11', '3.13'])
def test_a_planted_program_is_not_taken(win, modify_place, version):
    found = win.python(version, PLANTED, win.win(PACKAGE), modify_place + '\\root', win.win(win.sbx))
    assert found.stdout.splitlines() == ['not found'] * 5 + ['True'], found
