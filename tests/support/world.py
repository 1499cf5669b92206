"""How the tests run a Windows program: through the strict Wine in a prefix of their own, or directly on Windows.

Nothing outside this file knows which of the two it is.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
PROBES = TESTS / 'e2e' / 'probes'
BUILD = TESTS.parent / 'build'
ON_WINDOWS = sys.platform == 'win32'

# Settings of the caller that would change what a program does.
DROPPED = ('PYTHONPATH', 'PYTHONHOME', 'PYTEST_ADDOPTS', 'PYTEST_CURRENT_TEST', 'PYTEST_VERSION',
           'WINEARCH', 'WINEDLLOVERRIDES', 'PYTEST_XDIST_WORKER', 'PYTEST_XDIST_WORKER_COUNT', 'PYTEST_XDIST_TESTRUNUID')

# What a directory made below C:\ lets users do, and what a user profile does.
MODIFY = 'D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1301bf;;;AU)'
FULL = 'D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;{user})'


def place(variable, default):
    return pathlib.Path(os.environ.get(variable) or BUILD / default)


def descriptor(path):
    """The security descriptor of a file of this machine as stored, or what stands for it."""
    if ON_WINDOWS:
        return subprocess.run(['icacls', str(path)], capture_output=True, timeout=60).stdout
    try:
        return os.getxattr(path, 'user.wine.sd')
    except OSError:
        return b''


def dacl(path):
    """The DACL of a file of this machine byte for byte, with the control bits that belong to it."""
    stored = descriptor(path)
    if ON_WINDOWS or not stored:
        return stored
    control, owner, group, sacl, size = struct.unpack('<5I', stored[:20])
    # SE_DACL_PRESENT, SE_DACL_AUTO_INHERITED, SE_DACL_PROTECTED
    return control & 0x1404, stored[20 + owner + group + sacl:][:size]


class Result:
    """What a program printed, as text with plain newlines, and its exit code."""

    def __init__(self, returncode, stdout, stderr):
        self.returncode = returncode
        self.stdout = stdout.decode('utf-8', 'replace').replace('\r\n', '\n')
        self.stderr = stderr.decode('utf-8', 'replace').replace('\r\n', '\n')

    def stats(self):
        """The counts of `--stats`."""
        for line in self.stderr.splitlines():
            if line.startswith('sbx: stats: '):
                return {key: int(value) for key, value in (word.split('=') for word in line[12:].split())}
        raise AssertionError('no statistics in: ' + self.stderr)

    def __repr__(self):
        return f'exit code {self.returncode}\nstdout: {self.stdout}\nstderr: {self.stderr}'


class World:
    """A machine with sbx, two Pythons and node on it, and a place for files of each layout.

    `modify` and `full` are Windows paths of directories: in the first the user may delete only what has DELETE itself,
    in the second the parent's FILE_DELETE_CHILD is enough.
    """

    def __init__(self):
        build = place('SBX_BUILD', 'mingw')
        self.sbx = build / 'sbx.exe'
        self.pythons = {'3.11': place('SBX_PYTHON311', 'python/3.11/python.exe'),
                        '3.13': place('SBX_PYTHON313', 'python/3.13/python.exe')}
        self.node = place('SBX_NODE', 'node/node.exe')
        self.wine = place('SBX_WINE', 'strictwine/wine')
        self.wineserver = place('SBX_WINESERVER', 'strictwine/wineserver')
        self.temporary = None
        self.others = []
        self.environment = {key: value for key, value in os.environ.items() if key not in DROPPED}
        self.environment.update(PYTHONDONTWRITEBYTECODE='1', NODE_SKIP_PLATFORM_CHECK='1', PYTHONUTF8='1')
        self.numbers = iter(range(1, 1 << 30))

    def start(self):
        for needed in [self.sbx, *self.pythons.values()]:
            if not needed.exists():
                raise RuntimeError(f'{needed} is missing; run ./dev build')
        if not ON_WINDOWS:
            self._start_wine()
        try:
            self._make_layouts()
        except BaseException:
            self.stop()
            raise

    def _start_wine(self):
        self.temporary = tempfile.mkdtemp(prefix='sbx-e2e-')
        prefix = os.path.join(self.temporary, 'prefix')
        self.environment.update(WINEPREFIX=prefix, WINEDEBUG='-all', PYTHONPATH=self.win(TESTS / 'support' / 'wine'))
        script = TESTS / 'strictwine' / 'prefix.sh'
        done = subprocess.run([script, self.wine.parent, prefix, 'start'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=400)
        if done.returncode:
            raise RuntimeError('no Wine prefix could be made: ' + done.stdout.decode(errors='replace'))

    def _make_layouts(self):
        answer = self.probe('3.11', 'home.py')
        if answer.returncode:
            raise RuntimeError('Windows Python does not run: ' + repr(answer))
        home, user = answer.stdout.split('\n')[:2]
        name = f'sbx-e2e-{os.getpid()}'
        self.modify = f'C:\\WorkProjects-{os.getpid()}'
        self.full = f'{home}\\{name}'
        self.home = home
        for path, sddl in ((self.modify, MODIFY), (self.full, FULL.format(user=user))):
            made = self.probe('3.11', 'make_directory.py', path, sddl)
            if made.returncode:
                raise RuntimeError('a layout could not be made: ' + repr(made))

    def stop(self):
        for path in (getattr(self, 'modify', None), getattr(self, 'full', None)):
            if ON_WINDOWS and path:
                shutil.rmtree(path, ignore_errors=True)
        for path in self.others:
            shutil.rmtree(path, ignore_errors=True)
        if self.temporary:
            subprocess.run([self.wineserver, '-k'], env=self.environment, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
            shutil.rmtree(self.temporary, ignore_errors=True)

    # Paths

    def host(self, path):
        """The pathlib.Path of this machine for a path on drive C:."""
        path = str(path)
        if ON_WINDOWS:
            return pathlib.Path(path)
        assert path[:2].lower() == 'c:', path
        # Wine looks for names without regard to case; the directories used here are spelled as they are.
        return pathlib.Path(self.environment['WINEPREFIX'], 'drive_c', *path[2:].strip('\\').split('\\'))

    def win(self, path):
        """The Windows path of a file of this machine (or of one that is a Windows path already)."""
        path = str(path)
        if ON_WINDOWS or path[1:2] == ':':
            return path
        return 'Z:' + os.path.abspath(path).replace('/', '\\')

    def new_place(self, layout):
        """A new directory in a layout, as a Windows path, with `root`, `outside` (one file in it) and `sibling`."""
        path = f'{getattr(self, layout)}\\{next(self.numbers):04}'
        for part in ('root', 'outside', 'sibling'):
            (self.host(path) / part).mkdir(parents=True)
        (self.host(path) / 'outside' / 'kept.txt').write_text('kept')
        return path

    def other_volume(self):
        """A new directory on another volume than the layouts, as a Windows path; None where there is none that keeps DACLs."""
        if ON_WINDOWS:
            base = os.environ.get('SBX_OTHER_VOLUME')
            return tempfile.mkdtemp(dir=base) if base else None
        try:
            path = tempfile.mkdtemp(prefix='sbx-e2e-', dir='/dev/shm')
            self.others.append(path)
            # Wine keeps a file's DACL in an extended attribute.
            os.setxattr(path, 'user.sbx-e2e', b'1')
        except OSError:
            return None
        return self.win(path)

    def full_file(self):
        """A file on a full disk, as a Windows path; None where there is none for tests."""
        return None if ON_WINDOWS else self.win('/dev/full')

    def processes(self, name):
        """The ids of the processes of a program (sbx.exe) that this machine has started and that still run."""
        if ON_WINDOWS:
            listed = subprocess.run(['tasklist', '/FO', 'CSV', '/NH', '/FI', f'IMAGENAME eq {name}'], capture_output=True, timeout=60)
            return [line.split('","')[1] for line in listed.stdout.decode(errors='replace').splitlines() if line.startswith('"')]
        return [pid for pid, words in self._beneath() if words[0].endswith(b'\\' + name.encode())]

    def _beneath(self):
        """Process id and command line of what Wine is made of here."""
        prefix = f'WINEPREFIX={self.environment["WINEPREFIX"]}'.encode()
        for process in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                if prefix in (process / 'environ').read_bytes().split(b'\0'):
                    yield process.name, (process / 'cmdline').read_bytes().split(b'\0')
            except OSError:
                continue  # it has ended, or is another user's

    def cost_beneath(self, sbx):
        """What a started sbx.exe and the server that has all handles take, as the system below Wine counts it: private bytes and open
        files by name. Empty on Windows, where nothing lies below."""
        if ON_WINDOWS:
            return {}
        server = next(pid for pid, words in self._beneath() if b'/wineserver' in words[0])
        found = {}
        for name, pid in (('sbx.exe, from below', sbx.pid), ('Wine\'s server', server)):
            status = pathlib.Path(f'/proc/{pid}/status').read_text()
            private = sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(('RssAnon:', 'VmSwap:')))
            found[name] = private * 1024, len(os.listdir(f'/proc/{pid}/fd'))
        return found

    # Running

    def command(self, arguments, sandbox=None, roots=(), options=()):
        """The words of a Windows command line: `arguments` as they are or below `sbx run`."""
        words = [self.win(word) if isinstance(word, pathlib.Path) else str(word) for word in arguments]
        if sandbox is None:
            return words
        line = [self.win(self.sbx), 'run']
        if sandbox == 'broker':
            line.append('--broker')
        elif sandbox == 'medium':
            line += ['--broker', '--integrity', 'medium']
        else:
            assert sandbox == 'strict', sandbox
        for root in [roots] if isinstance(roots, str) else roots:
            line += ['--writable-root', root]
        return line + list(options) + ['--'] + words

    def start_program(self, words, cwd=None, env=None, stdin=subprocess.DEVNULL):
        """Popen of a Windows command line, output in pipes."""
        prefix = [] if ON_WINDOWS else [str(self.wine)]
        environment = dict(self.environment, **(env or {}))
        return subprocess.Popen(prefix + words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.host(cwd) if cwd else None, env=environment)

    def terminal(self, words):
        """A session of a Windows command line on a terminal (terminal.py); None where there is none for tests."""
        if ON_WINDOWS:
            return None
        import terminal  # of Unix alone
        return terminal.Terminal([str(self.wine)] + [self.win(word) if isinstance(word, pathlib.Path) else word for word in words],
                                 dict(self.environment, TERM='xterm'))

    def run(self, arguments, sandbox=None, roots=(), options=(), cwd=None, env=None, timeout=120, stdin=None):
        """Run a program to its end. `sandbox`: None, 'strict', 'broker' or 'medium' (broker at Medium integrity)."""
        words = self.command(arguments, sandbox, roots, options)
        process = self.start_program(words, cwd, env, subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f'{words} did not end in {timeout} s\n{Result(-1, out, err)!r}') from None
        return Result(process.returncode, out, err)

    def python(self, version, code, *arguments, **how):
        """Run Python code."""
        return self.run([self.pythons[version], '-c', code, *arguments], **how)

    def run_sbx(self, *words, **how):
        """Run sbx.exe with these words."""
        return self.run([self.sbx, *words], **how)

    def probe(self, version, name, *arguments, **how):
        """Run a script of the directory probes."""
        return self.run([self.pythons[version], PROBES / name, *arguments], **how)
