"""What a program uses besides the files of its project: the same inside as outside, but for what docs/integrity.md names."""

import json

import pytest

# Denied at every level: the restricting SIDs have no write access there.
DENIED = {'registry: write HKCU', 'registry: new key in HKCU', 'write profile', 'write documents', 'write AppData',
          'write LocalAppData', 'write ProgramData', 'write LocalLow'}
CACHES = ['PIP_CACHE_DIR', 'npm_config_cache', 'XDG_CACHE_HOME', 'UV_CACHE_DIR', 'GOCACHE', 'DENO_DIR', 'PRE_COMMIT_HOME', 'BLACK_CACHE_DIR', 'PYLINTHOME',
          'POETRY_CACHE_DIR', 'VIRTUALENV_OVERRIDE_APP_DATA', 'YARN_CACHE_FOLDER']


def walk(win, version, place, sandbox):
    root = place + '\\root'
    result = win.probe(version, 'ordinary.py', sandbox=sandbox, roots=root if sandbox else (), cwd=root, timeout=240)
    assert result.returncode == 0, result
    return json.loads(result.stdout)


@pytest.mark.parametrize('sandbox', ['broker', 'medium'])
def test_inside_as_outside(win, full_place, version, sandbox):
    outside = walk(win, version, full_place, None)
    assert set(outside.values()) == {'ok'}, outside
    inside = walk(win, version, full_place, sandbox)
    assert {name for name, result in inside.items() if result != 'ok'} == DENIED, inside
    assert all(inside[name].startswith('denied') for name in DENIED), inside


def test_caches_go_below_temp(win, modify_place):
    code = 'import json, os; print(json.dumps(dict(os.environ)))'
    inside = json.loads(win.python('3.11', code, sandbox='broker', roots=modify_place + '\\root').stdout)
    inside = {name.upper(): value for name, value in inside.items()}
    for name in CACHES:
        assert inside[name.upper()].lower().startswith(inside['TEMP'].lower() + '\\'), name


def test_a_cache_of_the_users_choice_stays(win, modify_place):
    kept = modify_place + '\\root\\cache'
    code = "import os; print(os.environ['PIP_CACHE_DIR'])"
    result = win.python('3.11', code, sandbox='broker', roots=modify_place + '\\root', env={'PIP_CACHE_DIR': kept})
    assert result.stdout.strip() == kept, result
