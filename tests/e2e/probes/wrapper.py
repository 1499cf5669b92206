"""The package python/sbx, used as a program would: SBX-DIRECTORY CASE PLACE. Prints one JSON object."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, sys.argv[1])
import sbx  # noqa: E402

case, place = sys.argv[2:4]
root, outside = place + '\\root', place + '\\outside'
MOVE = "import os; open('a', 'w').close(); os.replace('a', 'b'); print('moved')"
WRITE = "import sys; open(sys.argv[1], 'w')"
# Moves a file, then starts a child that would write on and on.
ENDLESS = '''
import os, subprocess, sys, time
open('a', 'w').close()
os.replace('a', 'b')
loop = "import time" + chr(10) + "while True: open('alive', 'a').write('x'); time.sleep(0.05)"
child = subprocess.Popen([sys.executable, '-c', loop], stdin=subprocess.DEVNULL)
time.sleep(600)
'''


def python(code, *arguments, **how):
    how.setdefault('writable_roots', [root])
    return sbx.run([sys.executable, '-c', code, *arguments], cwd=root, capture_output=True, text=True,
                   stdin=subprocess.DEVNULL, **how)


def raised(call):
    try:
        call()
    except Exception as error:
        return [type(error).__name__, getattr(error, 'returncode', None), str(error)]
    return None


def inside():
    done = python(MOVE)
    return dict(code=done.returncode, out=done.stdout, ops=[event['op'] for event in done.events],
                left=os.path.exists(root + '\\b'), denied=done.denied)


def denied():
    done = python(WRITE, outside + '\\new')
    return dict(code=done.returncode, error=done.stderr, denied=[event['path'] for event in done.denied])


def without_broker():
    done = python(MOVE, broker=False)
    return dict(code=done.returncode, error=done.stderr, ops=[event['op'] for event in done.events])


def alive_size():
    return os.path.getsize(root + '\\alive') if os.path.exists(root + '\\alive') else 0


def stop():
    ops = []
    with sbx.Popen([sys.executable, '-c', ENDLESS], writable_roots=[root], cwd=root, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL) as process:
        for event in process.events():
            ops.append([event['op'], process.poll()])
            break
        until = time.monotonic() + 60
        while not alive_size() and time.monotonic() < until:
            time.sleep(0.05)
        grew = alive_size() > 0
        process.stop()
        code, stopped = process.returncode, process.stopped
    size = alive_size()
    time.sleep(0.5)
    return dict(ops=ops, grew=grew, code=code, stopped=stopped, still_grows=alive_size() != size)


def timeout():
    return dict(raised=raised(lambda: python('import time; time.sleep(600)', timeout=3)))


def errors():
    return dict(
        none=raised(lambda: sbx.run([sys.executable, '-c', ''], stdin=subprocess.DEVNULL, capture_output=True)),
        missing=raised(lambda: sbx.run(['no-such-program'], writable_roots=[root], capture_output=True)),
        no_program=raised(lambda: sbx.run([outside + '\\kept.txt'], writable_roots=[root], capture_output=True)),
        own_125=python('raise SystemExit(125)').returncode,
        check=raised(lambda: python('raise SystemExit(3)', check=True)),
        one_root=raised(lambda: python('', writable_roots=root)),
        empty=raised(lambda: sbx.run([], writable_roots=[root])),
        no_sbx=raised(lambda: python('', sbx=outside + '\\sbx.exe')))


print(json.dumps(globals()[case]()))
