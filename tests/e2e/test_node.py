"""node's file system calls give the same inside as outside, but outside the roots."""

import json

import pytest
import world

# A Windows program starts node, since it does not take the pipe of a Unix program as stdout.
START = 'import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True).returncode)'


def results(win, layout, sandbox):
    place = win.new_place(layout)
    words = win.command([win.node, world.PROBES / 'node_files.js', place + '\\root', place + '\\outside', '-'])
    done = win.python('3.11', START, *words, sandbox=sandbox, roots=place + '\\root')
    assert done.returncode == 0, done
    return json.loads(win.host(place + '\\root\\report.json').read_text())


@pytest.fixture(autouse=True)
def node_is_there(win):
    if not win.node.exists():
        pytest.skip('no Windows node')


def test_files(win, layout):
    free, inside, strict = (results(win, layout, sandbox) for sandbox in (None, 'broker', 'strict'))
    assert free.pop('write outside') == free.pop('unlink outside') == 'ok'
    assert inside.pop('write outside') in ('EPERM', 'EACCES') and inside.pop('unlink outside') in ('EPERM', 'EACCES')
    assert inside == free
    assert free['rename over'] == 'ok' and strict['rename over'] in ('EPERM', 'EACCES')
    assert strict['unlink'] in ('EPERM', 'EACCES')
