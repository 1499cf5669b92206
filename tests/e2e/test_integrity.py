"""Roots that cannot carry the Low label, and what that leaves of the promise."""

import pytest

WRITE = "import os, sys; p = sys.argv[1] + r'\\f'; open(p + '1', 'w').close(); os.replace(p + '1', p); print('written')"
DELETE = """
import os, sys
try:
    os.unlink(sys.argv[1])
    print('deleted')
except OSError as error:
    print('denied', error.winerror)
"""


@pytest.fixture
def labelled(win, place):
    """A place whose root has a Medium label that somebody set on purpose."""
    done = win.probe('3.11', 'set_label.py', place + '\\root', 'S:(ML;OICI;NW;;;ME)')
    assert done.returncode == 0, done
    return place


def test_a_label_of_the_users_stays_and_is_named(win, labelled):
    root = labelled + '\\root'
    result = win.python('3.11', WRITE, root, sandbox='broker', roots=root)
    assert result.returncode == 0 and result.stdout == 'written\n', result
    warnings = [line for line in result.stderr.splitlines() if 'Low label' in line]
    assert len(warnings) == 1 and root in warnings[0], result
    label = win.probe('3.11', 'show_security.py', root).stdout.splitlines()[1]
    assert 'OICI' in label and label.endswith(';;;ME)'), label


def test_require_integrity_makes_it_an_error_and_changes_nothing(win, labelled):
    root = labelled + '\\root'
    before = win.probe('3.11', 'show_security.py', root).stdout
    result = win.python('3.11', WRITE, root, sandbox='broker', roots=root, options=['--require-integrity'])
    assert result.returncode == 125 and 'written' not in result.stdout, result
    assert root in result.stderr and '--require-integrity' in result.stderr
    assert win.probe('3.11', 'show_security.py', root).stdout == before


def test_require_integrity_is_met_by_an_ordinary_root(win, place):
    root = place + '\\root'
    result = win.python('3.11', WRITE, root, sandbox='broker', roots=root, options=['--require-integrity'])
    assert result.returncode == 0 and result.stdout == 'written\n', result


def test_outside_stays_closed_without_the_label(win, labelled):
    kept = labelled + '\\outside\\kept.txt'
    inside = win.python('3.11', DELETE, kept, sandbox='broker', roots=labelled + '\\root')
    assert inside.stdout == 'denied 5\n' and win.host(kept).exists(), inside
    # The twin: the same call, unsandboxed.
    assert win.python('3.11', DELETE, kept).stdout == 'deleted\n'


def test_medium_leaves_full_control_open(win, full_place):
    # What docs/security.md says of Medium: FILE_DELETE_CHILD of the parent is not checked against restricting SIDs.
    kept = full_place + '\\outside\\kept.txt'
    assert win.python('3.11', DELETE, kept, sandbox='broker', roots=full_place + '\\root').stdout == 'denied 5\n'
    assert win.python('3.11', DELETE, kept, sandbox='medium', roots=full_place + '\\root').stdout == 'deleted\n'
