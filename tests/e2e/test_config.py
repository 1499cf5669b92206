"""The user's config.json and the project's .sbx.json: the first may give, the second only take away."""

import json

import pytest

WRITE = "import sys\nfor path in sys.argv[1:]:\n    try: open(path, 'w').close(); print('written')\n    except PermissionError: print('denied')"

# Wine sets LOCALAPPDATA from its registry for the first process, so a second one takes the state somewhere else.
ELSEWHERE = "import os, subprocess, sys\nos.environ['LOCALAPPDATA'] = sys.argv[1]\nsys.exit(subprocess.run(sys.argv[2:]).returncode)"


class Settings:
    """A state directory of its own with a config.json, and one place to work in."""

    def __init__(self, win, place):
        self.win, self.place, self.root = win, place, place + '\\root'
        self.state = place + '\\local\\sbx'
        win.host(self.state).mkdir(parents=True)

    def user(self, value):
        text = value if isinstance(value, (str, bytes)) else json.dumps(value)
        win_path = self.win.host(self.state + '\\config.json')
        win_path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def project(self, value, directory=''):
        path = self.win.host(self.root + directory) / '.sbx.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))

    def sbx(self, *words, cwd=''):
        return self.win.python('3.11', ELSEWHERE, self.place + '\\local', self.win.win(self.win.sbx), *words, cwd=self.root + cwd)

    def run(self, *paths, options=(), cwd=''):
        return self.sbx('run', *options, '--', self.win.win(self.win.pythons['3.11']), '-c', WRITE, *paths, cwd=cwd)


@pytest.fixture
def settings(win, modify_place):
    return Settings(win, modify_place)


def test_the_users_file_gives_a_root(settings):
    paths = [settings.root + '\\made', settings.place + '\\outside\\kept.txt']
    settings.user({'version': 1, 'broker': True, 'writable-root': [settings.root]})
    result = settings.run(*paths)
    assert result.stdout.split() == ['written', 'denied'] and result.returncode == 0, result
    without = settings.run(*paths, options=['--no-config'])
    assert without.returncode == 125 and 'no writable root' in without.stderr and not without.stdout, without


def test_the_command_line_goes_before_the_users_file(settings):
    path = settings.root + '\\made'
    settings.user({'writable-root': settings.root, 'integrity': 'low', 'read-only': False})
    result = settings.run(path, options=['--read-only'])
    assert result.stdout.split() == ['denied'], result
    settings.user({'read-only': True})
    result = settings.run(path, options=['--broker', '--writable-root', settings.root])
    assert result.stdout.split() == ['written'], result


def test_a_byte_order_mark_is_no_damage(settings):
    settings.user(b'\xef\xbb\xbf' + json.dumps({'writable-root': settings.root}).encode())
    assert settings.run(settings.root + '\\made', options=['--broker']).stdout.split() == ['written']


@pytest.mark.parametrize('text, word', [
    ('{"broker": tru', 'line 1'), ('', 'line'), ('[]', 'object'), ('{"brocker": true}', 'brocker'), ('{"broker": "yes"}', 'true or false'),
    ('{"writable-root": ["work"]}', 'full path'), ('{"writable-root": [1]}', 'text'), ('{"version": 2}', 'version'),
    ('{"force": true}', 'command line only'), ('{"integrity": "high"}', 'high'), ('{"broker": true, "broker": true}', 'duplicate'),
    (b'\xff\xfe{\x00}\x00', 'config.json'), pytest.param(' ' * 70000 + '{}', 'KiB', id='large'),
    pytest.param('[' * 5000, 'config.json', id='deep'), ('{"events": "C:\\\\a\\u0000b"}', 'config.json')])
def test_a_damaged_file_of_the_user(settings, text, word):
    settings.user(text)
    result = settings.run(settings.root + '\\made', options=['--broker', '--writable-root', settings.root])
    assert result.returncode == 125 and word in result.stderr, result
    assert len(result.stderr.splitlines()) == 1 and not result.stdout, result
    names = [entry.name for entry in settings.win.host(settings.state).iterdir()]
    assert names == ['config.json'], names
    assert not settings.win.host(settings.root + '\\made').exists()
    result = settings.run(settings.root + '\\made', options=['--broker', '--writable-root', settings.root, '--no-config'])
    assert result.stdout.split() == ['written'], result


