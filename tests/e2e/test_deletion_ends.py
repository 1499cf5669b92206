"""A deletion by disposition happens when the last handle ends, however it ends, and no name is left for a moment longer."""

import json

import pytest


def results(win, place, **how):
    done = win.probe('3.11', 'deletion_ends.py', place + '\\root', roots=place + '\\root', timeout=200, **how)
    assert done.returncode == 0, done
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope='module')
def outside(win):
    found = results(win, win.new_place('modify'))
    assert found['moved'][-2:] == [[], 'removed'] and found['killed'] == ['00000000', [], 'removed'] * 5
    assert found['taken_back_by_a_copy'][-2:] == found['directory_taken_back'][-2:] == [['x'], 145]
    return found


@pytest.mark.parametrize('options', [(), ('--undo',)], ids=['plain', 'undo'])
def test_the_same_as_outside(win, layout, outside, options):
    assert results(win, win.new_place(layout), sandbox='broker', options=options) == outside


def test_nothing_is_deleted_without_the_broker(win):
    found = results(win, win.new_place('modify'), sandbox='strict')
    assert found['copied'][0] == found['moved'][0] == found['directory'][0] == 'c0000022'
    assert all(found[name][-2:] == [['x'], 5] for name in found if not name.startswith('directory')), found
