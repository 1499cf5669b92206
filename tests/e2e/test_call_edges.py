"""What surrounds the file calls: status blocks, inheritance, last errors, odd handles and bad pointers, inside as unsandboxed."""

import json
import re

import pytest
import world

NAMES = re.findall(r'^@case\ndef (\w+)', (world.PROBES / 'nt_edges.py').read_text(), re.M)
# These fail everywhere, or destroy nothing.
NOT_DENIED = {'subst_drive', 'odd_structures', 'bad_pointers_of_opens', 'bad_outputs_and_descriptors'}


@pytest.fixture(scope='module')
def found(win):
    kept = {}

    def of(layout, version, sandbox):
        key = layout, version, sandbox
        if key not in kept:
            root = win.new_place(layout) + '\\root'
            result = win.probe(version, 'nt_edges.py', root, sandbox=sandbox, roots=root)
            assert result.returncode == 0, result
            kept[key] = json.loads(result.stdout.strip().splitlines()[-1])
            # On Wine a handle that could not be told to the program stays open, and with it what it was to delete.
            kept[key]['bad_outputs_and_descriptors'].pop('left')
        return kept[key]

    return of


@pytest.mark.parametrize('name', NAMES)
def test_same_as_unsandboxed(found, layout, version, name):
    assert found(layout, version, 'broker')[name] == found(layout, version, None)[name]


@pytest.mark.parametrize('name', [name for name in NAMES if name not in NOT_DENIED])
def test_denied_by_the_strict_token_alone(found, version, name):
    assert found('modify', version, 'strict')[name] != found('modify', version, None)[name]


CLOSE_PIPES = r'''
import ctypes, os, sys
kernel = ctypes.WinDLL('kernel32')
kernel.GetStdHandle.restype = kernel.CreateFileW.restype = ctypes.c_void_p
root = sys.argv[1]
for name in 'abc':
    open(root + '\\' + name, 'w').close()
os.unlink(root + '\\a')
standard = [kernel.GetStdHandle(n) for n in (-10, -11, -12)]
closed = [handle for handle in range(4, 4096, 4) if handle not in standard and
          kernel.GetFileType(ctypes.c_void_p(handle)) == 3 and kernel.CloseHandle(ctypes.c_void_p(handle))]
files = [kernel.CreateFileW(root + '\\file%d' % n, 0xC0000000, 7, None, 2, 0, None) for n in range(64)]
for name in 'bc':
    try: os.unlink(root + '\\' + name)
    except OSError: pass
for file in files:
    kernel.CloseHandle(ctypes.c_void_p(file))
print(sum(os.path.getsize(root + '\\file%d' % n) for n in range(64)), [n for n in 'abc' if os.path.exists(root + '\\' + n)])
'''


def test_a_program_that_closes_handles_it_does_not_know(win, modify_place, version):
    """Requests to the broker never go into a file that got the value of the shim's handle, and go on being served."""
    result = win.python(version, CLOSE_PIPES, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root')
    assert result.returncode == 0 and result.stdout.split('\n')[0].strip() == '0 []', result


FREE_SHIM = r'''
import ctypes, os, sys
kernel = ctypes.WinDLL('kernel32')
kernel.GetModuleHandleW.restype = ctypes.c_void_p
for turn in range(3):
    shim = kernel.GetModuleHandleW('sbxshim.dll')
    if shim:
        kernel.FreeLibrary(ctypes.c_void_p(shim))
path = sys.argv[1] + '\\file'
open(path, 'w').close()
os.unlink(path)
print('served')
'''


def test_a_program_that_frees_every_library(win, modify_place):
    """The shim stays: the calls that it stands in go through its code."""
    result = win.python('3.11', FREE_SHIM, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root')
    assert result.returncode == 0 and result.stdout == 'served\n', result
