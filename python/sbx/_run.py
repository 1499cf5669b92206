"""`run` and `Popen`: a command line for sbx, a pipe that can end it, and the file with its events."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Union

from ._errors import SandboxError, from_exit_code
from ._events import Event, EventsFile

Path = Union[str, 'os.PathLike[str]']
POLL_SECONDS = 0.02
STOP_SECONDS = 15.0


def _in_path() -> Optional[str]:
    """sbx.exe in a directory that PATH names in full, and not in the current directory or below it: shutil.which looks
    there first, and a sandboxed program may have left a program of that name in its root."""
    here = os.path.normcase(os.path.realpath(os.getcwd()))
    for entry in os.environ.get('PATH', '').split(os.pathsep):
        entry = entry.strip('"')
        found = os.path.join(entry, 'sbx.exe')
        if os.path.isabs(entry) and os.path.isfile(found):
            directory = os.path.normcase(os.path.realpath(entry))
            if directory != here and not directory.startswith(os.path.join(here, '')):
                return found
    return None


def _installed() -> Optional[str]:
    """The one that came with this package, where it was installed from a wheel."""
    for scheme in (None, 'nt_user'):
        try:
            scripts = sysconfig.get_path('scripts', scheme) if scheme else sysconfig.get_path('scripts')
        except KeyError:
            continue
        found = os.path.join(scripts, 'sbx.exe')
        if os.path.isfile(found) and os.path.isfile(os.path.join(scripts, 'sbxshim.dll')):
            return found
    return None


def find_sbx(sbx: Optional[Path] = None) -> str:
    """The path of sbx.exe: the argument, else the variable SBX_EXE, else the one that was installed with this package, else
    what PATH has, but never one in the current directory or below it."""
    given = os.fspath(sbx) if sbx else os.environ.get('SBX_EXE')
    found = given or _installed() or _in_path()
    if not found or not os.path.isfile(found):
        raise SandboxError(f'{found or "sbx.exe"} is not found; give sbx=, or set SBX_EXE, or put it into PATH')
    return found


def _paths(name: str, value: Sequence[Path]) -> List[str]:
    if isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f'{name} takes a list of paths, not one')
    return [os.fspath(path) for path in value]


class Popen:
    """A program that runs under sbx. As a context manager it is stopped at the end of the block."""

    def __init__(self, command: Sequence[Path], *, writable_roots: Sequence[Path] = (), read_only: bool = False,
                 broker: bool = True, protect: Sequence[Path] = (), protect_vcs: bool = False,
                 hide: Sequence[Path] = (), hide_secrets: bool = False,
                 integrity: Optional[str] = None, undo: bool = False, options: Sequence[str] = (),
                 sbx: Optional[Path] = None, cwd: Optional[Path] = None, env: Optional[Mapping[str, str]] = None,
                 stdin: Any = None, stdout: Any = None, stderr: Any = None, text: bool = False) -> None:
        self.args = _paths('command', command)
        if not self.args:
            raise ValueError('command is empty')
        words = [find_sbx(sbx), 'run', '--quiet']
        for name, wanted in (('--broker', broker), ('--read-only', read_only), ('--protect-vcs', protect_vcs),
                             ('--hide-secrets', hide_secrets), ('--undo', undo)):
            words += [name] if wanted else []
        for name, values in (('--writable-root', _paths('writable_roots', writable_roots)),
                             ('--protect', _paths('protect', protect)),
                             ('--hide', _paths('hide', hide)),
                             ('--integrity', [integrity] if integrity else [])):
            for value in values:
                words += [name, value]
        words += list(options)
        self._stderr: object = None
        self._stop_lock = threading.Lock()
        self._events = EventsFile()
        try:
            self._start(words, dict(cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr,
                                    universal_newlines=text, encoding='utf-8' if text else None,
                                    errors='replace' if text else None))
        except BaseException:
            self._events.remove()
            raise

    def _start(self, words: List[str], how: Any) -> None:
        import msvcrt  # Windows has it
        reader, writer = os.pipe()
        try:
            handle = msvcrt.get_osfhandle(reader)  # type: ignore[attr-defined,unused-ignore]
            os.set_handle_inheritable(handle, True)  # type: ignore[attr-defined,unused-ignore]
            startup = subprocess.STARTUPINFO(lpAttributeList={'handle_list': [handle]})  # type: ignore
            if how['stdin'] is None and how['stdout'] is None and how['stderr'] is None:
                # With a list of handles Windows hands on standard handles only when they are in it.
                how['stdin'] = 0
            line = words + ['--events', self._events.path, '--control', str(handle), '--'] + self.args
            self._process = subprocess.Popen(line, startupinfo=startup, **how)
        except BaseException:
            os.close(writer)
            raise
        finally:
            os.close(reader)
        self._writer: Optional[int] = writer

    # What subprocess.Popen has

    @property
    def pid(self) -> int:
        """The process id of sbx."""
        return self._process.pid

    @property
    def stdin(self) -> Any:
        return self._process.stdin

    @property
    def stdout(self) -> Any:
        return self._process.stdout

    @property
    def stderr(self) -> Any:
        return self._process.stderr

    @property
    def returncode(self) -> Optional[int]:
        return self._process.returncode

    def poll(self) -> Optional[int]:
        """The exit code, or None while the program runs."""
        return self._process.poll()

    def wait(self, timeout: Optional[float] = None) -> int:
        """The program's exit code. Raises subprocess.TimeoutExpired, and SandboxError when sbx failed."""
        self._process.wait(timeout)
        return self._finish()

    def communicate(self, input: Any = None, timeout: Optional[float] = None) -> Any:
        """As subprocess.Popen.communicate. Raises SandboxError when sbx failed."""
        out, err = self._process.communicate(input, timeout)
        self._stderr = err
        self._finish()
        return out, err

    # What it has not

    def events(self) -> Iterator[Event]:
        """The events as they happen, from the first one; ends when the run has ended."""
        given = 0
        while True:
            ended = self._process.poll() is not None
            self._events.read()
            while given < len(self._events.seen):
                yield self._events.seen[given]
                given += 1
            if ended:
                return
            time.sleep(POLL_SECONDS)

    @property
    def seen(self) -> List[Event]:
        """The events so far."""
        self._events.read()
        return list(self._events.seen)

    @property
    def stopped(self) -> bool:
        """Whether the run has ended because of stop()."""
        self._events.read()
        return bool(self._events.end and self._events.end['stopped'])

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """End the program and all that it started, and wait until sbx has cleaned up. After the end it does nothing."""
        self._close_pipe()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            # The processes inside end with sbx; its private TEMP stays until `sbx doctor` names it.
            self._process.kill()
            self._process.wait()

    def _close_pipe(self) -> None:
        with self._stop_lock:
            if self._writer is not None:
                os.close(self._writer)
                self._writer = None

    def _finish(self) -> int:
        code = self._process.returncode
        assert code is not None
        self._events.read()
        self._events.remove()
        self._close_pipe()
        end = self._events.end
        if end is None or end['failed']:
            raise from_exit_code(code, self._stderr)
        return code

    def __enter__(self) -> Popen:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream:
                stream.close()
        self._events.read()
        self._events.remove()


