"""An interactive session: keys, line editing, the window's size, Ctrl-C."""

import contextlib

import pytest

CTRL_C = '\x03'
BACKSPACE = '\b'

TICKS = '''
import os, time
try:
    print("size", *os.get_terminal_size(), flush=True)
    for i in range(300): time.sleep(0.1)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(9)
'''

# What a program that is ended in raw mode leaves behind: no echo, no lines, other code pages.
RAW = '''
import ctypes, os
kernel32 = ctypes.WinDLL("kernel32")
kernel32.GetStdHandle.restype = ctypes.c_void_p
assert kernel32.SetConsoleMode(ctypes.c_void_p(kernel32.GetStdHandle(-10)), 0x10)
assert kernel32.SetConsoleOutputCP(1252)
os._exit(3)
'''

MODES = '''
import ctypes, subprocess, sys
kernel32 = ctypes.WinDLL("kernel32")
kernel32.GetStdHandle.restype = ctypes.c_void_p
def state():
    mode = ctypes.c_uint32()
    assert kernel32.GetConsoleMode(ctypes.c_void_p(kernel32.GetStdHandle(-10)), ctypes.byref(mode))
    return mode.value, kernel32.GetConsoleOutputCP()
before = state()
code = subprocess.call(sys.argv[1:])
print("code", code, "same" if state() == before else "changed", flush=True)
'''


@pytest.fixture
def terminal(win):
    """terminal(words): a session; ended with the test."""
    with contextlib.ExitStack() as stack:
        def start(words):
            session = win.terminal(words)
            if session is None:
                pytest.skip('no terminal for tests on this system')
            stack.callback(session.close)
            return session
        yield start


@pytest.mark.parametrize('sandbox', [None, 'strict', 'broker'])
def test_cmd_reads_lines(win, terminal, modify_place, sandbox):
    root = modify_place + '\\root'
    session = terminal(win.command(['cmd.exe'], sandbox, root))
    session.wait_for('>')
    # The prompt comes a moment before cmd reads.
    session.type(f'echo one{BACKSPACE * 3}two%OS%\r')
    session.wait_for('twoWindows_NT')
    session.type(f'cd /d {root}\r')
    session.wait_for('root>')
    # Wine's own `move` says nothing when it is denied; what is there afterwards says it.
    session.type('echo x> a& move /y a b& if exist b (echo mov^ed) else echo den^ied\r')
    session.wait_for('denied' if sandbox == 'strict' else 'moved')
    session.type('exit 7\r')
    assert session.end() == 7


@pytest.mark.parametrize('sandbox', [None, 'strict', 'broker'])
def test_ctrl_c_is_the_programs(win, terminal, modify_place, sandbox):
    program = [win.pythons['3.11'], '-c', TICKS]
    session = terminal(win.command(program, sandbox, modify_place + '\\root'))
    session.wait_for('size 100 30')
    session.type(CTRL_C)
    session.wait_for('interrupted')
    assert session.end() == 9


def test_a_repl(win, terminal, modify_place):
    session = terminal(win.command([win.pythons['3.11'], '-i', '-q'], 'broker', modify_place + '\\root'))
    session.wait_for('>>>')
    session.type('6*7\r')
    session.wait_for('42')
    session.type('raise SystemExit(4)\r')
    assert session.end() == 4


def test_the_console_is_put_back(win, terminal, modify_place):
    """A program that was ended in raw mode leaves the console as it is; sbx gives the shell back what it had."""
    python = win.win(win.pythons['3.11'])
    inner = [python, '-c', RAW]
    for words, expected in ((inner, 'code 3 changed'),
                            (win.command(inner, 'broker', modify_place + '\\root'), 'code 3 same')):
        session = terminal([python, '-c', MODES, *words])
        session.wait_for(expected)
        assert session.end() == 0


def test_no_colour_and_no_progress_in_a_pipe(win, modify_place):
    result = win.run(['cmd.exe', '/c', 'exit 0'], 'broker', modify_place + '\\root', ['--stats'])
    helped = win.run([win.sbx, 'doctor'])
    assert result.returncode == 0 and 'sbx: stats' in result.stderr and helped.stdout
    for text in (result.stderr, helped.stdout, helped.stderr):
        assert '\x1b' not in text and '\r' not in text
