"""cmd.exe as the child: its own commands change the roots and nothing else, and its exit code is the run's."""

import os

SCRIPT = r'''@echo off
cd /d %1
mkdir made
echo one> made\one.txt
echo two>> made\one.txt
copy made\one.txt made\two.txt > nul
ren made\two.txt three.txt
move made\three.txt four.txt > nul
del made\one.txt
rd /s /q made
mkdir deep\er
echo x> deep\er\x
rd /s /q deep
cmd /c "echo inner> inner.txt & del inner.txt"
echo left> left.txt
del %2\kept.txt 2> nul
ren %2\kept.txt lost.txt 2> nul
echo lost> %2\kept.txt
echo new> %2\new.txt
exit /b 7
'''


def prepare(win, place):
    script = place + '\\sibling\\work.cmd'
    win.host(script).write_bytes(SCRIPT.replace('\n', '\r\n').encode())
    return ['cmd', '/c', script, place + '\\root', place + '\\outside']


def names(win, path):
    return sorted(os.listdir(win.host(path)))


def test_cmd_changes_its_root_alone(win, place):
    result = win.run(prepare(win, place), sandbox='broker', roots=place + '\\root')
    assert result.returncode == 7, result
    assert names(win, place + '\\root') == ['four.txt', 'left.txt']
    assert win.host(place + '\\root\\four.txt').read_text().split() == ['one', 'two']
    assert names(win, place + '\\outside') == ['kept.txt'] and win.host(place + '\\outside\\kept.txt').read_text() == 'kept'


def test_cmd_without_the_broker_keeps_what_it_cannot_delete(win, modify_place):
    result = win.run(prepare(win, modify_place), sandbox='strict', roots=modify_place + '\\root')
    assert result.returncode == 7, result
    assert {'made', 'deep', 'inner.txt', 'left.txt'} <= set(names(win, modify_place + '\\root'))
    assert win.host(modify_place + '\\outside\\kept.txt').read_text() == 'kept'


def test_cmd_unsandboxed_changes_both(win, modify_place):
    result = win.run(prepare(win, modify_place))
    assert result.returncode == 7, result
    assert names(win, modify_place + '\\root') == ['four.txt', 'left.txt']
    assert 'new.txt' in names(win, modify_place + '\\outside') and win.host(modify_place + '\\outside\\kept.txt').read_text() != 'kept'
