"""Each destructive call in each of its forms gives the same statuses and leaves the same files inside as outside."""

import json

# Cases whose result inside can only be the same where the system is able to do the thing named. (Wine does not list a
# file's names.)
NEEDS = {
    'create_hard_link': 'names of a file are listed',
}
DENIED = ('0xc0000022', 5)


def matrix(win, layout, version, sandbox):
    place = win.new_place(layout)
    result = win.probe(version, 'matrix.py', place + '\\root', sandbox=sandbox, roots=place + '\\root', timeout=200)
    assert result.returncode == 0, result
    found = json.loads(result.stdout)
    return found.pop('able'), found


def test_same_as_outside(win, layout, version):
    able, free = matrix(win, layout, version, None)
    _, inside = matrix(win, layout, version, 'broker')
    assert len(free) > 60
    different = {name: {'outside': free[name], 'inside': inside[name]} for name in free
                 if inside[name] != free[name] and able.get(NEEDS.get(name), True)}
    assert not different, json.dumps(different, indent=1)


def test_denied_without_the_broker(win, layout):
    _, free = matrix(win, layout, '3.11', None)
    _, strict = matrix(win, layout, '3.11', 'strict')
    same = [name for name in free if strict[name] == free[name]]
    # What fails unsandboxed too, or destroys nothing, is the same; the bulk must not be.
    assert len(same) < len(free) / 3, same
    for name in ('delete_file', 'remove_directory', 'nt_delete_file', 'delete_on_close_existing', 'supersede', 'replace_file',
                 'rename_10_0_onto_new', 'rename_65_1_onto_existing', 'disposition_13_1_of_file', 'move_file_flags'):
        assert strict[name] != free[name], name
        assert any(value in DENIED or value == 'open: 5' for value in strict[name][0]), strict[name]
