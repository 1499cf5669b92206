"""Descendants: whatever starts them, they are confined and get the broker."""

import time

import pytest

REPLACE = '''
import os, sys
root = sys.argv[1]
for name in ('a', 'b'):
    with open(os.path.join(root, name), 'w') as file:
        file.write(name)
os.replace(os.path.join(root, 'a'), os.path.join(root, 'b'))
try:
    os.unlink(sys.argv[2])
except PermissionError as error:
    print('outside: error', error.winerror)
else:
    print('outside: deleted')
print(open(os.path.join(root, 'b')).read())
'''

START = '''
import ctypes, os, subprocess, sys
from ctypes import wintypes
how = sys.argv[4]
command = [sys.executable, '-c', sys.argv[3], sys.argv[1], sys.argv[2]]
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
if how == 'suspended':
    process = subprocess.Popen(command, creationflags=4, **quiet)
    # subprocess forgets the thread's handle; NtResumeProcess needs none.
    assert ctypes.WinDLL('ntdll').NtResumeProcess(wintypes.HANDLE(int(process._handle))) == 0
    out = process.communicate()[0]
elif how == 'breakaway':
    try:
        out = subprocess.run(command, creationflags=0x01000000, **quiet).stdout
    except PermissionError as error:
        out = f'breakaway: error {error.winerror}'
else:
    more = {'plain': {}, 'emptied': {'env': {}}, 'detached': {'creationflags': 8}, 'group': {'creationflags': 0x200},
            'shell': {'shell': True}, 'moved': {'cwd': 'C:\\\\'}}[how]
    out = subprocess.run(command, **quiet, **more).stdout
sys.stdout.write(out)
'''


def started(win, how, place, version, sandbox):
    return win.python(version, START, place + '\\root', place + '\\outside\\kept.txt', REPLACE, how, sandbox=sandbox,
                      roots=place + '\\root')


@pytest.mark.parametrize('how', ['plain', 'suspended', 'emptied', 'detached', 'group', 'shell', 'moved'])
def test_python_started_by_python(win, place, version, how):
    if how == 'shell':
        # cmd.exe takes no newline on its command line; the others show what a script with them does.
        code = REPLACE.replace('\n', '\n')
        script = win.host(place) / 'outside' / 'script.py'
        script.write_text(code)
        inner = "exec(open(__import__('sys').argv[2].replace('kept.txt', 'script.py')).read())"
    else:
        inner = REPLACE
    words = (START, place + '\\root', place + '\\outside\\kept.txt', inner, how)
    strict = win.python(version, *words, sandbox='strict', roots=place + '\\root')
    assert 'PermissionError: [WinError 5]' in strict.stdout, strict
    inside = win.python(version, *words, sandbox='broker', roots=place + '\\root')
    assert inside.stdout.split('\n')[:2] == ['outside: error 5', 'a'], inside
    free = win.python(version, *words)
    assert free.stdout.split('\n')[:2] == ['outside: deleted', 'a'], free


@pytest.mark.parametrize('sandbox', ['strict', 'broker'])
def test_breakaway_is_refused(win, modify_place, version, sandbox):
    result = started(win, 'breakaway', modify_place, version, sandbox)
    assert result.stdout.strip() == 'breakaway: error 5', result


def test_cmd(win, place):
    root = place + '\\root'
    script = win.host(place) / 'outside' / 'script.cmd'
    script.write_text(f'@echo off\r\ncd /d {root}\r\necho one> a\r\necho two> b\r\nmove /y a b > nul\r\ntype b\r\ndel b\r\n'
                      f'if exist b echo left\r\nmkdir d\r\nrmdir d\r\nif exist d echo left\r\n')
    words = ['cmd', '/c', win.win(f'{place}\\outside\\script.cmd')]
    free = win.run(words)
    assert free.stdout.split() == ['one'], free
    strict = win.run(words, sandbox='strict', roots=root)
    assert strict.stdout.split() != ['one'], strict
    for path in win.host(root).iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    inside = win.run(words, sandbox='broker', roots=root)
    assert inside.stdout.split() == ['one'], inside


def test_three_generations(win, place, version):
    code = ("import subprocess, sys\nif sys.argv[4] == '0': exec(sys.argv[3])\nelse: sys.exit(subprocess.run([sys.executable, '-c',"
            " sys.argv[5], *sys.argv[1:4], str(int(sys.argv[4]) - 1), sys.argv[5]], stdin=subprocess.DEVNULL).returncode)")
    result = win.python(version, code, place + '\\root', place + '\\outside\\kept.txt', REPLACE, '2', code, sandbox='broker',
                        roots=place + '\\root', options=['--stats'])
    assert result.stdout.split('\n')[:2] == ['outside: error 5', 'a'], result
    assert result.stats()['requests'] == 1, result


LEFT_BEHIND = '''
import subprocess, sys
code = "import sys, time; time.sleep(2); open(sys.argv[1], 'w').close()"
subprocess.Popen([sys.executable, '-c', code, sys.argv[1]], creationflags=8, stdin=subprocess.DEVNULL,
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
'''


def test_what_is_left_behind_ends_with_the_run(win, modify_place):
    path = win.host(modify_place + '\\root\\late')
    assert win.python('3.11', LEFT_BEHIND, modify_place + '\\root\\late').returncode == 0
    for _ in range(100):
        if path.exists():
            break
        time.sleep(0.1)
    assert path.exists()
    path.unlink()
    assert win.python('3.11', LEFT_BEHIND, modify_place + '\\root\\late', sandbox='broker', roots=modify_place + '\\root').returncode == 0
    time.sleep(4)
    assert not path.exists()
