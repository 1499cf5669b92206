"""Pipes between the program's own processes work inside as outside."""

import json

import pytest

BROKEN = 'usual, write', 'with owner and label'

POOL = '''
import concurrent.futures, multiprocessing, sys

def double(number):
    return number * 2

def locked(lock, number):
    with lock:
        return number

if __name__ == '__main__':
    print(sys.getwindowsversion()[:2])
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(list(pool.map(double, range(5))))
    with multiprocessing.Manager() as manager, concurrent.futures.ProcessPoolExecutor(1) as pool:
        print(pool.submit(locked, manager.Lock(), 7).result())
'''
ASYNCIO = '''
import asyncio, sys

async def main():
    child = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(input()[::-1])', stdin=asyncio.subprocess.PIPE,
                                                 stdout=asyncio.subprocess.PIPE)
    print((await child.communicate(b'abc\\n'))[0].strip(), child.returncode)

asyncio.run(main())
'''
NODE = '''
const { spawn, spawnSync, fork } = require('child_process');
const fs = require('fs');
const lines = [];
if (process.argv[3] === 'child') {
    process.on('message', (m) => { process.send(m + 1); process.disconnect(); });
} else {
    lines.push(spawnSync(process.execPath, ['-e', 'console.log(1 + 1)'], { encoding: 'utf8' }).stdout.trim());
    const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)']);
    child.stdout.on('data', (data) => lines.push(String(data)));
    child.stdin.end('through');
    child.on('close', (code) => {
        lines.push(code);
        const other = fork(__filename, [process.argv[2], 'child'], { silent: true });
        other.on('message', (m) => lines.push(m));
        other.on('exit', () => fs.writeFileSync(process.argv[2], JSON.stringify(lines)));
        other.send(41);
    });
}
'''
# node does not take a Unix program's pipe as stdout.
START = 'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True).returncode)'


def test_a_pipe_is_written_by_its_maker(win, modify_place, version):
    found = {}
    for sandbox in (None, 'strict', 'broker', 'medium'):
        result = win.probe(version, 'pipes.py', sandbox=sandbox, roots=modify_place + '\\root')
        assert result.returncode == 0, result
        found[sandbox] = json.loads(result.stdout)
    assert found['broker'] == found['medium'] == found[None], found
    assert found[None]['usual, write'] == ['ok'] * 3 and 'error 5' in found[None]['everybody denied'][2:], found
    assert found['strict']['usual, read'][-1] == 'ok', found
    assert all('error 5' in found['strict'][name] for name in BROKEN), found


def test_multiprocessing(win, modify_place, version):
    script = modify_place + '\\outside\\pool.py'
    win.host(script).write_text(POOL)
    free = win.run([win.pythons[version], script])
    inside = win.run([win.pythons[version], script], sandbox='broker', roots=modify_place + '\\root')
    assert free.stdout.split('\n')[1:3] == ['[0, 2, 4, 6, 8]', '7'], free
    assert inside.stdout == free.stdout, inside


def test_asyncio_subprocess(win, modify_place, version):
    free = win.python(version, ASYNCIO)
    assert free.stdout.split() == ["b'cba'", '0'], free
    inside = win.python(version, ASYNCIO, sandbox='broker', roots=modify_place + '\\root')
    assert inside.stdout == free.stdout, inside


def test_node_children(win, modify_place):
    if not win.node.exists():
        pytest.skip('no Windows node')
    script = modify_place + '\\outside\\children.js'
    win.host(script).write_text(NODE)
    for sandbox in (None, 'broker'):
        report = modify_place + '\\root\\report.json'
        words = [win.win(win.node), script, report]
        result = win.python('3.11', START, *words, sandbox=sandbox, roots=modify_place + '\\root')
        assert result.returncode == 0 and json.loads(win.host(report).read_text()) == ['2', 'through', 0, 42], (sandbox, result)
        win.host(report).unlink()
