"""Create options, flags of the Ex classes and names that no file can have: the status of each call inside is that outside."""

import json

import pytest


def results(win, place, **how):
    done = win.probe('3.11', 'options.py', place + '\\root', roots=place + '\\root', timeout=300, **how)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


@pytest.fixture(scope='module')
def outside(win):
    found = results(win, win.new_place('modify'))
    assert found['100, 1, True'] == ['00000000', 1] and found['http://x, False'][1] != '00000000', found
    return found


@pytest.mark.parametrize('options', [(), ('--undo',)], ids=['plain', 'undo'])
def test_the_same_as_outside(win, layout, outside, options):
    if options and layout == 'full':
        pytest.skip('undo is the same in both layouts')
    found = results(win, win.new_place(layout), sandbox='broker', options=options)
    # Wine makes files of these names, where NTFS knows a stream and answers that the name is invalid.
    for name in [name for name in found if name.startswith(('a:b', 'http:,'))]:
        assert found.pop(name)[1] == 'c0000033', name
    assert {name: [outside[name], found[name]] for name in found if found[name] != outside[name]} == {}


def test_denied_without_the_broker(win, outside):
    found = results(win, win.new_place('modify'), sandbox='strict')
    worked = [name for name in outside if outside[name][0] == '00000000' and ', True' in name]
    assert len(worked) > 200
    assert [name for name in worked if found[name][0] == '00000000' and found[name] == outside[name]] == []
