"""Speaks the broker's protocol itself, with what a hostile program would send. Prints one line for each attack:
name TAB result, where the result is `closed`, `refused`, `granted` or a status."""

import ctypes
import os
import struct
import sys
from ctypes import wintypes

kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
kernel32.CreateFileW.restype = wintypes.HANDLE
kernel32.CreateEventW.restype = wintypes.HANDLE
kernel32.GetCurrentProcess.restype = wintypes.HANDLE
INVALID = ctypes.c_void_p(-1).value
GENERIC_READ, OPEN_EXISTING, BACKUP = 0x80000000, 3, 0x02000000
DENIED = 0xC0000022
HELLO, DELETE, RENAME, LINK, OPEN, REPLACE, STAMP = range(1, 8)


def settings():
    """Name of the pipe, from the settings block of this process (proto/config.h)."""
    base = 0x5B5800000000
    head = ctypes.string_at(base, 48)
    offset, size = struct.unpack_from('<II', head, 24)
    return ctypes.string_at(base + offset, size).decode('utf-16-le')


PIPE = '\\\\.\\pipe\\' + settings().rsplit('\\', 1)[1]


def uint(value):
    return b'\xcf' + struct.pack('>Q', value)


def name(text):
    raw = text if isinstance(text, bytes) else text.encode('utf-16-le', 'surrogatepass')
    return b'\xc6' + struct.pack('>I', len(raw)) + raw


def frame(*fields):
    body = b''.join(fields)
    return struct.pack('<I', len(body)) + body


class Connection:
    def __init__(self, hello=True):
        for _ in range(400):
            self.handle = kernel32.CreateFileW(PIPE, 0x1 | 0x2 | 0x80, 3, None, OPEN_EXISTING, 0, None)
            if self.handle != INVALID:
                break
            kernel32.Sleep(5)
        else:
            raise OSError('no connection')
        if hello:
            assert self.ask(frame(uint(HELLO), uint(1), uint(os.getpid()))) == 0

    def send(self, data):
        done = wintypes.DWORD()
        return bool(kernel32.WriteFile(wintypes.HANDLE(self.handle), data, len(data), ctypes.byref(done), None))

    def receive(self):
        data = b''
        while len(data) < 4 or len(data) < 4 + struct.unpack('<I', data[:4])[0]:
            part, got = ctypes.create_string_buffer(256), wintypes.DWORD()
            if not kernel32.ReadFile(wintypes.HANDLE(self.handle), part, 256, ctypes.byref(got), None) or not got.value:
                return None
            data += part.raw[:got.value]
        return data[4:]

    def ask(self, data):
        """Status of the reply; None when the connection is closed."""
        reply = self.receive() if self.send(data) else None
        if reply is None:
            return None
        first = reply[0]
        if first <= 0x7F:
            return first
        size = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}[first]
        return int.from_bytes(reply[1:1 + size], 'big')

    def close(self):
        kernel32.CloseHandle(wintypes.HANDLE(self.handle))


def opened(path, access=GENERIC_READ):
    handle = kernel32.CreateFileW(path, access, 7, None, OPEN_EXISTING, BACKUP, None)
    assert handle != INVALID, path
    return handle


def attempt(*frames, hello=True):
    connection = Connection(hello)
    status = None
    for data in frames:
        status = connection.ask(data)
        if status is None:
            break
    connection.close()
    return 'closed' if status is None else 'refused' if status == DENIED else 'granted' if status == 0 else hex(status)


