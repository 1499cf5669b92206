"""The completion files: the one for bash is sourced in a bash of this machine, PowerShell's is compared with the help."""

import pathlib
import re
import runpy
import shutil
import subprocess

import pytest

BASH = shutil.which('bash')


ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def scripts():
    return {shell: (ROOT / 'completions' / name).read_text() for shell, name in (('bash', 'sbx.bash'), ('powershell', 'sbx.ps1'))}


def test_the_files_are_made_from_the_page():
    """docs/cli.md is what the program prints (test_docs.py); tools/completions.py writes the files anew."""
    made = runpy.run_path(str(ROOT / 'tools' / 'completions.py'))['files']()
    assert {path.name: path.read_text() for path in (ROOT / 'completions').iterdir()} == made


def complete(script, directory, *words):
    """The answers to TAB behind the last of `words`."""
    assert BASH, 'bash is missing'
    code = script + '\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sbx; [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run([BASH, '--norc', '-c', code, 'bash', 'sbx', *words], cwd=directory, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout.split('\n')[:-1]


def help_of(win, command):
    return re.findall(r'^  (--[a-z-]+)', win.run([win.sbx, 'help', command]).stdout, re.M)


def test_bash_completes_commands_and_options(win, scripts, tmp_path):
    script = scripts['bash']
    (tmp_path / 'a dir').mkdir()
    (tmp_path / 'a file').write_text('')
    assert complete(script, tmp_path, 'ro') == ['roots']
    assert {'run', 'roots', 'explain', 'doctor', '--version'} <= set(complete(script, tmp_path, ''))
    assert complete(script, tmp_path, 'run', '--wri') == ['--writable-root']
    assert set(complete(script, tmp_path, 'run', '--')) == {'--help', *help_of(win, 'run')}
    assert complete(script, tmp_path, 'run', '--integrity', '') == ['low', 'medium']
    assert complete(script, tmp_path, 'run', '--writable-root', 'a') == ['a dir']
    assert sorted(complete(script, tmp_path, 'run', '--protect', 'a')) == ['a dir', 'a file']
    assert complete(script, tmp_path, 'explain', '--op', 're') == ['read', 'rename']
    assert complete(script, tmp_path, 'roots', 're') == ['repair', 'relabel']
    assert complete(script, tmp_path, 'help', 'exp') == ['explain']
    assert 'bash' in complete(script, tmp_path, 'run', '--broker', '--', 'bas')
    assert complete(script, tmp_path, 'run', '--', 'cat', 'a f') == ['a file']


def test_powershell_knows_every_option(win, scripts):
    script = scripts['powershell']
    assert script.count("'") % 2 == 0 and script.count('{') == script.count('}') and script.count('(') == script.count(')')
    for command in ('run', 'roots', 'explain', 'doctor', 'undo'):
        block = re.search(rf"^    '{command}' = @\(\n(.*?)^    \)\n", script, re.M | re.S).group(1)
        assert set(re.findall(r"@\('(--[a-z-]+)'", block)) == {'--help', *help_of(win, command)}
    assert "'run --integrity' = 'low medium'" in script and "'run --protect' = ''" in script
