"""What surrounds the file calls: status blocks, inheritance, last errors, odd handles and bad pointers, inside as unsandboxed."""

import json
import re

import pytest
import world

NAMES = re.findall(r'^@case\ndef (\w+)', (world.HERE / 'probes' / 'nt_edges.py').read_text(), re.M)
# These fail everywhere, or destroy nothing.
NOT_DENIED = {'subst_drive', 'odd_structures', 'bad_pointers_of_opens', 'bad_outputs_and_descriptors'}


@pytest.fixture(scope='module')
def found(win):
    kept = {}

    def of(layout, version, sandbox):
        key = layout, version, sandbox
        if key not in kept:
            root = win.new_place(layout) + '\\root'
            result = win.probe(version, 'nt_edges.py', root, sandbox=sandbox, roots=root)
            assert result.returncode == 0, result
            kept[key] = json.loads(result.stdout.strip().splitlines()[-1])
            # On Wine a handle that could not be told to the program stays open, and with it what it was to delete.
            kept[key]['bad_outputs_and_descriptors'].pop('left')
        return kept[key]

    return of


@pytest.mark.parametrize('name', NAMES)
def test_same_as_unsandboxed(found, layout, version, name):
    assert found(layout, version, 'broker')[name] == found(layout, version, None)[name]


@pytest.mark.parametrize('name', [name for name in NAMES if name not in NOT_DENIED])
def test_denied_by_the_strict_token_alone(found, version, name):
    assert found('modify', version, 'strict')[name] != found('modify', version, None)[name]
