"""What a program uses besides the files of its project: the same inside as outside, but for what docs/integrity.md names."""

import json

import pytest

# Denied at every level: the restricting SIDs have no write access there.
DENIED = {'registry: write HKCU', 'registry: new key in HKCU', 'write profile', 'write documents', 'write AppData',
          'write LocalAppData', 'write ProgramData', 'write LocalLow'}
CACHES = ['PIP_CACHE_DIR', 'npm_config_cache', 'XDG_CACHE_HOME', 'UV_CACHE_DIR', 'GOCACHE', 'DENO_DIR', 'PRE_COMMIT_HOME', 'BLACK_CACHE_DIR', 'PYLINTHOME',
          'POETRY_CACHE_DIR', 'VIRTUALENV_OVERRIDE_APP_DATA', 'YARN_CACHE_FOLDER', 'DOTNET_CLI_HOME', 'NUGET_HTTP_CACHE_PATH', 'NUGET_PLUGINS_CACHE_PATH', 'JUPYTER_RUNTIME_DIR']
SERVERS = {'MSBUILDDISABLENODEREUSE': '1', 'DOTNET_CLI_USE_MSBUILD_SERVER': '0', 'USESHAREDCOMPILATION': 'false',
           'GRADLE_OPTS': '-Dorg.gradle.daemon=false', 'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'http.sslBackend', 'GIT_CONFIG_VALUE_0': 'openssl'}


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
    assert {name: inside[name] for name in SERVERS} == SERVERS
    assert inside['_MSPDBSRV_ENDPOINT_']


def test_a_cache_of_the_users_choice_stays(win, modify_place):
    kept = modify_place + '\\root\\cache'
    code = "import os; print(os.environ['PIP_CACHE_DIR'], os.environ['GRADLE_OPTS'], os.environ.get('GIT_CONFIG_KEY_0'))"
    given = {'PIP_CACHE_DIR': kept, 'GRADLE_OPTS': '-Xmx1g', 'GIT_CONFIG_COUNT': '0'}
    result = win.python('3.11', code, sandbox='broker', roots=modify_place + '\\root', env=given)
    assert result.stdout.split() == [kept, '-Xmx1g', 'None'], result
