"""mkstemp, then os.replace onto a name that does not exist."""

import os
import tempfile

import report


def probe(root, outside, sibling):
    handle, path = tempfile.mkstemp(dir=root)
    os.write(handle, b'new')
    os.close(handle)
    target = os.path.join(root, 'target')
    os.replace(path, target)
    assert open(target).read() == 'new' and not os.path.exists(path)


report.run(probe)
