"""The exit code is the program's own. A Windows program asks for it: a Unix wait status has eight bits."""

import json

import pytest

ASK = '''
import json, subprocess, sys
print(json.dumps(subprocess.run(json.loads(sys.argv[1]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL).returncode))
'''


def exit_code(win, words, **how):
    result = win.python('3.11', ASK, json.dumps(win.command(words, **how)))
    assert result.returncode == 0, result
    return json.loads(result.stdout)


@pytest.mark.parametrize('code', [0, 1, 3, 125, 126, 127, 255, 256, 0x10000, 0xC0000005, 0xFFFFFFFF])
@pytest.mark.parametrize('sandbox', [None, 'strict', 'broker'])
def test_exit_code(win, modify_place, code, sandbox):
    end = f'import ctypes; ctypes.WinDLL("kernel32").ExitProcess({code})'
    assert exit_code(win, [win.pythons['3.11'], '-c', end], sandbox=sandbox, roots=modify_place + '\\root') == code


def test_abort(win, modify_place, version):
    words = [win.pythons[version], '-c', 'import os; os.abort()']
    free = exit_code(win, words)
    assert free != 0 and exit_code(win, words, sandbox='broker', roots=modify_place + '\\root') == free


@pytest.mark.parametrize('sandbox', [None, 'broker'])
def test_exception(win, modify_place, version, sandbox):
    assert exit_code(win, [win.pythons[version], '-c', 'raise ValueError'], sandbox=sandbox, roots=modify_place + '\\root') == 1
