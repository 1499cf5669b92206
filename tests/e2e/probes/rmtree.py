"""shutil.rmtree of a small tree made here."""

import os
import shutil

import report


def probe(root, outside, sibling):
    path = os.path.join(root, 'tree')
    os.makedirs(os.path.join(path, 'a', 'b'))
    for name in ('x', 'a/y', 'a/b/z'):
        open(os.path.join(path, name), 'w').close()
    shutil.rmtree(path)
    assert not os.path.exists(path)


report.run(probe)
