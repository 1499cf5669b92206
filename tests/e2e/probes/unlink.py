"""os.unlink of a file made here."""

import os

import report


def probe(root, outside, sibling):
    path = os.path.join(root, 'file')
    open(path, 'w').close()
    os.unlink(path)
    assert not os.path.exists(path)


report.run(probe)
