"""What the token says of the group Administrators."""

import tokens

import report


def probe(root, outside, sibling):
    return tokens.administrators()


report.run(probe)