def wire_attacks():
    good = frame(uint(STAMP), uint(0), uint(0), name('x'))
    yield 'before hello', lambda: attempt(good, hello=False)
    yield 'wrong version', lambda: attempt(frame(uint(HELLO), uint(99), uint(1)), good, hello=False)
    yield 'operation 0', lambda: attempt(frame(uint(0)))
    yield 'operation 8', lambda: attempt(frame(uint(8)))
    yield 'operation of 64 bits', lambda: attempt(frame(uint(1 << 40)))
    yield 'no payload', lambda: attempt(struct.pack('<I', 0))
    yield 'length of 4 GB', lambda: attempt(struct.pack('<I', 0xFFFFFFFF) + b'x')
    yield 'length over the cap', lambda: attempt(struct.pack('<I', 200 * 1024 + 1) + b'x')
    yield 'array header', lambda: attempt(frame(b'\xdd\xff\xff\xff\xff'))
    yield 'map header', lambda: attempt(frame(b'\xdf\xff\xff\xff\xff'))
    yield 'deep nesting', lambda: attempt(frame(b'\x91' * 5000))
    yield 'string for a name', lambda: attempt(frame(uint(STAMP), uint(0), uint(0), b'\xa1x'))
    yield 'name longer than the frame', lambda: attempt(frame(uint(STAMP), uint(0), uint(0), b'\xc6\x7f\xff\xff\xff' + b'ab'))
    yield 'name of odd size', lambda: attempt(frame(uint(STAMP), uint(0), uint(0), name(b'abc')))
    yield 'name over 64 KiB', lambda: attempt(frame(uint(STAMP), uint(0), uint(0), name(b'a' * 65536)))
    yield 'negative handle', lambda: attempt(frame(uint(DELETE), b'\xff', uint(1), uint(13)))
    yield 'float', lambda: attempt(frame(uint(DELETE), b'\xcb' + b'\0' * 8, uint(1), uint(13)))
    yield 'missing field', lambda: attempt(frame(uint(DELETE), uint(4), uint(1)))
    yield 'trailing byte', lambda: attempt(frame(uint(DELETE), uint(4), uint(1), uint(13), b'\0'))


def handle_attacks(outside, root):
    def delete(handle, flags=1, kind=13):
        return attempt(frame(uint(DELETE), uint(handle), uint(flags), uint(kind)))

    yield 'delete handle 0', lambda: delete(0)
    yield 'delete pseudo handle -1', lambda: delete((1 << 64) - 1)
    yield 'delete pseudo handle -2', lambda: delete(0xFFFFFFFE)
    yield 'delete handle not open', lambda: delete(0x7FF0)
    yield 'delete an event', lambda: delete(kernel32.CreateEventW(None, 1, 0, None))
    yield 'delete a pipe', lambda: delete(Connection().handle)
    yield 'delete a file outside', lambda: delete(opened(outside))
    yield 'delete a file outside, POSIX', lambda: delete(opened(outside), 3, 64)
    yield 'delete on close', lambda: delete(opened(root + '\\mine'), 9, 64)
    yield 'delete with unknown flags', lambda: delete(opened(root + '\\mine'), 0x81, 64)
    yield 'delete by another class', lambda: delete(opened(root + '\\mine'), 1, 14)
    yield 'delete the root', lambda: delete(opened(root))
    yield 'delete what is above the root', lambda: delete(opened(os.path.dirname(root)))
    yield 'stamp a file outside', lambda: attempt(frame(uint(STAMP), uint(opened(outside)), uint(0), name('')))
    yield 'stamp what is above the root', lambda: attempt(
        frame(uint(STAMP), uint(opened(os.path.dirname(root))), uint(0), name('')))


