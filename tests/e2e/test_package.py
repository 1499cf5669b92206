"""The zip that is given away: what is in it, that it runs, and that one version is everywhere."""

import hashlib
import json
import pathlib
import re
import subprocess
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r'^project\(sbx VERSION (\d+\.\d+\.\d+)', (ROOT / 'CMakeLists.txt').read_text(), re.M).group(1)
NAME = f'sbx-{VERSION}-windows-x64'
# A word that each licence must have.
LICENCES = {'libuv': 'Permission is hereby granted', 'jansson': 'Petri Lehtinen', 'msgpack-c': 'Boost Software License'}
COMPILER_LICENCES = {'mingw-w64': 'ZPL', 'libgcc': 'GCC RUNTIME LIBRARY EXCEPTION'}

REPLACE = '''
import os, sys
for directory in sys.argv[1:]:
    try:
        for name in "ab":
            with open(os.path.join(directory, name), "w") as f: f.write(name)
        os.replace(os.path.join(directory, "a"), os.path.join(directory, "b"))
        print(open(os.path.join(directory, "b")).read())
    except OSError as error:
        print("error", error.winerror or error.errno)
'''


def make_package(win, directory):
    done = subprocess.run(['cpack', '--config', win.sbx.parent / 'CPackConfig.cmake', '-C', 'Release', '-B', directory],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, done.stdout.decode(errors='replace')
    return directory / f'{NAME}.zip'


@pytest.fixture(scope='module')
def archive(win, tmp_path_factory):
    return make_package(win, tmp_path_factory.mktemp('package'))


def test_content(win, archive):
    with zipfile.ZipFile(archive) as package:
        names = package.namelist()
        compiler = [name for name in COMPILER_LICENCES if f'{NAME}/licences/{name}.txt' in names]
        # The code of MinGW's runtime is in the files that its compiler made; MSVC's runtime asks for no notice.
        made_by_gcc = b'GCC: (' in win.sbx.read_bytes()
        licences = {**LICENCES, **(COMPILER_LICENCES if made_by_gcc else {})}
        assert made_by_gcc == bool(compiler)
        expected = {'sbx.exe', 'sbxshim.dll', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md',
                    *(str(page.relative_to(ROOT)) for kind in ('*.md', '*.svg') for page in (ROOT / 'docs').rglob(kind)),
                    'completions/sbx.bash', 'completions/sbx.ps1', *(f'licences/{name}.txt' for name in licences)}
        assert names == sorted(f'{NAME}/{name}' for name in expected)
        for name, word in licences.items():
            assert word in package.read(f'{NAME}/licences/{name}.txt').decode(), name
        for name in ('sbx.exe', 'sbxshim.dll'):
            assert package.read(f'{NAME}/{name}') == (win.sbx.parent / name).read_bytes()
        assert package.read(f'{NAME}/LICENSE') == (ROOT / 'LICENSE').read_bytes()


def test_checksum_and_manifests(archive):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert archive.with_name(archive.name + '.sha256').read_text() == f'{digest}  {archive.name}\n'
    manifests = archive.parent / 'manifests'
    assert len(list(manifests.iterdir())) == 4
    for manifest in manifests.iterdir():
        assert '@' not in manifest.read_text() and VERSION in manifest.read_text(), manifest
    scoop = json.loads((manifests / 'sbx.json').read_text())
    assert scoop['version'] == VERSION and scoop['architecture']['64bit']['hash'] == digest
    with zipfile.ZipFile(archive) as package:
        assert f"{scoop['extract_dir']}/{scoop['bin']}" in package.namelist()
        winget = (manifests / 'sbx.sbx.installer.yaml').read_text()
        assert f'InstallerSha256: {digest.upper()}' in winget
        inner = re.search(r'RelativeFilePath: (.*)', winget).group(1)
        assert inner.replace('\\', '/') in package.namelist()


def test_the_same_files_make_the_same_archive(win, archive, tmp_path):
    again = make_package(win, tmp_path / 'elsewhere')
    assert again.read_bytes() == archive.read_bytes()


def wheel_of(archive):
    wheel, = archive.parent.glob('*.whl')
    assert wheel.name == f'sbx-{VERSION}-py3-none-win_amd64.whl'
    return wheel


def test_the_same_files_make_the_same_wheel(win, archive, tmp_path):
    again = make_package(win, tmp_path / 'once more')
    assert wheel_of(again).read_bytes() == wheel_of(archive).read_bytes()


USE_WHEEL = """
import sbx, sys
print(sbx._run.find_sbx())
done = sbx.run([sys.executable, '-c', sys.argv[1], *sys.argv[2:]], writable_roots=[sys.argv[2]], capture_output=True, text=True)
print(done.stdout)
"""


def test_a_wheel_brings_the_command_and_the_package(win, archive, version, modify_place):
    """Into a new environment of each Python, by the pip that it brings, and then both ways of use."""
    bundled, = (win.pythons[version].parent / 'Lib' / 'ensurepip' / '_bundled').glob('pip-*.whl')
    venv = modify_place + '\\venv'
    made = win.python(version, 'import sys, venv; venv.create(sys.argv[1], with_pip=False)', venv)
    assert made.returncode == 0, made
    inner = venv + '\\Scripts\\python.exe'
    installed = win.run([inner, win.win(bundled) + '\\pip', 'install', '--no-index', '--disable-pip-version-check', wheel_of(archive)], timeout=240)
    assert installed.returncode == 0, installed
    command = win.run([venv + '\\Scripts\\sbx.exe', 'run', '--broker', '--writable-root', modify_place + '\\root', '--', win.pythons[version],
                       '-c', REPLACE, modify_place + '\\root', modify_place + '\\outside'])
    assert command.returncode == 0 and command.stdout == 'a\nerror 13\n', command
    used = win.run([inner, '-c', USE_WHEEL, REPLACE, modify_place + '\\root', modify_place + '\\outside'])
    assert used.returncode == 0 and used.stdout.split('\n')[:3] == [venv + '\\Scripts\\sbx.exe', 'a', 'error 13'], used


def test_the_unpacked_program_confines(win, archive, modify_place, tmp_path):
    with zipfile.ZipFile(archive) as package:
        package.extractall(tmp_path)
    program = [win.pythons['3.11'], '-c', REPLACE, modify_place + '\\root', modify_place + '\\outside']
    result = win.run([tmp_path / NAME / 'sbx.exe', 'run', '--broker', '--writable-root', modify_place + '\\root', '--',
                      *program])
    assert result.returncode == 0 and result.stdout == 'a\nerror 13\n', result
    assert win.run(program).stdout == 'a\na\n'


def test_one_version_everywhere(win):
    assert win.run([win.sbx, '--version']).stdout == f'sbx {VERSION}\n'
    files = [win.sbx, win.sbx.with_name('sbxshim.dll')]
    result = win.probe('3.11', 'file_version.py', *files)
    assert result.stdout.splitlines() == [f'{VERSION} {VERSION} {VERSION}.0 {file.name}' for file in files], result
    # No second place that could be forgotten.
    assert 'version' not in json.loads((ROOT / 'vcpkg.json').read_text())
    assert f'\n## {VERSION}\n' in (ROOT / 'CHANGELOG.md').read_text()
