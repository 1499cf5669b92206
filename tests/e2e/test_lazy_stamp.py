"""What lies in a root and does not carry its entry: older than the root, moved in, made by another program."""

import json

import pytest
import world

# Trees are made by a Windows program: what a Unix program makes below a stamped directory would count as stamped.
MAKE = '''
import os, sys
root = sys.argv[1]
os.makedirs(os.path.join(root, 'old', 'deep'))
for name in ('one', 'two', 'old/three', 'old/deep/four', 'old/deep/five'):
    with open(os.path.join(root, name), 'w') as file:
        file.write('old')
'''

CALLS = '''
import json, os, sys
root = sys.argv[1]
results = {}

def attempt(name, call):
    try:
        call()
        results[name] = 'ok'
    except OSError as error:
        results[name] = type(error).__name__

def write(name, mode='w'):
    with open(os.path.join(root, name), mode) as file:
        file.write('new')

attempt('write', lambda: write('one'))
attempt('append', lambda: write('old/three', 'a'))
attempt('update', lambda: write('old/deep/four', 'r+'))
attempt('create below', lambda: write('old/deep/new'))
attempt('create again', lambda: write('old/deep/new2'))
attempt('mkdir below', lambda: os.mkdir(os.path.join(root, 'old', 'made')))
attempt('write below the new one', lambda: write('old/made/file'))
attempt('rename', lambda: os.rename(os.path.join(root, 'old/three'), os.path.join(root, 'old/moved')))
attempt('rename over', lambda: os.replace(os.path.join(root, 'old/moved'), os.path.join(root, 'old/deep/five')))
attempt('unlink', lambda: os.unlink(os.path.join(root, 'old/deep/four')))
attempt('utime', lambda: os.utime(os.path.join(root, 'one'), (1000, 1000)))
attempt('chmod', lambda: os.chmod(os.path.join(root, 'one'), 0o666))
attempt('rename directory', lambda: os.rename(os.path.join(root, 'old/deep'), os.path.join(root, 'deep2')))
print(json.dumps(results))
'''

SHOW = "import sys; sys.path.insert(0, sys.argv[1]); import security; print(security.capability_entries(sys.argv[2]))"


def old_tree(win, layout):
    place = win.new_place(layout)
    assert win.python('3.11', MAKE, place + '\\root').returncode == 0
    return place


def entries(win, path):
    result = win.python('3.11', SHOW, win.win(world.PROBES), path)
    assert result.returncode == 0, result
    return result.stdout.strip()


def calls(win, place, version, sandbox, *options):
    result = win.python(version, CALLS, place + '\\root', sandbox=sandbox, roots=place + '\\root', options=options)
    assert result.returncode == 0, result
    return json.loads(result.stdout), result


def test_older_objects(win, layout, version):
    strict, _ = calls(win, old_tree(win, layout), version, 'strict')
    assert strict['write'] == strict['append'] == strict['create below'] == 'PermissionError', strict
    # Full Control on an older directory is FILE_DELETE_CHILD, which the strict token alone does not take away.
    assert strict['unlink'] == ('PermissionError' if layout == 'modify' else 'ok'), strict
    free, _ = calls(win, old_tree(win, layout), version, None)
    assert set(free.values()) == {'ok'}, free
    place = old_tree(win, layout)
    inside, result = calls(win, place, version, 'broker', '--stats')
    assert inside == free, result
    assert result.stats()['stamp'] > 0, result
    assert win.host(place + '\\root\\one').read_text() == 'new'
    assert win.host(place + '\\root\\deep2\\five').read_text() == 'oldnew'


def test_one_object_at_a_time(win, modify_place):
    assert win.python('3.11', MAKE, modify_place + '\\root').returncode == 0
    root = modify_place + '\\root'
    code = "import sys; open(sys.argv[1] + r'\\one', 'w').close()"
    denied = win.python('3.11', code, root, sandbox='strict', roots=root)
    assert 'PermissionError' in denied.stderr, denied
    assert entries(win, root + '\\one') == '[]'
    result = win.python('3.11', code, root, sandbox='broker', roots=root, options=['--stats'])
    assert result.returncode == 0 and result.stats()['stamp'] == 1, result
    assert '(RX,W)' in entries(win, root + '\\one')
    assert entries(win, root + '\\two') == entries(win, root + '\\old') == '[]'
    # The entry stays: nothing is asked again.
    result = win.python('3.11', code, root, sandbox='broker', roots=root, options=['--stats'])
    assert result.returncode == 0 and result.stats()['requests'] == 0, result


