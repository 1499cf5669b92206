"""PowerShell 7: cmdlets, .NET, processes and jobs give inside what they give outside. SBX_POWERSHELL names the directory of pwsh.exe;
on Windows the installed one serves."""

import json
import os
import pathlib
import shutil

import pytest
import world

FILES = ['kept.txt', 'kept2.txt', 'kept3.txt', 'kept4.txt', 'kept5.txt', 'read.txt']
# A console without a window is what an editor or a service gives: PowerShell does not start without one.
START = '''
import subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True, creationflags=0x08000000)
sys.stdout.buffer.write(done.stdout)
sys.stderr.buffer.write(done.stderr)
sys.exit(done.returncode)
'''


def find():
    given = os.environ.get('SBX_POWERSHELL')
    installed = shutil.which('pwsh') if world.ON_WINDOWS else None
    return pathlib.Path(given) / 'pwsh.exe' if given else pathlib.Path(installed) if installed else None


PWSH = find()
pytestmark = [pytest.mark.skipif(not PWSH, reason='SBX_POWERSHELL is not set'), pytest.mark.xdist_group('powershell')]


def results(win, place, sandbox=None, **how):
    for name in FILES:
        (win.host(place) / 'outside' / name).write_text('kept')
    script = [PWSH, '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', world.PROBES / 'powershell.ps1',
              place + '\\root', place + '\\outside', win.pythons['3.11']]
    environment = {'POWERSHELL_TELEMETRY_OPTOUT': '1'}
    if sandbox:
        done = win.run(script, sandbox=sandbox, roots=place + '\\root', cwd=place + '\\root', timeout=240, env=environment, **how)
    else:
        words = [win.win(word) if isinstance(word, pathlib.Path) else word for word in script]
        done = win.python('3.11', START, *words, cwd=place + '\\root', timeout=240, env=environment)
    assert done.returncode == 0, done
    return json.loads(done.stdout.strip().splitlines()[-1]), done


@pytest.fixture(scope='module')
def outside(win):
    found, _ = results(win, win.new_place('modify'))
    failed = [name for name, result in found.items() if name.startswith('outside') and result not in ('done', '0', 'kept')]
    assert len(found) > 100 and not failed, found
    assert found['File.Replace backup'] == 'newer new' and found['pwsh in pwsh'] == '42' and found['Start-Job'] == 'job', found
    return found


@pytest.mark.parametrize('options', [(), ('--undo',)], ids=['plain', 'undo'])
def test_the_same_as_outside(win, layout, outside, options):
    if options and layout == 'full':
        pytest.skip('undo is the same in both layouts')
    place = win.new_place(layout)
    found, done = results(win, place, sandbox='broker', options=options)
    inner = {name: result for name, result in found.items() if not name.startswith('outside')}
    assert {name: [outside[name], result] for name, result in inner.items() if result != outside[name]} == {}
    denied = {name: result for name, result in found.items() if name.startswith('outside') and name != 'outside: read'}
    assert len(denied) == 8 and not set(denied.values()) & {'done', '0'}, denied
    assert found['outside: read'] == 'kept'
    assert sorted(path.name for path in (win.host(place) / 'outside').iterdir()) == FILES
    assert 'denied' in done.stderr, done


def test_denied_without_the_broker(win, outside):
    found, _ = results(win, win.new_place('modify'), sandbox='strict')
    for name in ('Rename-Item', 'Move-Item -Force', 'Remove-Item', 'File.Replace', 'Directory.Delete', 'ForEach-Object -Parallel'):
        assert found[name] != outside[name] and found[name].startswith('error'), (name, found[name])
