"""Many operations in one run, and many runs one after the other: what is measured, and when it counts as grown."""

import statistics
import subprocess
import time

import world

# Options of the run with many operations, by what the table calls it.
MODES = {'plain': [], '--undo': ['--undo'], '--undo-quota 64': ['--undo', '--undo-quota', '64'],
         '--events': ['--events', '{place}\\events.jsonl']}

# What may come and go without being growth. Private bytes: half of the operations lie between the two quarters that are compared, so
# 256 KiB are 5 bytes for each of 100,000. Handles: a connection that is just being closed has four; what is at rest has none.
KIB = 1024
ALLOWED = {'private': 256 * KIB, 'working set': 1024 * KIB, 'handles': 2, 'threads': 1, 'open files': 2}
COUNTED = ('private', 'working set', 'handles', 'threads')

# A closed connection ends a moment later: of so many looks at each figure the lowest one counts.
LOOKS = 4
LOOKS_APART = 0.01


def program(win):
    return win.sbx.with_name('soak.exe')


class Verdict:
    """The rule: the first quarter of the samples is warm-up. The median of the last quarter is no more than what is allowed above the
    median of the second."""

    def __init__(self, samples, allowed):
        quarter = len(samples) // 4
        assert quarter >= 4, 'too few samples to judge'
        self.early = statistics.median(samples[quarter:2 * quarter])
        self.late = statistics.median(samples[-quarter:])
        self.allowed = allowed

    @property
    def growth(self):
        return self.late - self.early

    @property
    def grew(self):
        return self.growth > self.allowed


def judge(series):
    """Verdicts by (who, figure) of samples by the same."""
    return {key: Verdict(samples, ALLOWED[key[1]]) for key, samples in series.items()}


