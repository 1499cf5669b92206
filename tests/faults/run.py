"""`./dev faults [--sample N] [OPERATION...]`: every fault at every point, as a table; a whole run of it writes docs/results/faults.md."""

import argparse
import queue
import sys
import threading

import driver

UNDO = ('--undo', '--require-undo')
# What is done at the points of an operation, and the heading of its column.
COLUMNS = {'kill': 'broker killed', driver.DISK_FULL: 'disk full', driver.NO_RESOURCES: 'out of resources',
           'child': 'program killed', driver.LATE: 'answer late', 'root removed': 'root removed'}
PAGE = driver.world.TESTS.parent / 'docs' / 'results' / 'faults.md'
INTRODUCTION = """# Faults

Made by `./dev faults`, which takes about {minutes} minutes on two cores. A broker built for these tests passes a fault point before each
call it makes: file and security calls, pipes, memory, threads, processes (`tests/faults/calls.h` has the list). A row of the matrix is
one operation, one of its points, and what happens there.

After each row:
- the files of the root are those from before the operation or those from after it; after it, if the program was told so. Three calls
  have a documented state between: an overwritten file can be empty, ReplaceFile can leave the old file under its backup name with
  nothing in its place, and a program that dies between opening and writing has written nothing;
- the program had success or an ordinary error code within {limit} seconds ({late} when the broker does not answer);
- the file outside is as it was;
- no process of the run is left, and the list of roots is whole;
- with `--undo`, what was lost comes back by `sbx undo restore`.

After each row of a whole run, the next run on the same root works, and `sbx roots clean` leaves the root's DACL byte for byte as it
was before sbx saw it. Where the root is removed there are no files to look at.

A cell is rows that held / rows that were run.

"""


class Table:
    """Rows by operation and by what happened."""

    def __init__(self):
        self.cells, self.points, self.wrong, self.lock = {}, {}, [], threading.Lock()

    def add(self, line, row):
        with self.lock:
            held, run = self.cells.get((line, row.what), (0, 0))
            self.cells[line, row.what] = held + (not row.wrong), run + 1
            if row.wrong:
                self.wrong.append(str(row))
                print('WRONG', row, flush=True)

    def text(self, lines):
        out = ['| operation | points | ' + ' | '.join(COLUMNS.values()) + ' |', '|---|---:|' + '---:|' * len(COLUMNS)]
        for line in lines:
            cells = [self.cells.get((line, what)) for what in COLUMNS]
            words = [f'{cell[0]} / {cell[1]}' if cell else '' for cell in cells]
            out.append(f'| {line} | {self.points[line]} | ' + ' | '.join(words) + ' |')
        held, run = (sum(cell[i] for cell in self.cells.values()) for i in (0, 1))
        return '\n'.join(out) + f'\n\n{run} rows, {held} held.\n'


def operation_jobs(table, bench, operation, options, sample):
    """The rows of one operation: a job is a function that takes a bench."""
    line = operation.name + (', undo' if options else '')
    points = bench.points(operation, 'op', options)
    table.points[line] = len(points)
    for point in driver.steps_of(points, sample):
        for what in [*driver.faults_for(point), 'child']:
            yield line, lambda bench, step=point.step, what=what: driver.run_row(bench, operation, options, 'op', step, what)
    for point in driver.steps_of(points, 1 if sample or options else 3):
        yield line, lambda bench, step=point.step: driver.run_row(bench, operation, options, 'op', step, driver.LATE)
    if not options and 'NtSetInformationFile' in [point.call for point in points]:
        yield line, lambda bench: removed(bench, operation)


def removed(bench, operation):
    try:
        return driver.remove_root_while_busy(bench, operation)
    finally:
        bench.new_place()


def whole_jobs(table, bench, options, sample):
    """The rows of a whole run, from the first call of sbx to its last."""
    line = 'a whole run' + (', undo' if options else '')
    operation = driver.by_name('replace')
    bench.new_place()
    points = bench.points(operation, 'run', options)
    bench.new_place()
    table.points[line] = len(points)
    for point in driver.steps_of(points, sample):
        for what in driver.faults_for(point):
            yield line, lambda bench, step=point.step, what=what: driver.run_whole(bench, operation, options, step, what)


def work(table, jobs, done, machine):
    bench = driver.Bench(machine)
    while True:
        try:
            line, job = jobs.get_nowait()
        except queue.Empty:
            return
        try:
            row = job(bench)
        except Exception as problem:  # a row that cannot be judged has not held
            row = driver.Row(driver.Operation(line, {}, {}), (), '?', 0, 'kill')
            row.wrong.append(repr(problem))
            bench.new_place()
        table.add(line, row)
        done.append(line)


def collect(table, machine, names, sample):
    bench, jobs, lines = driver.Bench(machine), queue.Queue(), []
    for operation in driver.OPERATIONS:
        for options in ((), UNDO):
            if not names or operation.name in names:
                for job in operation_jobs(table, bench, operation, options, sample):
                    jobs.put(job)
    for options in ((), UNDO):
        if not names or 'run' in names:
            for job in whole_jobs(table, bench, options, sample):
                jobs.put(job)
    for line, _ in list(jobs.queue):
        if line not in lines:
            lines.append(line)
    return jobs, lines


def watch(threads, done, count):
    while any(thread.is_alive() for thread in threads):
        if sys.stderr.isatty():
            print(f'\r{len(done)} of {count} rows ', end='', file=sys.stderr, flush=True)
        threads[0].join(1)
        for thread in threads:
            thread.join(0.1)
    if sys.stderr.isatty():
        print('\r' + ' ' * 30 + '\r', end='', file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(prog='./dev faults', description='Every fault at every point, as a table.')
    parser.add_argument('--sample', type=int, default=0, metavar='N', help='only N points of each operation')
    parser.add_argument('operations', nargs='*', metavar='OPERATION',
                        help='one of: run ' + ' '.join(operation.name for operation in driver.OPERATIONS))
    arguments = parser.parse_args()
    unknown = set(arguments.operations) - {'run', *(operation.name for operation in driver.OPERATIONS)}
    if unknown:
        parser.error('unknown operation: ' + ' '.join(sorted(unknown)))
    table, machines, done = Table(), [driver.world.World(), driver.world.World()], []
    began = driver.time.monotonic()
    try:
        for machine in machines:
            machine.start()
        jobs, lines = collect(table, machines[0], arguments.operations, arguments.sample)
        count = jobs.qsize()
        threads = [threading.Thread(target=work, args=[table, jobs, done, machine]) for machine in machines]
        for thread in threads:
            thread.start()
        watch(threads, done, count)
    finally:
        for machine in machines:
            machine.stop()
    text = table.text(lines)
    print(text)
    minutes = round((driver.time.monotonic() - began) / 60)
    if not table.wrong and not arguments.sample and not arguments.operations:
        PAGE.write_text(INTRODUCTION.format(minutes=minutes, limit=driver.IN_TIME, late=driver.LATE_IN_TIME) + text)
    raise SystemExit(1 if table.wrong else 0)


main()
