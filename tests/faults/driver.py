"""One broker with one fault in it, and what has to hold afterwards.

A point is a call that the broker makes; calls.h has the list. A row is an operation, one of its points and what happens
there. After each row the files must be those from before the operation or those from after it, the program must have had an
ordinary answer in time, and nothing may be left behind.
"""

import json
import shutil
import threading
import time

import world

DISK_FULL, NO_RESOURCES = 'fail=c000007f', 'fail=c000009a'
LATE = 'late=20000'  # longer than the shim waits
IN_TIME, LATE_IN_TIME = 30, 45
KILLED = 99
# Errors that a program may see. Anything else (an access violation, say) is none that a program can handle.
ORDINARY = {5, 8, 14, 32, 112, 183, 1450, 1176, 1177, 1816, 2, 3, 1167, 109, 231, 233}
SBX_FAILED = 125

OLD, NEW = 'old', 'new'


class Operation:
    """`before` and `after`: the files of the root, a directory is None. `between`: states that Windows documents for this call."""

    def __init__(self, name, before, after, between=()):
        self.name, self.before, self.after, self.between = name, before, after, list(between)

    def allowed(self, done):
        """The states that may be found; `done`: the program was told that it worked."""
        return [self.after] if done else [self.before, self.after, *self.between]


OPERATIONS = [
    Operation('replace', {'old.txt': OLD, 'new.txt': NEW}, {'old.txt': NEW}),
    Operation('rename', {'new.txt': NEW}, {'other.txt': NEW}),
    Operation('rename-directory', {'dir': None, 'dir/old.txt': OLD}, {'moved': None, 'moved/old.txt': OLD}),
    Operation('delete', {'old.txt': OLD}, {}),
    Operation('delete-posix', {'old.txt': OLD}, {}),
    Operation('delete-on-close', {'old.txt': OLD}, {}),
    Operation('remove-directory', {'empty': None}, {}),
    Operation('link', {'new.txt': NEW}, {'new.txt': NEW, 'linked.txt': NEW}),
    Operation('write-older', {'older.txt': OLD}, {'older.txt': NEW}, [{'older.txt': 'newer'}]),
    # Overwriting is not atomic outside either: the file can be empty.
    Operation('overwrite', {'old.txt': OLD}, {'old.txt': NEW}, [{'old.txt': ''}]),
    # ERROR_UNABLE_TO_MOVE_REPLACEMENT_2: the old file has its backup name, and nothing has taken its place.
    Operation('replace-file', {'old.txt': OLD, 'new.txt': NEW}, {'old.txt': NEW, 'backup.txt': OLD}, [{'backup.txt': OLD, 'new.txt': NEW}]),
]
# What no `sbx undo` brings back because nothing was lost: the operation took no name and no content away.
LOSES_NOTHING = {'link', 'write-older'}


def by_name(name):
    return next(operation for operation in OPERATIONS if operation.name == name)


def read_tree(root):
    """The files of a directory of this machine with their content, directories as None."""
    return {path.relative_to(root).as_posix(): None if path.is_dir() else path.read_text()
            for path in root.rglob('*')}


class Point:
    """A line of the trace."""

    def __init__(self, line):
        words = line.split()
        self.scope, self.step, self.place, self.call, self.hit = words[0], int(words[1]), words[2], words[3], words[-1] == '*'
        self.can_fail = not self.call.startswith('-')
        self.call = self.call.lstrip('-')


def read_trace(path, scope):
    lines = path.read_text().splitlines() if path.exists() else []
    return [point for point in map(Point, lines) if point.scope == scope]