class Sampler:
    """The process outside that looks at others (look.c)."""

    def __init__(self, win):
        self.win = win
        self.process = win.start_program([win.win(program(win)), '--sample'], stdin=subprocess.PIPE)

    def look(self, pid):
        self.process.stdin.write(f'{pid}\n'.encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline().decode().split()
        assert len(line) == len(COUNTED), f'process {pid}: {line}'
        return dict(zip(COUNTED, map(int, line)))

    def look_around(self, pids, run):
        """Every figure once, by (who, figure)."""
        seen = {(who, figure): value for who, pid in pids.items() for figure, value in self.look(pid).items()}
        for who, below in self.win.cost_beneath(run).items():
            seen[who, 'private'], seen[who, 'open files'] = below
        return seen

    def at_rest(self, pids, run):
        seen = self.look_around(pids, run)
        for _ in range(LOOKS - 1):
            time.sleep(LOOKS_APART)
            again = self.look_around(pids, run)
            seen = {key: min(value, again[key]) for key, value in seen.items()}
        return seen

    def stop(self):
        self.process.communicate(timeout=60)


def soak_operations(win, options, operations, samples, keeping='nothing'):
    """One run with a program that does `operations`. Returns the samples by (who, figure), and the counts of --stats."""
    place = win.new_place('modify')
    answer = win.run([program(win), '--prepare', place + '\\root', operations], timeout=600)
    assert answer.returncode == 0, answer
    words = [program(win), '--work', place + '\\root', place + '\\outside', operations, samples, keeping]
    options = ['--quiet', '--stats', *(word.format(place=place) for word in options)]
    run = win.start_program(win.command(words, 'broker', place + '\\root', options), stdin=subprocess.PIPE)
    sampler, series = Sampler(win), {}
    try:
        pids = dict(zip(('sbx.exe', 'program'), run.stdout.readline().split()))
        pids = {who: int(pid) for who, pid in pids.items()}
        while run.stdout.readline():
            for key, value in sampler.at_rest(pids, run).items():
                series.setdefault(key, []).append(value)
            run.stdin.write(b'\n')
            run.stdin.flush()
        ended = world.Result(run.wait(60), b'', run.stderr.read())
    finally:
        run.kill()
        sampler.stop()
    assert ended.returncode == 0, ended
    left = sorted(path.name for path in (win.host(place) / 'root').iterdir())
    assert left == ['kept', 'older', 'replaced'] or left == ['kept', 'older'], left
    return series, ended.stats()


# Many runs

OPTION_SETS = ([], ['--undo'], ['--events', '{place}\\events.jsonl'], ['--protect', '{place}\\root\\guard'],
               ['--undo', '--events', '{place}\\events.jsonl', '--protect', '{place}\\root\\guard'])
LAYOUTS = ('modify', 'full')
# After so many every set of options was used in both roots; what is there then is what sbx keeps.
FIRST = len(OPTION_SETS) * len(LAYOUTS)


class Runs:
    """Runs of a program that does one replace, in two roots in turn. `left` says what there is that there was not after the first
    ten."""

    def __init__(self, win):
        self.win = win
        self.places = [win.new_place(layout) for layout in LAYOUTS]
        for place in self.places:
            (win.host(place) / 'root' / 'guard').write_text('guard')
        self.state = win.host(win.home + '\\AppData\\Local\\sbx')
        self.temporary = win.host(win.home + '\\AppData\\Local\\Temp')
        self.stores_before = set(self.stores())
        self.count = self.undo_count = 0
        self.pipes = []
        self.milliseconds = {True: [], False: []}  # by: with --undo?
        self.descriptors_of_first = {}
        self.known = None

    def words(self, number, *more):
        place = self.places[number % len(self.places)]
        options = [word.format(place=place) for word in OPTION_SETS[number % len(OPTION_SETS)]]
        return [program(self.win), '--once', place + '\\root', 'new', *more], place + '\\root', options

    def run_one(self):
        words, root, options = self.words(self.count)
        began = time.monotonic()
        answer = self.win.run(words, sandbox='broker', roots=root, options=['--quiet', *options])
        self.milliseconds['--undo' in options].append(1000 * (time.monotonic() - began))
        assert answer.returncode == 0 and answer.stdout.startswith('\\\\.\\pipe\\sbx-'), answer
        self.pipes.append(answer.stdout.strip())
        self.undo_count += '--undo' in options
        self.count += 1
        if root not in self.descriptors_of_first:
            self.descriptors_of_first[root] = self.descriptors(root)['']
        if self.count == FIRST:
            self.known = self.seen()

    def descriptors(self, root):
        """The security descriptors of a root (under the empty name) and what is in it."""
        answer = self.win.probe('3.11', 'descriptors.py', root)
        assert answer.returncode == 0, answer
        return dict(line.split('\t') for line in answer.stdout.splitlines())

    def stores(self):
        base = self.state / 'undo'
        return sorted(path.name for path in base.iterdir()) if base.exists() else []

    def look(self, what, given=''):
        answer = self.win.run([program(self.win), what], stdin=given.encode())
        assert answer.returncode == 0, answer
        return answer.stdout.splitlines()

    def seen(self):
        """What may be left, by kind: sets of names and bytes."""
        state = {path.relative_to(self.state).as_posix() for path in self.state.rglob('*')}
        temporary = {path.name for path in self.temporary.iterdir()} if self.temporary.exists() else set()
        return {
            'processes': {line for line in self.look('--processes') if line.split('\t')[1].lower() in ('sbx.exe', 'soak.exe')},
            'pipes': set(self.look('--pipes', '\n'.join(self.pipes) + '\n')),
            'private TEMP directories': {name for name in state if name.startswith('temp/')},
            'files in the state directory': {name for name in state if not name.startswith(('temp/', 'undo/'))},
            'files in the user\'s TEMP': temporary,
            'changes of cap_sid.json': {(self.state / 'cap_sid.json').read_bytes()},
            'changes of descriptors in the roots': {(root, *pair) for root in self.descriptors_of_first
                                                    for pair in self.descriptors(root).items()},
        }

    def left(self):
        """Names by kind, an empty set where nothing is left. Byte for byte for cap_sid.json and the descriptors."""
        now = self.seen()
        found = {kind: values - self.known[kind] for kind, values in now.items()}
        # These are never there between two runs.
        for kind in ('processes', 'pipes', 'private TEMP directories'):
            found[kind] = now[kind]
        found['changes of a root\'s DACL since the first run'] = {
            root for root, first in self.descriptors_of_first.items() if (root, '', first) not in now['changes of descriptors in the roots']}
        stores = set(self.stores()) - self.stores_before
        found['undo stores beyond one for each run with --undo'] = stores if len(stores) != self.undo_count else set()
        return found

    def start_held(self):
        """A run that stays, for the test that it is seen. Ends with its standard input."""
        words, root, options = self.words(self.count, '--wait')
        process = self.win.start_program(self.win.command(words, 'broker', root, ['--quiet', *options]), stdin=subprocess.PIPE)
        self.pipes.append(process.stdout.readline().decode().strip())
        return process

    def prune(self):
        """Every undo store goes when asked to. Returns what stays."""
        answer = self.win.run([self.win.sbx, 'undo', 'prune', '--all'], timeout=600)
        assert answer.returncode == 0, answer
        return self.stores()


def soak_runs(win, count):
    assert count > FIRST
    runs = Runs(win)
    for _ in range(count):
        runs.run_one()
    return runs
