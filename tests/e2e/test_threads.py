"""Many threads and processes at once."""

WORK = '''
import concurrent.futures, os, sys
root = sys.argv[1]

def work(number):
    directory = os.path.join(root, f'd{number}')
    os.mkdir(directory)
    for n in range(20):
        path = os.path.join(directory, f'{n}')
        with open(path + '.new', 'w') as file:
            file.write(str(n))
        os.replace(path + '.new', path)
        os.replace(path, os.path.join(root, f'shared{number}'))
        os.unlink(os.path.join(root, f'shared{number}'))
    os.rmdir(directory)
    return 20

with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(sum(pool.map(work, range(16))), os.listdir(root))
'''


def test_sixteen_threads(win, place, version):
    result = win.python(version, WORK, place + '\\root', sandbox='broker', roots=place + '\\root', options=['--stats'])
    assert result.stdout.strip() == '320 []', result
    counts = result.stats()
    assert counts['requests'] == 16 * (20 * 3 + 1) and counts['refused'] == 0, counts


def test_without_the_broker_they_are_denied(win, modify_place):
    result = win.python('3.11', WORK, modify_place + '\\root', sandbox='strict', roots=modify_place + '\\root')
    assert result.returncode == 1 and 'WinError 5' in result.stderr, result


PROCESSES = '''
import subprocess, sys
code = ("import os, sys\\nfor n in range(20):\\n"
        "    p = os.path.join(sys.argv[1], sys.argv[2]); open(p, 'w').close(); os.replace(p, p + 'x'); os.unlink(p + 'x')")
children = [subprocess.Popen([sys.executable, '-c', code, sys.argv[1], f'c{n}'], stdin=subprocess.DEVNULL) for n in range(8)]
print([child.wait() for child in children])
'''


def test_eight_processes(win, modify_place):
    result = win.python('3.13', PROCESSES, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root',
                        options=['--stats'])
    assert result.stdout.strip() == str([0] * 8), result
    counts = result.stats()
    assert counts['requests'] == 8 * 40 and counts['clients'] >= 8, counts
    assert list(win.host(modify_place + '\\root').iterdir()) == []


def test_library_loading_while_threads_ask(win, modify_place):
    code = '''
import os, sys, threading
root, stop = sys.argv[1], threading.Event()

def ask(number):
    while not stop.is_set():
        path = os.path.join(root, f't{number}')
        open(path, 'w').close()
        os.replace(path, path + 'x')

threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
[thread.start() for thread in threads]
import asyncio, bz2, ctypes, decimal, hashlib, lzma, multiprocessing, socket, sqlite3, ssl, unicodedata, xml.parsers.expat
stop.set()
[thread.join() for thread in threads]
print('done')
'''
    result = win.python('3.11', code, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root', timeout=60)
    assert result.stdout.strip() == 'done', result
