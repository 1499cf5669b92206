"""Every create option and every flag of the Ex classes, alone and with others, on what the strict token denies: prints a JSON object.
usage: options.py DIRECTORY"""

import itertools
import json
import os
import sys

import ntfile as nt

HINTS = [0x80, 0x100, 0x200, 0x8000, 0x10000, 0x20000, 0x40000, 0x100000, 0x800000]
KINDS = [0x1, 0x2, 0x4, 0x8, 0x40, 0x800, 0x4000, 0x200000, 0x400000]
RENAME_FLAGS = [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100]
LINK_FLAGS = [1, 2, 8, 0x10, 0x20, 0x40, 0x80, 0x100]
DISPOSITION_FLAGS = [1, 2, 4, 0x10]
NAMES = ['http:', 'http://x', 'a:b', 'a/b', 'x' * 256, 'x' * 255, 'a?b', 'a*b', 'NUL', 'nul.txt', 'CON', 'trailing.', 'trailing ']
top = sys.argv[1]


def fresh(name, directory=False):
    path = f'{top}\\{name}'
    if directory:
        os.mkdir(path)
    else:
        with open(path, 'w') as file:
            file.write('x')
    return path


def subsets(flags, most):
    return [sum(some) for size in range(most + 1) for some in itertools.combinations(flags, size)]


def opened(number, options, disposition, exists):
    path = fresh(f'o{number}') if exists else f'{top}\\o{number}'
    status, handle, information = nt.create(path, nt.DELETE | nt.READ_DATA, disposition, options | nt.ON_CLOSE)
    found = [status, information if handle else None]
    if handle:
        nt.close(handle)
    if os.path.exists(path):
        found.append('directory stays' if os.path.isdir(path) else 'stays')
    return found


def opens():
    options = sorted(set(HINTS) | {sum(HINTS)} | set(subsets(KINDS, 2)) | {hint | kind for hint in HINTS for kind in (0x1, 0x40, 0x200000)})
    cases = [(each, disposition, exists) for each in options for disposition in (nt.OPEN, nt.CREATE, nt.OPEN_IF, nt.OVERWRITE_IF)
             for exists in (True, False) if disposition != nt.OPEN or exists]
    return {f'{each:x}, {disposition}, {exists}': opened(number, each, disposition, exists)
            for number, (each, disposition, exists) in enumerate(cases)}


def by_flags(kind, flags):
    """A rename, a link or a deletion of a new file, the new name free and taken."""
    found = {}
    for number, each in enumerate(subsets(flags, 2) + [sum(flags)]):
        for taken in (False, True):
            path = fresh(f'{kind} {number} {taken}')
            new = fresh(f'{kind} {number} {taken} new') if taken else path + ' new'
            status, handle, _ = nt.create(path, nt.DELETE | nt.WRITE_ATTRIBUTES)
            done = nt.dispose(handle, each, kind) if kind == nt.DISPOSITION_EX else nt.set_name(handle, new, each, kind)
            nt.close(handle)
            found[f'{kind}: {each:x}, {taken}'] = [status, done, os.path.exists(path), os.path.exists(new)]
    return found


def names():
    """A file and a directory renamed to, and linked as, names that some files cannot have."""
    found = {}
    for number, name in enumerate(NAMES):
        for directory in (False, True):
            path = fresh(f'n{number} {directory}', directory)
            status, handle, _ = nt.create(path, nt.DELETE | nt.WRITE_ATTRIBUTES)
            found[f'{name}, {directory}'] = [status, nt.set_name(handle, f'{top}\\{name}'), nt.set_name(handle, f'{top}\\{name}', kind=nt.LINK)]
            nt.close(handle)
            try:
                os.rename(f'{top}\\n{number} {directory}', name)
                found[f'{name}, {directory}'].append('renamed')
            except OSError as error:
                found[f'{name}, {directory}'].append(error.winerror)
    return found


os.chdir(top)
print(json.dumps({**opens(), **by_flags(nt.RENAME_EX, RENAME_FLAGS), **by_flags(nt.LINK_EX, LINK_FLAGS),
                  **by_flags(nt.DISPOSITION_EX, DISPOSITION_FLAGS), **names()}))
