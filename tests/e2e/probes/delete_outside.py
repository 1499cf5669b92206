"""Deleting a file outside the root."""

import os

import report


def probe(root, outside, sibling):
    os.unlink(os.path.join(outside, 'kept.txt'))
    assert not os.path.exists(os.path.join(outside, 'kept.txt'))


report.run(probe)
