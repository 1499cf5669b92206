"""os.rename of a directory with a file in it."""

import os

import report


def probe(root, outside, sibling):
    path = os.path.join(root, 'before')
    os.mkdir(path)
    open(os.path.join(path, 'file'), 'w').close()
    os.rename(path, os.path.join(root, 'after'))
    assert os.path.exists(os.path.join(root, 'after', 'file'))


report.run(probe)
