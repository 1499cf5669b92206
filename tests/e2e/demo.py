"""`./dev demo`: the reported bug as a table, with real Windows programs.

Each row is tried unsandboxed, under the strict token alone and with --broker, by two CPythons, in a directory whose parent
gives the user Modify (C:\\WorkProjects) and in one whose parent gives Full Control (the user profile). The program ends with 1
when a cell is not what it should be.
"""

import argparse
import concurrent.futures
import os
import sys
import time

import rows as table
import world

LAYOUTS = {'modify': 'the parent gives Modify (C:\\WorkProjects)', 'full': 'the parent gives Full Control (the user profile)'}


class Progress:
    """A line that counts, on a terminal only."""

    def __init__(self, total):
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty()

    def step(self):
        self.done += 1
        if self.shown:
            print(f'\r{self.done}/{self.total}', end='', file=sys.stderr, flush=True)

    def end(self):
        if self.shown:
            print('\r' + ' ' * 20 + '\r', end='', file=sys.stderr, flush=True)


def all_jobs(versions):
    jobs = []
    for version in versions:
        for layout in LAYOUTS:
            jobs += [(row, column, layout, version) for row in table.ROWS for column in table.COLUMNS]
            jobs += [(row, 'medium', layout, version) for row in table.MEDIUM]
    return jobs


def print_table(title, chosen, columns, cells, layout, version):
    """Print the rows; returns how many cells are wrong."""
    wrong = 0
    names = {'strict': 'strict token alone', 'broker': '--broker', 'medium': '--broker --integrity medium'}
    print(f'\n{title}')
    print(f'  {"":32}' + ''.join(f'{names.get(column, column):30}' for column in columns))
    for row in chosen:
        line = f'  {row.title:32}'
        for column in columns:
            text = cells[row, column, layout, version]
            if not row.right(column, layout, version, text):
                wrong += 1
                text += '  <-- WRONG'
            line += f'{text:30}'
        print(line.rstrip())
    return wrong


def main():
    parser = argparse.ArgumentParser(prog='./dev demo', description='What sbx does, as a table.')
    parser.add_argument('--python', choices=['3.11', '3.13'], action='append', help='only this Python')
    options = parser.parse_args()
    versions = options.python or ['3.11', '3.13']
    began = time.monotonic()
    machine = world.World()
    machine.start()
    try:
        jobs = all_jobs(versions)
        progress = Progress(len(jobs))
        cells = {}
        with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            futures = {pool.submit(table.cell, machine, *job): job for job in jobs}
            for future in concurrent.futures.as_completed(futures):
                cells[futures[future]] = future.result()
                progress.step()
        progress.end()
    finally:
        machine.stop()
    wrong = 0
    for version in versions:
        for layout, said in LAYOUTS.items():
            title = f'CPython {version}, {said}'
            wrong += print_table(title, table.ROWS, table.COLUMNS, cells, layout, version)
            print()
            wrong += print_table('  the same with --integrity medium, which lets FILE_DELETE_CHILD through', table.MEDIUM,
                                 ['medium'], cells, layout, version)
    print(f'\n{len(cells) - wrong} of {len(cells)} cells as they should be ({time.monotonic() - began:.0f} s)')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