class Bench:
    """A machine and a place on it; the rows run one after the other."""

    def __init__(self, win):
        self.win = win
        build = win.sbx.parent / 'faults'
        self.faulty, self.child = build / 'sbx.exe', build / 'faults_child.exe'
        self.trace = None
        self.new_place()

    def new_place(self):
        self.place = self.win.new_place('modify')
        self.root = self.place + '\\root'
        self.host = self.win.host(self.place)
        self.trace = self.host / 'trace'
        self.older = self.host / 'older.txt'
        self.older.write_text(OLD)
        # Its descriptor is fixed before there is a root above it: what lies there now is older than the stamp.
        done = self.win.run([self.child, '--touch', self.win.win(self.place + '\\older.txt'), self.root])
        assert done.returncode == 0, done

    def fill(self, operation):
        """The files from before the operation, and nothing else, are in the root."""
        root = self.host / 'root'
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in operation.before.items():
            if name == 'older.txt':
                shutil.copy2(self.older, root / name)
            elif content is None:
                (root / name).mkdir()
            else:
                (root / name).write_text(content)

    def words(self, sbx, operation, options=()):
        return [self.win.win(sbx), 'run', '--broker', '--quiet', '--writable-root', self.root, *options, '--',
                self.win.win(self.child), operation if isinstance(operation, str) else operation.name, self.root]

    def run(self, words, fault=None, timeout=60):
        self.trace.unlink(missing_ok=True)
        env = {'SBX_FAULT_TRACE': self.win.win(self.place + '\\trace')}
        if fault:
            env['SBX_FAULT'] = fault
        began = time.monotonic()
        answer = self.win.run(words, env=env, timeout=timeout)
        answer.seconds = time.monotonic() - began
        return answer

    def points(self, operation, scope, options=()):
        """The points that a run without a fault passes. The operation must work then."""
        self.fill(operation)
        self.empty_store()
        answer = self.run(self.words(self.faulty, operation, options))
        assert answer.returncode == 0 and answer.stdout.startswith('ok '), answer
        found = read_tree(self.host / 'root')
        assert found == operation.after, (operation.name, found)
        points = read_trace(self.trace, scope)
        assert [point.step for point in points] == list(range(1, len(points) + 1)), 'points out of order'
        return points

    def empty_store(self):
        shutil.rmtree(self.state() / 'undo', ignore_errors=True)

    def state(self):
        return self.win.host(self.win.home) / 'AppData' / 'Local' / 'sbx'


class Row:
    """The result of one fault."""

    def __init__(self, operation, options, scope, step, what):
        self.operation, self.options, self.scope, self.step, self.what = operation, tuple(options), scope, step, what
        self.call = self.place = ''
        self.wrong = []

    def __str__(self):
        undo = ' --undo' if '--undo' in self.options else ''
        return f'{self.operation.name}{undo} {self.scope}:{self.step} {self.what} at {self.place} {self.call}: ' + '; '.join(self.wrong)


def left_behind(win):
    """Programs that still run after the run has ended; they get a moment."""
    for _ in range(100):
        names = [name for name in ('sbx.exe', 'faults_child.exe') if win.processes(name)]
        if not names:
            return []
        time.sleep(0.05)
    return names


def check_state(bench, wrong):
    """The list of roots is whole, and the undo store can be read."""
    cap = bench.state() / 'cap_sid.json'
    try:
        if json.loads(cap.read_text())['version'] != 1:
            wrong.append('the list of roots has another version')
    except FileNotFoundError:
        pass
    except ValueError:
        wrong.append('the list of roots is damaged')
    if list(bench.state().glob('cap_sid.json.broken-*')):
        wrong.append('the list of roots was set aside')


def check_files(bench, row, done):
    found = read_tree(bench.host / 'root')
    if found not in row.operation.allowed(done):
        row.wrong.append(f'files {found}')
    if (bench.host / 'outside' / 'kept.txt').read_text() != 'kept':
        row.wrong.append('a file outside was changed')
    return found


def check_answer(row, answer):
    """What the program and the caller of sbx were told. Returns whether the program was told that it worked."""
    said = answer.stdout.split()
    limit = LATE_IN_TIME if row.what == LATE else IN_TIME
    if answer.seconds > limit:
        row.wrong.append(f'took {answer.seconds:.0f} s')
    if said and said[0] == 'error' and int(said[1]) not in ORDINARY:
        row.wrong.append(f'the program got error {said[1]}')
    if said and answer.returncode not in (0, 1, KILLED, SBX_FAILED):
        row.wrong.append(f'exit code {answer.returncode}')
    if row.what == 'kill':
        if answer.returncode != KILLED:
            row.wrong.append(f'the broker was killed, and the exit code is {answer.returncode}')
    elif row.what == 'child':
        # It may have had its answer and ended by itself.
        if answer.returncode != KILLED and not (said and answer.returncode in (0, 1)):
            row.wrong.append(f'the program was killed, and the exit code is {answer.returncode}')
    elif not said:
        # The program did not start: then sbx says why.
        if answer.returncode != SBX_FAILED or row.scope == 'op':
            row.wrong.append(f'no answer, exit code {answer.returncode}')
        elif not answer.stderr.startswith('sbx: '):
            row.wrong.append('failed without a word')
    return bool(said) and said[0] == 'ok'


