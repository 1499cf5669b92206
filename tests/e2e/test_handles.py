"""A handle is a handle: what may be done by one that was opened for DELETE does not depend on its share mode."""

import json

import pytest


def results(win, place, **how):
    prepared = win.probe('3.11', 'handles.py', place + '\\root', 'prepare')
    assert prepared.returncode == 0, prepared
    done = win.probe('3.11', 'handles.py', place + '\\root', roots=place + '\\root', timeout=200, **how)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


@pytest.fixture(scope='module')
def outside(win):
    found = results(win, win.new_place('modify'))
    assert len(found) == 124
    assert found['older, share 0, rename, over True'] == ['00000000', '00000000', 'c0000034', '00000000']
    return found


@pytest.mark.parametrize('options', [(), ('--undo',), ('--integrity', 'medium')], ids=['plain', 'undo', 'medium'])
def test_the_same_as_outside(win, layout, outside, options):
    found = results(win, win.new_place(layout), sandbox='broker', options=options)
    different = {name: found[name] for name in found if found[name] != outside[name]}
    # A handle that shares deleting stands inside for one with DELETE and has none, so it does not keep others from opening the file
    # without sharing it (docs/design.md).
    assert {name for name in different if not name.startswith(('made, share 7, reopen', 'older, share 7, reopen'))} == set(), different


def test_denied_without_the_broker(win, outside):
    found = results(win, win.new_place('modify'), sandbox='strict')
    for name in outside:
        if name.startswith(('made', 'older', 'directory')):
            assert found[name][0] == 'c0000022', name
