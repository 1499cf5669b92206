"""The files that sbx keeps for the user: private, and set aside when they are damaged, never overwritten."""

import json
import re

import pytest

from test_config import settings  # noqa: F401 a fixture

SOUND = {'version': 1, 'workspace_by_cwd': {}, 'writable_root_by_path': {}}


def run(settings, *options):  # noqa: F811
    return settings.run(settings.root + '\\made', options=['--broker', '--writable-root', settings.root, *options])


def state_files(settings):  # noqa: F811
    return {path.name: path.read_bytes() for path in settings.win.host(settings.state).iterdir() if path.suffix != '.lock' and path.is_file()}


@pytest.mark.parametrize('text', [
    '', '{"version": 1', '[]', '{"version": "1"}', '\0' * 100, 'x' * 1000, '{"version": 1, "workspace_by_cwd": []}',
    pytest.param(json.dumps({**SOUND, 'writable_root_by_path': {'C:\\x': 'S-1-1-0'}}), id='everyone'),
    pytest.param(json.dumps({**SOUND, 'workspace': 7}), id='number'), pytest.param('[' * 100000, id='deep')])
def test_a_damaged_list_of_roots_is_set_aside(settings, text):  # noqa: F811
    path = settings.win.host(settings.state) / 'cap_sid.json'
    path.write_text(text)
    listed = settings.sbx('roots', 'list')
    assert listed.returncode != 0 and 'damaged' in listed.stderr, listed
    assert state_files(settings) == {'cap_sid.json': text.encode()}
    result = run(settings)
    assert result.stdout.split() == ['written'] and result.returncode == 0, result
    aside = [name for name in state_files(settings) if name.startswith('cap_sid.json.broken-')]
    assert len(aside) == 1 and aside[0] in result.stderr and len(result.stderr.splitlines()) == 1, result
    assert state_files(settings)[aside[0]] == text.encode()
    assert settings.root in json.dumps(json.loads(path.read_text())).replace('\\\\', '\\')


def test_a_list_of_a_later_version_is_left_alone(settings):  # noqa: F811
    path = settings.win.host(settings.state) / 'cap_sid.json'
    path.write_text('{"version": 2, "new": true}')
    result = run(settings)
    assert result.returncode == 125 and 'later version' in result.stderr and not result.stdout, result
    assert state_files(settings) == {'cap_sid.json': b'{"version": 2, "new": true}'}
    assert not settings.win.host(settings.root + '\\made').exists()


def test_the_state_is_for_its_user_alone(settings):  # noqa: F811
    win = settings.win
    win.host(settings.state).rmdir()
    (win.host(settings.root) / 'kept').mkdir()
    (win.host(settings.root) / 'made').write_text('old')
    assert run(settings, '--undo', '--protect', settings.root + '\\kept').returncode == 0
    code = "import os, sys; os.replace(sys.argv[1] + r'\\made', sys.argv[1] + r'\\moved')"
    moved = settings.sbx('run', '--broker', '--undo', '--writable-root', settings.root, '--', win.win(win.pythons['3.11']), '-c', code, settings.root)
    assert moved.returncode == 0, moved
    host = win.host(settings.state)
    below = [path for path in host.rglob('*')]
    assert {'cap_sid.json', 'undo', 'journal', 'temp'} <= {path.name for path in below}, below
    user = None
    for path in [host, *below]:
        shown = win.probe('3.11', 'show_security.py', settings.state + str(path)[len(str(host)):].replace('/', '\\'))
        allowed = set(re.findall(r'\(A;[^;]*;[^;]*;;;([^)]*)\)', shown.stdout.splitlines()[0]))
        user = user or max(allowed, key=len)
        assert 'SY' in allowed and allowed <= {'SY', user}, (path, shown)
    assert user not in ('WD', 'AU', 'BU')


@pytest.mark.parametrize('tail', [b'{"op": "del', b'\xff\xfe\n', b'[1]\n', b'{"op": 5}\n', b'{' * 5000 + b'\n', b'\0\n'])
def test_an_events_file_with_a_damaged_end_is_read_as_far_as_it_goes(settings, tail):  # noqa: F811
    path = settings.place + '\\events'
    line = b'{"time": "2026-01-01T00:00:00Z", "op": "delete", "path": "C:\\\\x\\\\gone", "ok": true}\n'
    settings.win.host(path).write_bytes(line + tail)
    shown = settings.sbx('events', path)
    assert shown.returncode == 1 and 'gone  ok' in shown.stdout and '1 lines' in shown.stderr, shown
    assert settings.win.host(path).read_bytes() == line + tail