@dataclass
class Completed:
    """What run() returns."""

    args: List[str]
    returncode: int
    stdout: Any
    stderr: Any
    events: List[Event] = field(default_factory=list)

    @property
    def denied(self) -> List[Event]:
        """The events that were refused by sbx or denied by the system."""
        return [event for event in self.events if not event['ok'] and 'rule' in event]


def run(command: Sequence[Path], *, timeout: Optional[float] = None, input: Any = None, capture_output: bool = False,
        check: bool = False, **how: Any) -> Completed:
    """Run a command under sbx to its end; `how` is what Popen takes.

    Raises SandboxError (CannotExecute, CommandNotFound) when sbx failed, subprocess.TimeoutExpired after the whole
    tree was stopped, and with `check` subprocess.CalledProcessError when the program's exit code is not 0.
    """
    if capture_output:
        if how.get('stdout') is not None or how.get('stderr') is not None:
            raise ValueError('capture_output goes without stdout and stderr')
        how.update(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if input is not None:
        if how.get('stdin') is not None:
            raise ValueError('input goes without stdin')
        how['stdin'] = subprocess.PIPE
    with Popen(command, **how) as process:
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.stop()
            out, err = process._process.communicate()
            raise subprocess.TimeoutExpired(process.args, timeout or 0, out, err) from None
        code = process.wait()
        if check and code:
            raise subprocess.CalledProcessError(code, process.args, out, err)
        return Completed(process.args, code, out, err, process.seen)
