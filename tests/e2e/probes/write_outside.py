"""Overwriting a file outside the root."""

import _winapi
import os

import report

OPEN_EXISTING = 3


def probe(root, outside, sibling):
    # Not open(): the C runtime turns the error into errno 13.
    file = _winapi.CreateFile(os.path.join(outside, 'kept.txt'), _winapi.GENERIC_WRITE, 0, 0, OPEN_EXISTING, 0, 0)
    _winapi.WriteFile(file, b'changed')
    _winapi.CloseHandle(file)


report.run(probe)
