"""A directory by mkdtemp and a file in it."""

import os
import tempfile

import report


def probe(root, outside, sibling):
    path = tempfile.mkdtemp(dir=root)
    with open(os.path.join(path, 'file'), 'w') as file:
        file.write('text')


report.run(probe)