def check_undo(bench, row, found):
    """What was lost comes back, whenever the broker ended."""
    if '--undo' not in row.options or row.operation.name in LOSES_NOTHING or found == row.operation.before:
        return
    listed = bench.win.run([bench.win.sbx, 'undo', 'list', '--json'])
    runs = json.loads(listed.stdout)['runs'] if listed.returncode == 0 else []
    if len(runs) != 1:
        row.wrong.append(f'{len(runs)} runs in the undo store')
        return
    # A run that was killed has no end: what the program wrote last counts as newer than it.
    restored = bench.win.run([bench.win.sbx, 'undo', 'restore', runs[0]['run'], '--force'])
    now = read_tree(bench.host / 'root')
    if restored.returncode or any(now.get(name) != content for name, content in row.operation.before.items()):
        row.wrong.append(f'undo left {now}: {restored.stderr.strip()}')


def run_row(bench, operation, options, scope, step, what):
    """One row of the scope `op`, whose root is stamped already."""
    row = Row(operation, options, scope, step, what)
    bench.fill(operation)
    bench.empty_store()
    answer = bench.run(bench.words(bench.faulty, operation, options), f'{scope}:{step}:{what}')
    hit = [point for point in read_trace(bench.trace, scope) if point.hit]
    if len(hit) != 1:
        row.wrong.append('the point was not reached')
    else:
        row.place, row.call = hit[0].place, hit[0].call
    names = left_behind(bench.win)
    if names:
        row.wrong.append('still running: ' + ', '.join(names))
    found = check_files(bench, row, check_answer(row, answer))
    check_state(bench, row.wrong)
    check_undo(bench, row, found)
    if row.wrong:
        row.wrong.append(answer.stderr.strip())
    return row


def check_usable(bench, row):
    """An ordinary run on the same root works, and `sbx roots clean` takes away all of it."""
    bench.fill(row.operation)
    answer = bench.win.run(bench.words(bench.win.sbx, row.operation, row.options))
    if answer.returncode or read_tree(bench.host / 'root') != row.operation.after:
        row.wrong.append(f'the next run does not work: {answer!r}')
    cleaned = bench.win.run([bench.win.sbx, 'roots', 'clean', bench.root])
    if cleaned.returncode or world.dacl(bench.host / 'root') != bench.untouched:
        row.wrong.append(f'the root does not come clean: {cleaned.stderr.strip()}')


def run_whole(bench, operation, options, step, what):
    """One row of the scope `run`: a fault anywhere from the first call to the last, in a root that sbx has not seen."""
    bench.new_place()
    bench.untouched = world.dacl(bench.host / 'root')
    row = run_row(bench, operation, options, 'run', step, what)
    check_usable(bench, row)
    return row


def steps_of(points, sample):
    """All of them, or `sample` spread over them with the first and the last."""
    if not sample or sample >= len(points):
        return points
    return [points[round(i * (len(points) - 1) / max(1, sample - 1))] for i in range(sample)]


def faults_for(point):
    yield 'kill'
    if point.can_fail:
        yield DISK_FULL
        yield NO_RESOURCES


def remove_root_while_busy(bench, operation):
    """The root goes away while an operation of it is in the broker."""
    points = bench.points(operation, 'op')
    before = next(point for point in points if point.call == 'NtSetInformationFile')
    row = Row(operation, (), 'op', before.step, 'root removed')
    bench.fill(operation)
    gone = threading.Event()

    def remove():
        for _ in range(500):
            if any(point.hit for point in read_trace(bench.trace, 'op')):
                shutil.rmtree(bench.host / 'root')
                gone.set()
                return
            time.sleep(0.01)

    bench.trace.unlink(missing_ok=True)
    remover = threading.Thread(target=remove)
    remover.start()
    answer = bench.run(bench.words(bench.faulty, operation), f'op:{before.step}:late=3000')
    remover.join()
    if not gone.is_set():
        row.wrong.append('the root was not removed in time')
    check_answer(row, answer)
    names = left_behind(bench.win)
    if names:
        row.wrong.append('still running: ' + ', '.join(names))
    check_state(bench, row.wrong)
    return row
