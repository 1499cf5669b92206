"""Renames and deletions by a handle, with every share mode: prints a JSON object of results. usage: handles.py DIRECTORY"""

import itertools
import json
import os
import sys

import ntfile as nt

SHARES = (0, 1, 3, 7)
ORIGINS = ('new', 'made', 'older')
ACCESS = nt.DELETE | nt.READ_DATA | nt.WRITE_DATA | nt.READ_ATTRIBUTES
top = sys.argv[1]


def put(path, content='old'):
    with open(path, 'w') as file:
        file.write(content)


def target(path, over):
    if over:
        put(path + '.to', 'in the way')
    return path + '.to'


def rename(handle, path, over):
    return nt.set_name(handle, target(path, over), int(over))


def mark_and_rename(handle, path, over):
    """As LLVM treats its output: to be deleted while it is written, then not, then renamed to its place."""
    return [nt.dispose(handle, 1), nt.write(handle, b'more'), nt.dispose(handle, 0), nt.set_name(handle, target(path, over), int(over))]


def delete(handle, path, over):
    return nt.dispose(handle, 1)


def rename_twice(handle, path, over):
    return [nt.set_name(handle, path + '.between', 0), nt.set_name(handle, target(path, over), int(over)), nt.write(handle, b'more')]


def reopen(handle, path, over):
    """ReOpenFile: another file object, which the share mode of the first may forbid."""
    status, again, _ = nt.create('', nt.DELETE | nt.READ_DATA, root=handle, share=nt.SHARE_NO_DELETE)
    found = [status]
    if again:
        found.append(nt.set_name(again, target(path, over), int(over)))
        nt.close(again)
    return found


def one(number, origin, share, act, over):
    path = f'{top}\\older\\{number}' if origin == 'older' else f'{top}\\{number}'
    if origin == 'made':
        put(path)
    disposition = nt.CREATE if origin == 'new' else nt.OPEN
    status, handle, _ = nt.create(path, ACCESS, disposition, share=share)
    if not handle:
        return [status]
    found = [status, act(handle, path, over)]
    nt.close(handle)
    # Nothing of the handle is left: the name can be had by another open without sharing.
    for name in (path, path + '.to'):
        status, handle, _ = nt.create(name, nt.READ_DATA, share=0)
        found.append(status)
        if handle:
            nt.close(handle)
    return found


def directory(number, share, over):
    path = f'{top}\\d{number}'
    os.mkdir(path)
    status, handle, _ = nt.create(path, nt.DELETE | nt.READ_DATA, options=nt.DIRECTORY, share=share)
    found = [status]
    if handle:
        found += [nt.set_name(handle, path + '.to', 0), nt.dispose(handle, 1)]
        nt.close(handle)
    return found + [os.path.exists(path), os.path.exists(path + '.to')]


cases = list(itertools.product(ORIGINS, SHARES, (rename, mark_and_rename, delete, rename_twice, reopen), (False, True)))
if sys.argv[2:] == ['prepare']:
    os.mkdir(top + '\\older')
    for number, case in enumerate(cases):
        if case[0] == 'older':
            put(f'{top}\\older\\{number}')
    sys.exit()
results = {f'{origin}, share {share}, {act.__name__}, over {over}': one(number, origin, share, act, over)
           for number, (origin, share, act, over) in enumerate(cases)}
results.update({f'directory, share {share}': directory(number, share, False) for number, share in enumerate(SHARES)})
print(json.dumps(results))
