"""Making a file in a directory beside the root, which carries no stamp."""

import _winapi
import os

import report

CREATE_NEW = 1


def probe(root, outside, sibling):
    # Not open(): the C runtime turns the error into errno 13.
    _winapi.CloseHandle(_winapi.CreateFile(os.path.join(sibling, 'new'), _winapi.GENERIC_WRITE, 0, 0, CREATE_NEW, 0, 0))


report.run(probe)
