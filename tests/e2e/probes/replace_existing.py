"""mkstemp, then os.replace onto a file that exists."""

import os
import tempfile

import report


def probe(root, outside, sibling):
    target = os.path.join(root, 'target')
    with open(target, 'w') as file:
        file.write('old')
    handle, path = tempfile.mkstemp(dir=root)
    os.write(handle, b'new')
    os.close(handle)
    os.replace(path, target)
    assert open(target).read() == 'new' and not os.path.exists(path)


report.run(probe)
