"""What stands around the hostile program: files it may not change, links, other roots, another run; and the loop that looks
at all of it after each attack."""

import concurrent.futures
import os
import pathlib
import queue
import shutil
import subprocess
import threading

import world

HERE = pathlib.Path(__file__).resolve().parent

LAYOUTS = ('modify', 'full')
LEVELS = ('low', 'medium')
# What the rows of the native group try to destroy; put back after each attack.
VICTIMS = ('deleted.txt', 'closed.txt', 'renamed.txt', 'replaced.txt', 'shimmed.txt')
LONG_GUARD = 'guard of a long name'
SERVED_WITHIN_MS = 5000
ANSWER_LIMIT = 120
# Bytes of an outside file's name that a terminal would obey; sbx's own output may have none of them.
CONTROL = [chr(n) for n in range(32) if chr(n) not in '\n\r\t'] + ['\u202e']


class Row:
    """A row of the table in table.c."""

    def __init__(self, line):
        self.group, self.name, self.tries, self.wanted, self.medium, self.medium_full = line.split('\t')

    @property
    def testable(self):
        return bool(self.wanted)

    def outcome(self, layout, level):
        if level == 'low':
            return self.wanted
        return self.medium_full if layout == 'full' else self.medium

    def allowed(self, layout, level):
        return self.outcome(layout, level).split(' or ')


class Result:
    def __init__(self, index, outcome, milliseconds, detail, changed):
        self.index, self.outcome, self.milliseconds, self.detail = index, outcome, milliseconds, detail
        self.changed = changed


def program(win):
    return win.sbx.with_name('attack.exe')


def read_table(win):
    answer = win.run([program(win), '--table'])
    assert answer.returncode == 0, answer
    return [Row(line) for line in answer.stdout.splitlines()]


class Lines:
    """The lines of a pipe, with a limit on each wait."""

    def __init__(self, stream):
        self.queue = queue.Queue()
        threading.Thread(target=self._read, args=[stream], daemon=True).start()

    def _read(self, stream):
        for line in stream:
            self.queue.put(line.decode('utf-8', 'replace').rstrip('\r\n'))
        self.queue.put(None)

    def next(self, limit=ANSWER_LIMIT):
        """None at the end."""
        return self.queue.get(timeout=limit)


