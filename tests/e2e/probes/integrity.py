"""The integrity level of the token."""

import tokens

import report


def probe(root, outside, sibling):
    return tokens.integrity()


report.run(probe)
