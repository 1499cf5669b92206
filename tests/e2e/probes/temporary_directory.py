"""TemporaryDirectory with a file in it, and its cleanup."""

import os
import tempfile

import report


def probe(root, outside, sibling):
    with tempfile.TemporaryDirectory(dir=root) as path:
        with open(os.path.join(path, 'file'), 'w') as file:
            file.write('text')
    assert not os.path.exists(path)


report.run(probe)
