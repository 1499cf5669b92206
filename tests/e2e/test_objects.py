"""Named objects that a program makes for its user alone are opened by its own children."""

import json

import pytest

KINDS = ('mutex', 'event', 'semaphore', 'timer', 'section')


def opened(win, **how):
    done = win.probe('3.11', 'objects.py', **how)
    assert done.returncode == 0 and not [line for line in done.stderr.splitlines() if 'Traceback' in line], done
    return json.loads(done.stdout)


@pytest.mark.parametrize('options', [(), ('--integrity', 'medium')], ids=['low', 'medium'])
def test_a_child_opens_them(win, place, options):
    assert opened(win, sandbox='broker', roots=place + '\\root', options=options) == dict.fromkeys(KINDS, 0) == opened(win)


def test_denied_without_the_shim(win, place):
    # A write-restricted token is checked a second time for writing alone, and no right of a mutex is one that writes.
    assert opened(win, sandbox='strict', roots=place + '\\root') == {**dict.fromkeys(KINDS, 5), 'mutex': 0}