@pytest.mark.parametrize('text', ['{"read-only": tru', '{"nonsense": 1}', '{"no-config": true}', '{"protect": 5}', '{"protect": "C:x"}'])
def test_a_damaged_project_file(settings, text):
    settings.project(text)
    result = settings.run(settings.root + '\\made', options=['--broker', '--writable-root', settings.root])
    assert result.returncode == 125 and '.sbx.json' in result.stderr and not result.stdout, result
    assert len(result.stderr.splitlines()) == 1, result


def test_a_project_protects(settings):
    win = settings.win
    for name in ('\\keep\\old', '\\free'):
        win.host(settings.root + name).parent.mkdir(exist_ok=True)
        win.host(settings.root + name).write_text('old')
    settings.project({'protect': ['keep', 'missing', '..\\outside', 'C:\\windows']})
    paths = [settings.root + '\\free', settings.root + '\\keep\\new', settings.root + '\\.sbx.json']
    for cwd in ('', '\\keep'):
        result = settings.run(*paths, options=['--broker', '--writable-root', settings.root], cwd=cwd)
        assert result.stdout.split() == ['written', 'denied', 'denied'], result
        for name in ('missing', 'outside', 'C:\\windows'):
            assert f'{name}, which' in result.stderr, result
    free = settings.run(*paths, options=['--broker', '--writable-root', settings.root, '--no-config'])
    # The file itself stays as it is also for a run that does not read it: the next one does.
    assert free.stdout.split() == ['written', 'written', 'denied'], free


def test_a_nearer_file_switches_nothing_off(settings):
    settings.win.host(settings.root + '\\keep').mkdir()
    settings.project({'protect': ['keep']})
    settings.project({'protect': [], 'read-only': False}, '\\sub')
    result = settings.run(settings.root + '\\keep\\new', settings.root + '\\sub\\new',
                          options=['--broker', '--writable-root', settings.root], cwd='\\sub')
    assert result.stdout.split() == ['denied', 'written'], result


def test_a_project_takes_the_roots_away(settings):
    settings.project({'read-only': True})
    path = settings.root + '\\made'
    result = settings.run(path, options=['--broker', '--writable-root', settings.root])
    assert result.stdout.split() == ['denied'] and '.sbx.json says read-only' in result.stderr, result
    assert settings.run(path, options=['--broker', '--writable-root', settings.root, '--no-config']).stdout.split() == ['written']


def test_a_project_never_gives(settings):
    asked = {'broker': True, 'writable-root': [settings.place + '\\outside', settings.root + '\\sub'], 'integrity': 'medium', 'force': True}
    settings.project(asked)
    path = settings.place + '\\outside\\kept.txt'
    result = settings.run(path, options=['--broker', '--writable-root', settings.root])
    assert result.stdout.split() == ['denied'] and settings.win.host(path).read_text() == 'kept', result
    lines = [line for line in result.stderr.splitlines() if 'asks for' in line]
    assert len(lines) == 1 and '.sbx.json asks for writable-root, integrity, force; ' in lines[0], result
    alone = settings.run(path)
    assert alone.returncode == 125 and not alone.stdout, alone


@pytest.mark.parametrize('name', ['$(calc)', '%PATH%', 'a" & calc & "b', '`calc`', "a';b", 'a\\u001b[2Jb', 'a\\u202eb', 'ends\\\\'])
def test_what_a_stranger_wrote_is_not_shown(settings, name):
    settings.project('{"writable-root": "C:\\\\work\\\\%s", "cwd": true}' % name.replace('"', '\\"'))
    result = settings.run(options=['--broker', '--writable-root', settings.root])
    shown = [line for line in result.stderr.splitlines() if 'asks for' in line]
    assert len(shown) == 1 and 'asks for writable-root, cwd; ' in shown[0], result
    assert 'calc' not in result.stderr and '\x1b' not in result.stderr and 'ends' not in result.stderr, result


def test_doctor_looks_at_the_users_file(settings):
    assert 'there is no ' + settings.state + '\\config.json' in settings.sbx('doctor').stdout
    settings.user({'broker': True})
    assert 'is read by every run' in settings.sbx('doctor').stdout
    settings.user('{')
    damaged = settings.sbx('doctor')
    assert damaged.returncode == 1 and 'config.json is damaged' in damaged.stdout, damaged
