"""Moving a file from outside into the root."""

import os

import report


def probe(root, outside, sibling):
    os.rename(os.path.join(outside, 'kept.txt'), os.path.join(root, 'fetched'))


report.run(probe)
