"""Runs with --undo, for the tests of it."""

import json
import os
import re

OLD = 1_500_000_000


def undone_run(win, place, code, *options, root='\\root', version='3.11'):
    """Run Python code in the root with --undo; the result and the run's id (None when nothing was kept)."""
    result = win.python(version, code, place + root, sandbox='broker', roots=place + root, options=('--undo',) + options)
    found = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)
    return result, found and found[1]


def state_of(path):
    """What must come back: kind, content, modification time and the write bit of everything below."""
    found = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            whole = os.path.join(folder, name)
            stat = os.lstat(whole)
            content = None if name in folders else open(whole, 'rb').read()
            found[os.path.relpath(whole, path)] = (content, stat.st_mtime_ns, bool(stat.st_mode & 0o200))
    found['.'] = (None, os.stat(path).st_mtime_ns, True)
    return found


def fill(path, count):
    """A tree with old times."""
    for number in range(count):
        folder = path / f'd{number % 7}' / 'deep'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'f{number}').write_bytes(b'%d\n' % number * 50)
    age(path)


def age(path):
    """Times before the run, a different one for each object."""
    number = 0
    for folder, _, files in os.walk(path, topdown=False):
        for name in files:
            os.utime(os.path.join(folder, name), (OLD + number, OLD + number))
            number += 1
        os.utime(folder, (OLD + number, OLD + number))
        number += 1


def restore(win, run, *words, code=0):
    result = win.run_sbx('undo', 'restore', run, *words)
    assert result.returncode == code, result
    return result


UNLINK = "import os, sys\nfor name in sys.argv[1:]: os.unlink(name)"


def unlink_run(win, place, *names, options=(), sandbox='broker'):
    paths = [f'{place}\\root\\{name}' for name in names]
    result = win.python('3.11', UNLINK, *paths, sandbox=sandbox, roots=place + '\\root', options=('--undo', *options))
    found = re.search(r'sbx undo restore ([0-9a-f]{16})', result.stderr)
    return result, found and found[1]


def store_of(win, run):
    local = win.probe('3.11', 'local_app_data.py').stdout.strip()
    return win.host(f'{local}\\sbx\\undo\\{run}')


def journal_of(win, run):
    return [json.loads(line) for line in (store_of(win, run) / 'journal').read_text().splitlines()]