class Scene:
    """One place with everything in it, and one run of sbx in it."""

    def __init__(self, win, layout, level):
        self.win, self.layout, self.level = win, layout, level
        self.place = win.new_place(layout)
        self.host = win.host(self.place)
        self.root, self.outside = self.host / 'root', self.host / 'outside'
        self.swapping = None
        self.second = None
        self.known = {}

    def path(self, *parts):
        return '\\'.join([self.place, *parts])

    def prepare(self):
        for name in VICTIMS:
            (self.outside / name).write_text('victim')
        for name in ('dir', 'empty'):
            (self.outside / name).mkdir()
        (self.outside / 'dir' / 'inner.txt').write_text('inner')
        for name in ('inactive', 'second', 'app', 'root2'):
            (self.host / name).mkdir()
        (self.host / 'inactive' / 'old.txt').write_text('old')
        (self.host / 'second' / 'theirs.txt').write_text('theirs')
        for name in ('sbx.exe', 'sbxshim.dll'):
            shutil.copy(self.win.sbx.with_name(name), self.host / 'app' / name)
        (self.root / 'guard').mkdir()
        (self.root / 'guard' / 'protected.txt').write_text('protected')
        for top in (self.host, self.root):
            (top / 'secret').mkdir()
            (top / 'secret' / 'key.txt').write_text('key')
            shutil.copy(program(self.win), top / 'secret' / 'tool.exe')
        # A name that has an 8.3 name beside it.
        (self.root / LONG_GUARD).mkdir()
        (self.root / LONG_GUARD / 'protected.txt').write_text('protected')
        for name in ('linked-before', 'linked-gone'):
            (self.outside / f'{name}.txt').write_text('linked')
            os.link(self.outside / f'{name}.txt', self.root / name)
        os.symlink(self.outside / 'kept.txt', self.root / 'symfile')
        os.symlink(self.outside, self.root / 'symdir')
        # The second run makes the state directory too, and a root that is used no more.
        self.run_once('inactive')
        self.second = self.start(self.path('second'), '--hold')
        first = self.second.lines.next()
        assert first and first.startswith('pipe\t'), first
        self.other_pipe = first.split('\t')[1]
        self.state = self.win.home + '\\AppData\\Local\\sbx'
        everything = [self.path(part) for part in ('outside', 'inactive', 'second', 'app', 'secret')]
        answer = self.win.run([self.win.pythons['3.11'], HERE / 'touch.py', *everything])
        assert answer.returncode == 0, answer

    def words(self, root, *arguments, options=()):
        return [self.win.win(self.host / 'app' / 'sbx.exe'), 'run', '--broker', '--integrity', self.level,
                '--writable-root', root, *options, '--', self.win.win(program(self.win)), *arguments]

    def run_once(self, name):
        answer = self.win.run(self.words(self.path(name), '--write', self.path(name, 'old.txt')))
        assert answer.returncode in (0, 1), answer

    def start(self, root, *arguments, options=()):
        process = self.win.start_program(self.words(root, *arguments, options=options), stdin=subprocess.PIPE)
        process.lines, process.errors = Lines(process.stdout), Lines(process.stderr)
        return process

    def watched(self):
        """Every file outside with what must stay: kind, content, descriptor."""
        seen = {}
        for top in ('outside', 'inactive', 'second', 'app', 'secret'):
            for directory, _, files in os.walk(self.host / top):
                for path in [pathlib.Path(directory), *(pathlib.Path(directory) / name for name in files)]:
                    content = b'' if path.is_dir() else path.read_bytes()
                    seen[str(path)] = (path.is_dir(), hash(content), world.descriptor(path))
        state = self.win.host(self.state)
        seen.update({str(path): (False, hash(path.read_bytes()), world.descriptor(path)) for path in state.glob('*.json')})
        seen['names of the state'] = tuple(sorted(path.name for path in state.iterdir() if not path.name.endswith('.lock')))
        seen['names of the place'] = tuple(sorted(os.listdir(self.host)))
        for name in ('symfile', 'symdir', 'guard/protected.txt', f'{LONG_GUARD}/protected.txt'):
            seen[name] = (self.root / name).exists()
        return seen

    def restore(self):
        """Puts back the victims of a documented hole."""
        for name in VICTIMS:
            if not (self.outside / name).exists():
                (self.outside / name).write_text('victim')
        (self.outside / 'empty').mkdir(exist_ok=True)
        self.win.run([self.win.pythons['3.11'], HERE / 'touch.py', self.path('outside')])
        self.known = self.watched()

    def changes(self):
        now = self.watched()
        changed = sorted(key for key in now.keys() | self.known.keys() if now.get(key) != self.known.get(key))
        if changed:
            self.restore()
        return changed

    # What the hostile program asks for

    def prepare_swap(self):
        plain = self.root / 'swap-plain'
        if plain.exists():
            shutil.rmtree(plain)
        plain.mkdir()
        (plain / 'kept.txt').write_text('inside')

    def swap(self, stop):
        plain, link, target = self.root / 'swap-plain', self.root / 'swap-link', self.root / 'swap'
        turn = 0
        while not stop.is_set():
            turn += 1
            if turn % 2:
                (plain / 'kept.txt').write_text('inside')
                os.rename(plain, target)
                stop.wait(0.002)
                os.rename(target, plain)
            else:
                os.symlink(self.outside, link)
                os.rename(link, target)
                stop.wait(0.002)
                os.unlink(target)

    def answer(self, what):
        if what == 'swap on':
            self.prepare_swap()
            stop = threading.Event()
            thread = threading.Thread(target=self.swap, args=[stop])
            thread.start()
            self.swapping = stop, thread
        elif what == 'swap off':
            self.swapping[0].set()
            self.swapping[1].join(30)
            assert not self.swapping[1].is_alive()
            return 'open' if self.watched() != self.known else 'ok'
        elif what.startswith('link '):
            name = what.split()[1]
            os.link(self.outside / 'dir' / 'inner.txt', self.root / name)
        elif what == 'connect':
            answer = self.win.run([program(self.win), '--connect', self.pipe])
            return answer.stdout.strip()
        else:
            raise AssertionError(what)
        return 'ok'

    def attack_all(self):
        """Results by row number, what sbx said, and its exit code."""
        events = self.path('events.jsonl')
        options = ['--protect', self.path('root', 'guard', 'protected.txt'),
                   '--protect', self.path('root', LONG_GUARD, 'protected.txt'), '--events', events]
        if self.level == 'low':
            options += ['--hide', self.path('secret'), '--hide', self.path('root', 'secret')]
        places = [f'root={self.path("root")}', f'outside={self.path("outside")}', f'inactive={self.path("inactive")}',
                  f'second={self.path("second")}', f'state={self.state}', f'app={self.path("app")}', f'events={events}',
                  f'other={self.other_pipe}']
        run = self.start(self.path('root'), '--start', *places, options=options)
        results = {}
        self.hooks = None
        assert run.lines.next() == 'ready'
        self.known = self.watched()
        run.stdin.write(b'go\n')
        run.stdin.flush()
        try:
            while (line := run.lines.next()) is not None:
                kind, _, rest = line.partition('\t')
                if kind == 'ask':
                    reply = self.answer(rest)
                elif kind == 'attack':
                    index, outcome, milliseconds, detail = rest.split('\t')
                    results[int(index)] = Result(int(index), outcome, int(milliseconds), detail, self.changes())
                    reply = 'go'
                elif kind == 'pipe':
                    self.pipe = rest
                    continue
                elif kind == 'hooks':
                    self.hooks = int(rest)
                    continue
                else:
                    raise AssertionError(f'unexpected: {line}')
                run.stdin.write(reply.encode() + b'\n')
                run.stdin.flush()
            code = run.wait(60)
        finally:
            run.kill()
        said = []
        while (line := run.errors.next(10)) is not None:
            said.append(line)
        return results, '\n'.join(said), code

    def finish(self):
        if self.second:
            self.second.stdin.close()
            self.second.wait(60)


def run_all(win, layout, level):
    scene = Scene(win, layout, level)
    try:
        scene.prepare()
        results, said, code = scene.attack_all()
    finally:
        scene.finish()
    return scene, results, said, code


def run_alone(place):
    """A Wine of its own: the state directory that is watched is one for each user."""
    win = world.World()
    win.start()
    try:
        return run_all(win, *place)
    finally:
        win.stop()


def run_everywhere(workers=2):
    """Results of every layout and level."""
    places = [(layout, level) for layout in LAYOUTS for level in LEVELS]
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return dict(zip(places, pool.map(run_alone, places)))
