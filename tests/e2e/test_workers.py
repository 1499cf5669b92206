"""More workers than the broker serves at a time: none sees an error."""

import pytest

PROCESSES, THREADS = 24, 16
WORKER = """
import os, sys, threading
root, number = sys.argv[1:]
gate, errors = threading.Barrier(THREADS), []
def work(me):
    path = f'{root}\\\\w{number}-{me}'
    try:
        gate.wait()
        for turn in range(2):
            with open(path + '.new', 'w') as file: file.write(str(turn))
            os.replace(path + '.new', path)
        os.unlink(path)
    except OSError as error:
        errors.append(error.winerror)
threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(set(errors)), flush=True)
sys.stdin.read()
"""
# Each worker stays until all have worked, and its connections with it.
START = """
import subprocess, sys
workers = [subprocess.Popen([sys.executable, '-c', WORKER, sys.argv[1], str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
           for n in range(PROCESSES)]
said = [worker.stdout.readline().strip() for worker in workers]
for worker in workers:
    worker.stdin.close()
    worker.wait()
print(*sorted(set(said)), sep=';')
""".replace('WORKER', repr(WORKER.replace('THREADS', str(THREADS)))).replace('PROCESSES', str(PROCESSES))


@pytest.mark.parametrize('sandbox, said', [(None, '[]'), ('broker', '[]'), ('strict', '[5]')])
def test_no_worker_sees_an_error(win, sandbox, said):
    place = win.new_place('modify')
    done = win.python('3.11', START, place + '\\root', sandbox=sandbox, roots=place + '\\root', options=['--stats'] if sandbox else (), timeout=300)
    assert done.returncode == 0 and done.stdout.strip() == said, done
    if sandbox == 'broker':
        assert not list((win.host(place) / 'root').iterdir())
        assert done.stats()['clients'] > 256, done
