"""Temporary files, flags and volumes as the runtimes use them: inside as outside."""

import json

import pytest
import world

# Only a handle knows on Wine that a file is to be deleted, and streams do not exist; neither is compared here, both are in
# docs/testing.md.
DENIED_WITHOUT_THE_BROKER = ('temporary_file_modes', 'open_flags', 'copies', 'process_with_the_programs_own_token')


@pytest.fixture(scope='module')
def found(win):
    kept = {}

    def of(layout, version, sandbox):
        key = layout, version, sandbox
        if key not in kept:
            place = win.new_place(layout)
            root, other = place + '\\root', win.other_volume()
            roots = [root, other] if other else [root]
            result = win.probe(version, 'runtime_calls.py', root, other or '-', sandbox=sandbox, roots=roots)
            assert result.returncode == 0, result
            kept[key] = json.loads(result.stdout.strip().splitlines()[-1])
        return kept[key]

    return of


def test_same_as_unsandboxed(found, layout, version):
    free, inside = found(layout, version, None), found(layout, version, 'broker')
    different = {name: (free[name], inside[name]) for name in free if inside[name] != free[name]}
    assert len(free) > 10 and not different, json.dumps(different, indent=1)


def test_denied_without_the_broker(found, layout):
    free, strict = found(layout, '3.11', None), found(layout, '3.11', 'strict')
    for name in DENIED_WITHOUT_THE_BROKER:
        assert strict[name] != free[name], name


REBOOT = '''
import ctypes, sys
kernel32 = ctypes.WinDLL('kernel32', use_last_error=True)
open(sys.argv[1] + '\\\\a', 'w').close()
for target in (None, sys.argv[1] + '\\\\b'):
    print('ok' if kernel32.MoveFileExW(sys.argv[1] + '\\\\a', target, 5 if target else 4) else ctypes.get_last_error())
'''


def test_delay_until_reboot_is_refused(win, place):
    # It is an entry in the machine's registry, which the session manager carries out with all rights.
    free = win.python('3.11', REBOOT, place + '\\root')
    assert free.stdout.split() == ['ok', 'ok'], free
    for sandbox in ('broker', 'medium', 'strict'):
        inside = win.python('3.11', REBOOT, place + '\\root', sandbox=sandbox, roots=place + '\\root')
        # Wine sets no last error here.
        assert inside.stdout.split() == (['5', '5'] if world.ON_WINDOWS else ['0', '0']), inside
