"""A program may choose the DACL of what is in its roots, and gains nothing by it."""

import json

import pytest


def prepare(win, place):
    root, outside = win.host(place) / 'root', win.host(place) / 'outside'
    for path in (root / 'older', root / 'older for everyone', outside / 'kept'):
        path.write_text('text')


def own_dacl(win, place, **how):
    prepare(win, place)
    done = win.probe('3.11', 'own_dacl.py', place + '\\root', place + '\\outside', roots=place + '\\root', **how)
    assert done.returncode == 0, done
    return json.loads(done.stdout), done


def sddl(win, path):
    shown = win.probe('3.11', 'show_security.py', path)
    assert shown.returncode == 0, shown
    return shown.stdout


@pytest.mark.parametrize('options', [(), ('--undo',), ('--integrity', 'medium')], ids=['plain', 'undo', 'medium'])
def test_works_in_the_root_and_is_denied_outside(win, place, options):
    prepare(win, place)
    before = sddl(win, place + '\\outside\\kept')
    free, _ = own_dacl(win, win.new_place('modify'))
    found, done = own_dacl(win, place, sandbox='broker', options=options)
    assert free.pop('outside') == [0] and found.pop('outside') == [5]
    assert found == free == {'made': [0, [0, 0, 0]], 'older': [0, [0, 0, 0]], 'older for everyone': [0, [0, 0, 0]], 'directory': [0, 0, 0]}
    assert sddl(win, place + '\\outside\\kept') == before
    assert place + '\\outside\\kept' in done.stderr, done


def test_the_root_s_entry_stays_and_nothing_is_gained(win, place):
    own_dacl(win, place, sandbox='broker')
    for name in ('older', 'older for everyone', 'directory'):
        shown = win.run_sbx('roots', 'show', f'{place}\\root\\{name}')
        assert '<- sbx' in shown.stdout, shown
        everyone = [line for line in shown.stdout.splitlines() if 'Everyone' in line and 'DENY' not in line]
        assert len(everyone) == ('older' != name), shown
        assert not [line for line in everyone if '(F)' in line or '(D' in line or 'WDAC' in line or '(M)' in line], shown


def test_denied_without_the_broker(win, place):
    found, _ = own_dacl(win, place, sandbox='strict')
    assert found['older'][0] == 5 and found['outside'] == [5]
