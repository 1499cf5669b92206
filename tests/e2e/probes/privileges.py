"""The privileges of the token."""

import tokens

import report


def probe(root, outside, sibling):
    names = tokens.privileges()
    return f'{len(names)} privileges' if len(names) > 1 else ' '.join(['only'] + names)


report.run(probe)