def test_reading_stamps_nothing(win, modify_place):
    assert win.python('3.11', MAKE, modify_place + '\\root').returncode == 0
    code = "import os, sys\nfor d, _, names in os.walk(sys.argv[1]):\n    for n in names: open(os.path.join(d, n)).read()"
    result = win.python('3.11', code, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root', options=['--stats'])
    assert result.returncode == 0 and result.stats()['requests'] == 0, result


def test_moved_in(win, layout, version):
    place = win.new_place(layout)
    move = ("import os, sys; r, o = sys.argv[1:]; os.mkdir(o + r'\\d'); open(o + r'\\d\\f', 'w').close(); "
            "os.rename(o + r'\\d', r + r'\\d'); open(o + r'\\g', 'w').close(); os.rename(o + r'\\g', r + r'\\g')")
    # The root is stamped first, so that nothing is inherited later.
    assert win.python(version, 'pass', sandbox='broker', roots=place + '\\root').returncode == 0
    assert win.python(version, move, place + '\\root', place + '\\outside').returncode == 0
    code = ("import os, sys\nr = sys.argv[1]\nfor call in (lambda: open(r + r'\\g', 'a').close(), lambda: open(r + r'\\d\\f', 'a').close(), "
            "lambda: open(r + r'\\d\\new', 'w').close(), lambda: os.unlink(r + r'\\g'), lambda: os.replace(r + r'\\d\\new', r + r'\\d\\f'),"
            " lambda: os.unlink(r + r'\\d\\f'), lambda: os.rmdir(r + r'\\d')):\n"
            "    try: call(); print('ok')\n    except PermissionError: print('denied')")
    strict = win.python(version, code, place + '\\root', sandbox='strict', roots=place + '\\root')
    assert strict.stdout.split()[:4] == ['denied'] * 4, strict
    inside = win.python(version, code, place + '\\root', sandbox='broker', roots=place + '\\root')
    assert inside.stdout.split() == ['ok'] * 7, inside


@pytest.mark.parametrize('sandbox', ['broker', 'medium'])
def test_a_name_outside_too_is_not_stamped(win, layout, sandbox):
    """A hard link to a file outside: written natively it would change what lies outside."""
    place = win.new_place(layout)
    # Made by a Windows program, so that it has a descriptor of its own.
    link = "import os, sys; open(sys.argv[2] + r'\\own', 'w').write('kept'); os.link(sys.argv[2] + r'\\own', sys.argv[1] + r'\\linked')"
    made = win.python('3.11', link, place + '\\root', place + '\\outside')
    assert made.returncode == 0, made
    code = "import sys; open(sys.argv[1] + r'\\linked', 'a').write('changed')"
    result = win.python('3.11', code, place + '\\root', sandbox=sandbox, roots=place + '\\root')
    assert 'PermissionError' in result.stderr, result
    assert win.host(place + '\\outside\\own').read_text() == 'kept'
    # Deleting acts on the name alone.
    code = "import os, sys; os.unlink(sys.argv[1] + r'\\linked')"
    result = win.python('3.11', code, place + '\\root', sandbox=sandbox, roots=place + '\\root')
    assert result.returncode == 0 and win.host(place + '\\outside\\own').exists(), result


AT_ONCE = '''
import os, sys, threading
root, errors, gate = sys.argv[1], [], threading.Barrier(8)

def work(me):
    for turn in range(10):
        gate.wait()
        try:
            open(f'{root}\\\\directory{turn}\\\\{me}', 'w').close()
            os.mkdir(f'{root}\\\\parent{turn}\\\\{me}')
            with open(f'{root}\\\\log{turn}', 'a') as file:
                file.write('x')
        except OSError as error:
            errors.append(f'{turn}: {error}')

threads = [threading.Thread(target=work, args=(me,)) for me in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(errors or 'all written')
'''

MAKE_TURNS = '''
import os, sys
for turn in range(10):
    os.makedirs(f'{sys.argv[1]}\\\\directory{turn}')
    os.makedirs(f'{sys.argv[1]}\\\\parent{turn}')
    open(f'{sys.argv[1]}\\\\log{turn}', 'w').close()
'''

SEPARATOR = '''
import os, sys
for name in ('old\\\\a\\\\', 'old/deep/b/', 'new\\\\c\\\\'):
    os.makedirs(os.path.join(sys.argv[1], 'new'), exist_ok=True)
    try:
        os.mkdir(os.path.join(sys.argv[1], name))
        os.rmdir(os.path.join(sys.argv[1], name))
        print('made and removed')
    except OSError as error:
        print(error.winerror)
'''


def test_first_writes_at_the_same_moment(win, layout):
    root = win.new_place(layout) + '\\root'
    assert win.python('3.11', MAKE_TURNS, root).returncode == 0
    # The twin, first: what the broker does once would let the strict token write too.
    strict = win.python('3.11', AT_ONCE, root, sandbox='strict', roots=root)
    assert strict.stdout.count('[WinError 5]') + strict.stdout.count('[Errno 13]') == 80, strict
    result = win.python('3.11', AT_ONCE, root, sandbox='broker', roots=root)
    assert result.stdout == 'all written\n', result


def test_a_separator_at_the_end_of_a_directory(win, layout):
    root = old_tree(win, layout) + '\\root'
    result = win.python('3.11', SEPARATOR, root, sandbox='broker', roots=root)
    assert result.stdout.splitlines() == ['made and removed'] * 3, result
    # The twin.
    root = old_tree(win, layout) + '\\root'
    strict = win.python('3.11', SEPARATOR, root, sandbox='strict', roots=root)
    assert strict.stdout.splitlines()[:2] == ['5', '5'], strict
