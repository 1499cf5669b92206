"""When a deletion by disposition happens: prints a JSON object of what is seen after each way in which a handle ends.
usage: deletion_ends.py DIRECTORY"""

import ctypes
import json
import os
import subprocess
import sys
from ctypes import wintypes

import ntfile as nt

ME = wintypes.HANDLE(-1)
CLOSE_SOURCE, SAME_ACCESS, DUP_HANDLE = 1, 2, 0x40
top = sys.argv[1]
WAITER = 'import sys; sys.stdin.read()'
HOLDER = '''
import sys
sys.path.insert(0, sys.argv[2])
import ntfile as nt
status, handle, _ = nt.create(sys.argv[1], nt.DELETE)
print(nt.dispose(handle), flush=True)
{then}
'''


def marked(name, directory=False):
    """A handle to something new that is to be deleted."""
    path = f'{top}\\{name}\\x'
    os.makedirs(path) if directory else os.makedirs(os.path.dirname(path))
    if not directory:
        open(path, 'w').close()
    status, handle, _ = nt.create(path, nt.DELETE, options=nt.DIRECTORY if directory else 0)
    return handle, [status, nt.dispose(handle)]


def seen(name):
    """Is it still listed, and can its directory be removed?"""
    listed = os.listdir(f'{top}\\{name}')
    try:
        os.rmdir(f'{top}\\{name}')
        return [listed, 'removed']
    except OSError as error:
        return [listed, error.winerror]


def duplicate(handle, options, to=ME):
    copy = wintypes.HANDLE()
    done = nt.kernel32.DuplicateHandle(ME, wintypes.HANDLE(handle), to, ctypes.byref(copy), 0, False, options)
    return (copy.value, nt.win32(done))


def copied():
    handle, found = marked('copied')
    copy, done = duplicate(handle, SAME_ACCESS)
    return found + [done, nt.close(handle), nt.close(copy)] + seen('copied')


def moved():
    handle, found = marked('moved')
    copy, done = duplicate(handle, SAME_ACCESS | CLOSE_SOURCE)
    return found + [done, nt.close(copy)] + seen('moved')


def closed_by_duplicating():
    handle, found = marked('closed')
    done = nt.kernel32.DuplicateHandle(ME, wintypes.HANDLE(handle), None, None, 0, False, CLOSE_SOURCE)
    return found + [nt.win32(done)] + seen('closed')


def moved_to_a_process_that_ends():
    handle, found = marked('passed')
    child = subprocess.Popen([sys.executable, '-c', WAITER], stdin=subprocess.PIPE)
    process = nt.kernel32.OpenProcess(DUP_HANDLE, False, child.pid)
    _, done = duplicate(handle, SAME_ACCESS | CLOSE_SOURCE, wintypes.HANDLE(process))
    child.stdin.close()
    child.wait()
    return found + [done] + seen('passed')


def taken_back_by_a_copy():
    handle, found = marked('back')
    copy, done = duplicate(handle, SAME_ACCESS)
    found += [done, nt.dispose(copy, 0), nt.close(handle), nt.close(copy)]
    return found + seen('back')


def taken_back_by_no_flag_but_posix():
    handle, found = marked('posix')
    found += [nt.dispose(handle, 2, nt.DISPOSITION_EX), nt.close(handle)]
    return found + seen('posix')


def directory():
    handle, found = marked('directory', True)
    return found + [nt.close(handle)] + seen('directory')


def directory_taken_back():
    handle, found = marked('directory back', True)
    found += [nt.dispose(handle, 0), nt.close(handle)]
    return found + seen('directory back')


def holder(name, then):
    os.makedirs(f'{top}\\{name}')
    open(f'{top}\\{name}\\x', 'w').close()
    code = HOLDER.format(then=then)
    child = subprocess.Popen([sys.executable, '-c', code, f'{top}\\{name}\\x', os.path.dirname(__file__)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    return child, child.stdout.readline().strip()


def killed():
    found = []
    for number in range(5):
        child, status = holder(f'killed {number}', WAITER)
        child.kill()
        child.wait()
        found += [status] + seen(f'killed {number}')
        child.stdin.close()
    return found


def ended_by_itself():
    found = []
    for number, then in enumerate(('import os; os._exit(0)', 'import os; os.abort()', 'import ctypes; ctypes.string_at(1)',
                                   'import ctypes; ctypes.windll.kernel32.TerminateProcess(ctypes.c_void_p(-1), 3)')):
        child, status = holder(f'itself {number}', then)
        child.wait()
        found += [status] + seen(f'itself {number}')
    return found


CASES = [copied, moved, closed_by_duplicating, moved_to_a_process_that_ends, taken_back_by_a_copy, taken_back_by_no_flag_but_posix,
         directory, directory_taken_back, killed, ended_by_itself]
print(json.dumps({case.__name__: case() for case in CASES}))
