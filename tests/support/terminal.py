"""A Windows program on a terminal: keys go in, the screen's text comes out.

Wine gives a program that was started on a Unix terminal a console there. Windows has nothing like it in Python's library, so
there `World.terminal` says None and the tests are left out.
"""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
import tty


# Moves to the right stand for spaces that were there already; other sequences move nothing that the tests look at.
RIGHT = re.compile(r'\x1b\[\d*C')
SEQUENCE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


class Terminal:
    def __init__(self, words, environment, columns=100, rows=30):
        self.bytes = b''
        self.text = ''
        self.seen = 0
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            try:
                # Keys typed before Wine's console reads must not be changed by Unix; Ctrl-C comes to Wine as its signal.
                tty.setraw(0)
                modes = termios.tcgetattr(0)
                modes[3] |= termios.ISIG
                termios.tcsetattr(0, termios.TCSANOW, modes)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
                os.execve(words[0], words, environment)
            finally:
                os._exit(126)

    def _read(self, seconds):
        """Take in what was written; False at the end of the session."""
        if not select.select([self.file], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.file, 65536)
        except OSError:
            data = b''
        self.bytes += data
        self.text = SEQUENCE.sub('', RIGHT.sub(' ', self.bytes.decode(errors='replace')))
        return bool(data)

    def wait_for(self, wanted, seconds=40):
        """Wait until `wanted` has appeared, and forget what came before it."""
        end = time.monotonic() + seconds
        while wanted not in self.text[self.seen:]:
            if not self._read(0.5) or time.monotonic() > end:
                raise AssertionError(f'{wanted!r} did not appear on the terminal:\n{self.text}')
        self.seen = self.text.index(wanted, self.seen) + len(wanted)

    def type(self, keys):
        os.write(self.file, keys.encode())

    def end(self, seconds=40):
        """Wait for the end of the program: its exit code, as far as Unix tells it (8 bits)."""
        end = time.monotonic() + seconds
        while self._read(0.2):
            if time.monotonic() > end:
                raise AssertionError('the program did not end:\n' + self.text)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.pid = None
        return status

    def close(self):
        os.close(self.file)
        if self.pid:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
