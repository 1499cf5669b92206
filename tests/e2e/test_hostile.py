"""A program inside that speaks the broker's protocol itself. Nothing outside may change, and the broker goes on."""

import pytest

MUST_CLOSE = ('before hello', 'wrong version', 'operation 0', 'operation 8', 'operation of 64 bits', 'no payload', 'length of 4 GB',
              'length over the cap', 'array header', 'map header', 'deep nesting', 'string for a name',
              'name longer than the frame', 'name of odd size', 'name over 64 KiB', 'negative handle', 'float', 'missing field',
              'trailing byte', '300 connections')


@pytest.mark.parametrize('sandbox', ['broker', 'medium'])
def test_attacks_are_refused(win, place, sandbox):
    outside = place + '\\outside\\kept.txt'
    before = {path.name: path.read_bytes() for path in (win.host(place) / 'outside').iterdir()}
    result = win.probe('3.11', 'hostile.py', outside, place + '\\root', sandbox=sandbox, roots=place + '\\root', timeout=200)
    assert result.returncode == 0, result
    answers = dict(line.split('\t') for line in result.stdout.splitlines() if '\t' in line)
    assert len(answers) >= 60
    assert answers.pop('still served') == 'other'
    for attack, answer in answers.items():
        wanted = ('closed',) if attack in MUST_CLOSE else ('refused',)
        assert answer in wanted, f'{attack}: {answer}'
    assert {path.name: path.read_bytes() for path in (win.host(place) / 'outside').iterdir()} == before
    assert (win.host(place) / 'root' / 'last').read_text() == 'other'


def test_the_twin_unsandboxed_changes_it(win, place):
    # What the attacks try is possible for a program that is not confined.
    outside = place + '\\outside\\kept.txt'
    code = "import os, sys; os.replace(sys.argv[1], sys.argv[2])"
    assert win.python('3.11', code, outside, place + '\\root\\taken').returncode == 0
    assert not (win.host(place) / 'outside' / 'kept.txt').exists()
