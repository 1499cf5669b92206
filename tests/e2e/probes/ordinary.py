"""What ordinary programs use besides files, each tried once: prints a JSON object of name -> 'ok' or the error.

usage: ordinary.py, in a directory that may be written
"""

import asyncio
import ctypes
import getpass
import json
import mmap
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import winreg
from ctypes import wintypes
from multiprocessing import shared_memory
from multiprocessing.connection import Client, Listener

kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
user32 = ctypes.WinDLL('user32', use_last_error=True)
shell32 = ctypes.WinDLL('shell32')
STEPS = []
FOLDERS = {'profile': 40, 'documents': 5, 'AppData': 26, 'LocalAppData': 28, 'ProgramData': 35}


def step(name):
    def add(function):
        STEPS.append((name, function))
        return function
    return add


def handle(function, *arguments):
    function.restype = wintypes.HANDLE
    value = function(*arguments)
    if value in (None, 0, wintypes.HANDLE(-1).value):
        raise ctypes.WinError(ctypes.get_last_error())
    return value


def folder(name):
    path = ctypes.create_unicode_buffer(300)
    status = shell32.SHGetFolderPathW(None, FOLDERS[name], None, 0, path)
    if status:
        raise OSError(status, 'SHGetFolderPath')
    return path.value


def run_python(code):
    done = subprocess.run([sys.executable, '-c', code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])


def run_script(name, code):
    # multiprocessing starts its workers from a file.
    with open(name, 'w') as script:
        script.write(code)
    done = subprocess.run([sys.executable, name], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])


@step('named mutex')
def _():
    for name in ('sbx-mutex', 'Local\\sbx-mutex', 'Global\\sbx-mutex'):
        for _ in range(2):
            handle(kernel32.CreateMutexW, None, False, name)


@step('named event, semaphore, job')
def _():
    handle(kernel32.CreateEventW, None, False, False, 'sbx-event')
    handle(kernel32.CreateSemaphoreW, None, 0, 1, 'sbx-semaphore')
    handle(kernel32.CreateJobObjectW, None, 'sbx-job')


@step('named memory')
def _():
    with mmap.mmap(-1, 4096, tagname='sbx-memory') as memory, mmap.mmap(-1, 4096, tagname='sbx-memory') as same:
        memory[0] = 7
        assert same[0] == 7
    block = shared_memory.SharedMemory(create=True, size=100)
    other = shared_memory.SharedMemory(name=block.name)
    other.buf[0] = 3
    assert block.buf[0] == 3
    other.close()
    block.close()


@step('named pipe')
def _():
    listener = Listener(family='AF_PIPE')
    thread = threading.Thread(target=lambda: listener.accept().send('x'))
    thread.start()
    assert Client(listener.address).recv() == 'x'
    thread.join()


@step('sockets')
def _():
    server = socket.create_server(('127.0.0.1', 0))
    client = socket.create_connection(server.getsockname())
    other, _ = server.accept()
    other.sendall(b'x')
    assert client.recv(1) == b'x'
    left, right = socket.socketpair()
    left.sendall(b'y')
    assert right.recv(1) == b'y'
    assert socket.getaddrinfo('localhost', 80)


@step('child processes')
def _():
    run_python('pass')
    assert subprocess.check_output('echo hi', shell=True, stdin=subprocess.DEVNULL).strip() == b'hi'
    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdin=subprocess.DEVNULL)
    child.kill()
    child.wait(30)


@step('asyncio subprocess')
def _():
    async def main():
        child = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(7)', stdout=asyncio.subprocess.PIPE)
        out, _ = await child.communicate()
        assert out.strip() == b'7'
    asyncio.run(main())


@step('multiprocessing')
def _():
    run_script('pool.py', 'import multiprocessing\ndef square(x): return x * x\nif __name__ == "__main__":\n'
               '    with multiprocessing.Pool(2) as pool: assert pool.map(square, range(4)) == [0, 1, 4, 9]\n'
               '    queue = multiprocessing.Queue(); queue.put(1); assert queue.get() == 1\n')


@step('its own process, thread and token')
def _():
    handle(kernel32.OpenProcess, 0x1fffff, False, os.getpid())
    handle(kernel32.OpenThread, 0x1fffff, False, kernel32.GetCurrentThreadId())
    token = wintypes.HANDLE()
    if not ctypes.WinDLL('advapi32').OpenProcessToken(wintypes.HANDLE(-1), 0xf01ff, ctypes.byref(token)):
        raise ctypes.WinError()


@step('a window, the clipboard, COM')
def _():
    handle(user32.CreateWindowExW, 0, 'STATIC', 'x', 0, 0, 0, 0, 0, wintypes.HWND(-3), None, None, None)
    if not user32.OpenClipboard(None):
        raise ctypes.WinError(ctypes.get_last_error())
    user32.CloseClipboard()
    assert ctypes.WinDLL('ole32').CoInitialize(None) in (0, 1)


@step('TEMP')
def _():
    with tempfile.NamedTemporaryFile() as file:
        file.write(b'x')


@step('NUL, user name, random numbers, TLS')
def _():
    open('NUL', 'w').close()
    assert getpass.getuser() and os.urandom(8)
    ssl.create_default_context()


@step('SQLite')
def _():
    base = sqlite3.connect('ordinary.db')
    base.execute('pragma journal_mode=wal')
    base.execute('create table if not exists t(x)')
    base.commit()
    base.close()


@step('__pycache__')
def _():
    with open('imported.py', 'w') as module:
        module.write('x = 1')
    sys.path.insert(0, os.getcwd())
    sys.dont_write_bytecode = False
    import imported
    assert os.path.exists(imported.__cached__)


@step('registry: read')
def _():
    winreg.OpenKey(winreg.HKEY_CURRENT_USER, 'Environment').Close()
    winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, 'Software\\Microsoft').Close()


@step('registry: write HKCU')
def _():
    winreg.OpenKey(winreg.HKEY_CURRENT_USER, 'Environment', 0, winreg.KEY_SET_VALUE).Close()


@step('registry: new key in HKCU')
def _():
    winreg.CreateKey(winreg.HKEY_CURRENT_USER, 'Software\\sbx-ordinary').Close()
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, 'Software\\sbx-ordinary')


def read_folder(name):
    assert os.path.isdir(folder(name)) and list(os.scandir(folder(name))) is not None


def write_folder(name):
    path = os.path.join(folder(name), 'sbx-ordinary')
    open(path, 'w').close()
    os.unlink(path)


def write_local_low():
    path = os.path.join(folder('profile'), 'AppData', 'LocalLow', 'sbx-ordinary')
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, 'w').close()
    os.unlink(path)


def main():
    for name in FOLDERS:
        STEPS.append(('read ' + name, lambda name=name: read_folder(name)))
        STEPS.append(('write ' + name, lambda name=name: write_folder(name)))
    STEPS.append(('write LocalLow', write_local_low))
    found = {}
    for name, function in STEPS:
        try:
            function()
            found[name] = 'ok'
        except PermissionError as error:
            found[name] = f'denied {error.winerror or error.errno}'
        except BaseException as error:
            found[name] = f'{type(error).__name__}: {error}'
    print(json.dumps(found))


if __name__ == '__main__':
    main()
