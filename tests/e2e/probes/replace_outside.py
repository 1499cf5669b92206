"""Moving a file of the root over one outside."""

import os

import report


def probe(root, outside, sibling):
    path = os.path.join(root, 'file')
    with open(path, 'w') as file:
        file.write('changed')
    os.replace(path, os.path.join(outside, 'kept.txt'))


report.run(probe)
