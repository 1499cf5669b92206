"""Programs that a run leaves behind are at their usual level afterwards, by whatever way they came to their place."""

import pytest

MAKE = r'''
import os, shutil, sys
root = sys.argv[1]
source = os.path.join(os.environ['SystemRoot'], 'system32', 'attrib.exe')
temp = os.environ['TEMP']
def put(*parts):
    path = os.path.join(*parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copyfile(source, path)
    return path
put(root, 'made.exe')
os.link(put(temp, 'cache', 'tool.exe'), os.path.join(root, 'linked from temp.exe'))
os.mkdir(os.path.join(root, 'target'))
os.link(put(root, 'target', 'deps', 'app-1.exe'), os.path.join(root, 'target', 'app.exe'))
put(root, 'before', 'deep', 'tool.exe')
os.rename(os.path.join(root, 'before'), os.path.join(root, 'moved'))
put(temp, 'staging', 'bin', 'tool.exe')
os.rename(os.path.join(temp, 'staging'), os.path.join(root, 'out of temp'))
os.rename(put(temp, 'single.exe'), os.path.join(root, 'single out of temp.exe'))
with open(os.path.join(root, 'download.tmp'), 'wb') as file, open(source, 'rb') as content:
    file.write(content.read())
os.replace(os.path.join(root, 'download.tmp'), os.path.join(root, 'renamed.exe'))
os.utime(os.path.join(root, 'older touched.exe'), (1000000000, 1000000000))
with open(os.path.join(root, 'older opened.exe'), 'r+b'):
    pass
with open(os.path.join(root, 'text.txt'), 'w') as file:
    file.write('stays Low')
'''
PROGRAMS = ['made.exe', 'linked from temp.exe', 'target\\app.exe', 'target\\deps\\app-1.exe', 'moved\\deep\\tool.exe',
            'out of temp\\bin\\tool.exe', 'single out of temp.exe', 'renamed.exe', 'older touched.exe', 'older opened.exe']
MANY = r'''
import os, shutil, sys, threading
root = sys.argv[1]
def fill(number):
    for i in range(1200):
        open(os.path.join(root, f'some rather long name of a program {number} {i}.exe'), 'wb').write(b'MZ')
threads = [threading.Thread(target=fill, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
'''


def label(win, path):
    shown = win.probe('3.11', 'show_security.py', path)
    assert shown.returncode == 0, shown
    return shown.stdout


def is_low(win, path):
    text = label(win, path)
    return 'LW)' in text or 'S-1-16-4096' in text


@pytest.mark.parametrize('options', [(), ('--undo',)], ids=['plain', 'undo'])
def test_programs_are_not_left_low(win, place, options):
    root = win.host(place) / 'root'
    for name in ('older touched.exe', 'older opened.exe'):
        (root / name).write_bytes(b'MZ older')
    made = win.python('3.11', MAKE, place + '\\root', sandbox='broker', roots=place + '\\root', options=options)
    assert made.returncode == 0 and 'stays at Low' not in made.stderr, made
    assert [name for name in PROGRAMS if is_low(win, f'{place}\\root\\{name}')] == []
    assert is_low(win, place + '\\root\\text.txt')


def test_more_programs_than_can_be_noted(win, modify_place):
    root = win.host(modify_place) / 'root'
    (root / 'older.exe').write_bytes(b'MZ')
    assert win.probe('3.11', 'set_label.py', modify_place + '\\root\\older.exe', 'S:(ML;;NW;;;LW)').returncode == 0
    made = win.python('3.11', MANY, modify_place + '\\root', sandbox='broker', roots=modify_place + '\\root', timeout=200)
    assert made.returncode == 0, made
    for number in range(4):
        assert not is_low(win, f'{modify_place}\\root\\some rather long name of a program {number} 1199.exe')
    # Not looked at: what the run did not change was labelled by somebody else.
    assert is_low(win, modify_place + '\\root\\older.exe')
