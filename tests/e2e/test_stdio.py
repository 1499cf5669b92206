"""stdin, stdout and stderr pass through byte for byte."""

import json

import pytest


@pytest.mark.parametrize('sandbox', [None, 'strict', 'broker'])
def test_streams(win, modify_place, version, sandbox):
    code = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[::-1]); sys.stderr.buffer.write(b'err' + d[:3])"
    data = b'abc\x00\x1a\x80text' * 1000 + b'end'
    process = win.start_program(win.command([win.pythons[version], '-c', code], sandbox, modify_place + '\\root'), stdin=-1)
    out, err = process.communicate(data, 60)
    assert process.returncode == 0 and out == data[::-1] and err.startswith(b'errabc'), err


@pytest.mark.parametrize('sandbox', ['strict', 'broker'])
def test_much_output(win, modify_place, sandbox):
    result = win.python('3.11', "import sys\nfor n in range(100000): print(n)", sandbox=sandbox, roots=modify_place + '\\root')
    assert result.stdout == ''.join(f'{n}\n' for n in range(100000))


@pytest.mark.parametrize('sandbox', ['strict', 'broker'])
def test_arguments_come_as_given(win, modify_place, sandbox):
    words = ['plain', '', 'with space', 'quote"inside', 'back\\slash\\', 'both\\"', 'trailing \\', 'ünï', '日本', '%PATH%', '^&|<>', '--', '-x']
    code = 'import json, sys; print(json.dumps(sys.argv[1:]))'
    result = win.python('3.11', code, *words, sandbox=sandbox, roots=modify_place + '\\root')
    assert json.loads(result.stdout) == words, result


@pytest.mark.parametrize('sandbox', [None, 'strict', 'broker'])
def test_environment_and_current_directory_pass(win, modify_place, version, sandbox):
    code = "import os; print(os.environ['SBX_TEST_VALUE']); print(os.getcwd())"
    result = win.python(version, code, sandbox=sandbox, roots=modify_place + '\\root', cwd=modify_place + '\\root',
                        env={'SBX_TEST_VALUE': 'grün'})
    value, directory = result.stdout.split('\n')[:2]
    assert value == 'grün' and directory.lower() == (modify_place + '\\root').lower(), result


def test_relative_root_and_cwd_option(win, modify_place):
    code = "import os; open('a', 'w').close(); os.replace('a', 'b'); print(os.listdir('.'))"
    for options in (['--cwd'], ['--writable-root', '.'], ['--add-dir', '..\\root']):
        result = win.python('3.11', code, sandbox='broker', options=options, cwd=modify_place + '\\root')
        assert result.stdout.strip() == "['b']", result


def test_stdout_that_is_a_file_gives_no_delete_right(win, modify_place):
    inner = ("import ctypes, msvcrt\nfrom ctypes import wintypes\nio = (ctypes.c_ulonglong * 2)()\nflag = ctypes.c_ubyte(1)\n"
             "print(hex(ctypes.WinDLL('ntdll').NtSetInformationFile(wintypes.HANDLE(msvcrt.get_osfhandle(1)), io, "
             "ctypes.byref(flag), 1, 13) & 0xffffffff), flush=True)")
    outer = "import json, subprocess, sys; subprocess.run(json.loads(sys.argv[1]), stdin=subprocess.DEVNULL, stdout=open(sys.argv[2], 'wb'))"
    path = modify_place + '\\outside\\out.txt'
    command = win.command([win.pythons['3.11'], '-c', inner], 'broker', modify_place + '\\root')
    win.python('3.11', outer, json.dumps(command), path)
    assert win.host(path).read_text().strip() == '0xc0000022'
