"""A program built inside at Low integrity runs outside at its usual level: Windows gives a process the level of its file's
label when that is the lower one."""

LEVEL = '''
import ctypes
from ctypes import wintypes
advapi32 = ctypes.WinDLL('advapi32')
kernel32 = ctypes.WinDLL('kernel32')
kernel32.GetCurrentProcess.restype = wintypes.HANDLE
token = wintypes.HANDLE()
assert advapi32.OpenProcessToken(wintypes.HANDLE(kernel32.GetCurrentProcess()), 8, ctypes.byref(token))
data, size = ctypes.create_string_buffer(128), wintypes.DWORD()
assert advapi32.GetTokenInformation(token, 25, data, 128, ctypes.byref(size))
sid = ctypes.cast(data, ctypes.POINTER(ctypes.c_void_p))[0]
advapi32.GetSidSubAuthority.restype = ctypes.POINTER(wintypes.DWORD)
print('level', advapi32.GetSidSubAuthority(ctypes.c_void_p(sid), 0)[0])
'''
MAKE = r'''
import subprocess, sys, venv
venv.create(sys.argv[1], with_pip=False)
print(subprocess.run([sys.argv[1] + r'\Scripts\python.exe', '-c', sys.argv[2]], stdin=subprocess.DEVNULL,
                     stdout=subprocess.PIPE, text=True).stdout)
'''
START = '''
import subprocess, sys
print(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout)
'''
LOW = 0x1000
VERSION = '3.11'


def level(text):
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith('level')]


def test_venv_made_inside_works_outside_at_its_level(win, place):
    usual = level(win.python(VERSION, LEVEL).stdout)
    assert usual and usual[0] > LOW
    venv = place + '\\root\\venv'
    made = win.python(VERSION, MAKE, venv, LEVEL, sandbox='broker', roots=place + '\\root')
    assert made.returncode == 0 and level(made.stdout) == [LOW], made
    # Started by a program: what starts a test's first program is not the kernel that reads labels.
    outside = win.python(VERSION, START, venv + '\\Scripts\\python.exe', '-c', LEVEL)
    assert outside.returncode == 0 and level(outside.stdout) == usual, outside


def test_a_low_label_left_on_the_file_would_lower_it(win, place):
    # The twin: the same file, labelled Low as the run left it before sbx set it back.
    venv = place + '\\root\\venv'
    made = win.python(VERSION, "import sys, venv; venv.create(sys.argv[1], with_pip=False)", venv)
    assert made.returncode == 0, made
    labelled = win.probe(VERSION, 'set_label.py', venv + '\\Scripts\\python.exe', 'S:(ML;;NW;;;LW)')
    assert labelled.returncode == 0, labelled
    lowered = win.python(VERSION, START, venv + '\\Scripts\\python.exe', '-c', LEVEL)
    assert level(lowered.stdout) == [LOW], lowered
