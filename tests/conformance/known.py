"""Tests that pass outside and not inside, with the reason. A key is a test's name or the beginning of several."""

REASONS = {}
