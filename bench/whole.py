"""Whole programs, outside and inside in turns. Each is a function (machine, directory) -> the words of a command, after it has
prepared the directory; only the command is timed."""

import statistics
import time


TESTS = '''
import pytest
@pytest.mark.parametrize("n", range(500))
def test_one(tmp_path, n):
    path = tmp_path / "a"
    path.write_text(str(n))
    path.replace(tmp_path / "b")
    assert (tmp_path / "b").read_text() == str(n)
'''
SQLITE = '''
import sqlite3
db = sqlite3.connect("data.db")
db.execute("PRAGMA journal_mode=DELETE"); db.execute("PRAGMA synchronous=OFF")
db.execute("CREATE TABLE t (n INTEGER)")
for n in range(300):
    db.execute("INSERT INTO t VALUES (?)", (n,)); db.commit()
'''
NODE = '''
const fs = require("fs");
for (let p = 0; p < 40; p++) {
  const from = `.p-${p}.tmp`, to = `p-${p}`;
  fs.mkdirSync(`${from}/lib`, { recursive: true });
  for (let f = 0; f < 10; f++) fs.writeFileSync(`${from}/lib/${f}.js.tmp`, "x".repeat(2000)), fs.renameSync(`${from}/lib/${f}.js.tmp`, `${from}/lib/${f}.js`);
  fs.renameSync(from, to);
}
for (let p = 0; p < 40; p += 2) fs.rmSync(`p-${p}`, { recursive: true });
'''
WHEEL = '''
import base64, hashlib, zipfile
files = {f"many/m{n}.py": f"X = {n}\\n" * 20 for n in range(150)}
files["many-1.0.dist-info/METADATA"] = "Metadata-Version: 2.1\\nName: many\\nVersion: 1.0\\n"
files["many-1.0.dist-info/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: bench\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
record = "".join(f"{name},,\\n" for name in files) + "many-1.0.dist-info/RECORD,,\\n"
with zipfile.ZipFile("many-1.0-py3-none-any.whl", "w") as wheel:
    for name, text in {**files, "many-1.0.dist-info/RECORD": record}.items():
        wheel.writestr(name, text)
'''


def pytest_run(machine, directory):
    (machine.host(directory) / 'test_many.py').write_text(TESTS)
    return [machine.pythons['3.11'], '-m', 'pytest', '-q', '-p', 'no:cacheprovider', directory]


def compileall_run(machine, directory):
    copied = machine.run([machine.pythons['3.11'], '-c',
                          'import os, shutil, sys; t = os.path.dirname(os.__file__); '
                          '[shutil.copytree(os.path.join(t, n), os.path.join(sys.argv[1], n), ignore=shutil.ignore_patterns("__pycache__"), '
                          'copy_function=shutil.copy) for n in ("json", "email", "logging", "unittest", "xml", "http", "asyncio", "concurrent")]',
                          directory])
    assert copied.returncode == 0, copied
    return [machine.pythons['3.11'], '-m', 'compileall', '-q', directory]


def pip_run(machine, directory):
    made = machine.run([machine.pythons['3.11'], '-c', WHEEL], cwd=directory)
    assert made.returncode == 0, made
    return [machine.pythons['3.11'], '-m', 'pip', 'install', '-q', '--no-index', '--no-deps', '--disable-pip-version-check', '--find-links', directory,
            '--target', directory + '\\installed', 'many']


def sqlite_run(machine, directory):
    return [machine.pythons['3.11'], '-c', SQLITE]


def node_run(machine, directory):
    (machine.host(directory) / 'storm.js').write_text(NODE)
    # node does not take the pipe of a Unix program as stdout.
    return [machine.pythons['3.11'], '-c', 'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, '
            'capture_output=True).returncode)', machine.win(machine.node), 'storm.js']


PROGRAMS = {'pytest, 500 tests with tmp_path': pytest_run, 'compileall of a part of the library': compileall_run,
            'pip install of a wheel with 150 modules': pip_run, 'node, unpack and rename storm': node_run,
            'SQLite, 300 commits with a journal': sqlite_run}


def time_once(machine, prepare, sandbox):
    place = machine.new_place('modify')
    directory = place + '\\root'
    words = prepare(machine, directory)
    began = time.monotonic()
    done = machine.run(words, sandbox, directory if sandbox else (), ['--quiet'] if sandbox else (), cwd=directory,
                       env={'PYTHONDONTWRITEBYTECODE': ''}, timeout=300)
    took = time.monotonic() - began
    assert done.returncode == 0, done
    return took


def measure(machine, scale):
    """{program: {'outside': s, 'inside': s, 'ratio': inside/outside}}, medians of runs in turns."""
    found = {}
    rounds = max(1, round(5 * scale))
    for name, prepare in PROGRAMS.items():
        if prepare is node_run and not machine.node.exists():
            continue
        times = {None: [], 'broker': []}
        for _ in range(rounds):
            for sandbox in times:
                times[sandbox].append(time_once(machine, prepare, sandbox))
        outside, inside = (statistics.median(values) for values in times.values())
        found[name] = {'outside': outside, 'inside': inside, 'ratio': inside / outside, 'n': rounds}
    return found