def name_attacks(outside, root):
    nt = '\\??\\'

    def rename(to, directory=0, source=root + '\\mine', flags=1, op=RENAME, kind=10):
        return attempt(frame(uint(op), uint(opened(source)), uint(directory), name(to), uint(flags), uint(kind)))

    def open_(path, access=0x40000000, disposition=1, options=0x20, directory=0):
        return attempt(frame(uint(OPEN), uint(directory), name(path), uint(0x40), uint(access), uint(0), uint(7),
                             uint(disposition), uint(options), uint(0)))

    yield 'rename to outside', lambda: rename(nt + outside)
    yield 'rename from outside', lambda: rename(nt + root + '\\taken', source=outside)
    yield 'rename the root', lambda: rename(nt + root + '\\x', source=root)
    yield 'rename onto the root', lambda: rename(nt + root)
    for what, leaf in (('..', '..'), ('.', '.'), ('empty', ''), ('a stream', 'mine:x'), ('NUL', 'a\0b'), ('slash', '../kept.txt'),
                       ('too long', 'x' * 256)):
        yield f'rename to {what}', lambda leaf=leaf: rename(leaf, opened(root))
    yield 'rename through ..', lambda: rename(nt + root + '\\..\\outside\\kept.txt')
    yield 'rename to a directory handle outside', lambda: rename('kept.txt', opened(os.path.dirname(outside)))
    yield 'rename to a device', lambda: rename('\\Device\\Null')
    yield 'rename to UNC', lambda: rename(nt + 'UNC\\127.0.0.1\\share\\x')
    yield 'rename to a volume', lambda: rename(nt + 'Volume{00000000-0000-0000-0000-000000000000}\\x')
    yield 'rename with unknown flags', lambda: rename('x', 0, flags=0x8000, kind=65)
    yield 'link a file outside into the root', lambda: rename(nt + root + '\\l', source=outside, flags=0, op=LINK, kind=11)
    yield 'link to outside', lambda: rename(nt + os.path.dirname(outside) + '\\l', flags=0, op=LINK, kind=11)
    yield 'open outside for writing', lambda: open_(nt + outside)
    yield 'overwrite outside', lambda: open_(nt + outside, disposition=5)
    yield 'create outside', lambda: open_(nt + os.path.dirname(outside) + '\\new', disposition=2)
    yield 'delete on close outside', lambda: open_(nt + outside, 0x10000, 1, 0x1020)
    yield 'open with WRITE_DAC', lambda: open_(nt + root + '\\mine', 0x40000)
    yield 'open with WRITE_OWNER', lambda: open_(nt + root + '\\mine', 0x80000)
    yield 'open by file id', lambda: open_(nt + root + '\\mine', 0x40000000, 1, 0x2020)
    yield 'open with a wrong disposition', lambda: open_(nt + root + '\\mine', 0x40000000, 9)
    yield 'open a stream', lambda: open_(nt + root + '\\mine:s', 0x40000000, 3)
    yield 'replace outside', lambda: attempt(
        frame(uint(REPLACE), name(nt + outside), name(nt + root + '\\mine'), name(''), uint(0)))
    yield 'replace with a backup outside', lambda: attempt(
        frame(uint(REPLACE), name(nt + root + '\\mine'), name(nt + root + '\\other'),
              name(nt + outside), uint(0)))


def flood():
    held = []
    for _ in range(300):
        handle = kernel32.CreateFileW(PIPE, 0x1 | 0x2 | 0x80, 3, None, OPEN_EXISTING, 0, None)
        if handle != INVALID:
            held.append(handle)
    for handle in held:
        kernel32.CloseHandle(wintypes.HANDLE(handle))
    return 'closed'


def half_a_frame():
    stuck = Connection()
    stuck.send(struct.pack('<I', 1000) + b'\x07')
    other = Connection()
    served = other.ask(frame(uint(STAMP), uint(0), uint(0), name('x')))
    stuck.close()
    other.close()
    return 'refused' if served == DENIED else repr(served)


def main(outside, root):
    for leaf in ('mine', 'other'):
        with open(os.path.join(root, leaf), 'w') as file:
            file.write(leaf)
    attacks = [*wire_attacks(), *handle_attacks(outside, root), *name_attacks(outside, root), ('300 connections', flood),
               ('half a frame beside another client', half_a_frame)]
    for what, attack in attacks:
        try:
            result = attack()
        except OSError as error:
            result = f'error {error}'
        print(f'{what}\t{result}', flush=True)
    # Onto a new name: the attacks left `mine` open.
    os.replace(os.path.join(root, 'other'), os.path.join(root, 'last'))
    with open(os.path.join(root, 'last')) as file:
        print(f'still served\t{file.read()}', flush=True)


main(sys.argv[1], sys.argv[2])
