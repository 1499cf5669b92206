"""Tests that fail because sbx does not yet do what Windows programs ask of it. Strict: one that passes must leave this list."""

import pytest

# ReplaceFileW opens the replacement without sharing and for WRITE_DAC, and renames by that handle (ReplaceFileW on Microsoft's
# pages). The broker opens such a file a second time, which the share mode forbids.
REPLACE_FILE = pytest.mark.xfail(strict=True, reason="Windows' own behaviour, call by call: ReplaceFileW as it is documented")


def marked(names, expected, mark):
    """The parameters `names`, those of `expected` with the mark."""
    assert set(expected) <= set(names), expected
    return [pytest.param(name, marks=mark) if name in expected else name for name in names]
