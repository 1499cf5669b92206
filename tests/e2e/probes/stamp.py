"""The capability SID's entry on the root, as icacls prints its rights."""

import security

import report


def probe(root, outside, sibling):
    return ' '.join(security.capability_entries(root)) or 'none'


report.run(probe)
