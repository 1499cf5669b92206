"""What was denied outside the roots is told once, at the end, without a message when it happens."""

import json

TRY = '''
import os, subprocess, sys
for name in sys.argv[1].split('|'):
    try:
        open(name, 'w')
    except PermissionError as error:
        print('error', error.errno)
if len(sys.argv) > 2:
    sys.exit(subprocess.run([sys.executable, '-c', sys.argv[2], sys.argv[1]], stdin=subprocess.DEVNULL).returncode)
'''


def told(result):
    return [line for line in result.stderr.splitlines() if line.startswith('sbx: denied:')]


def test_each_directory_is_one_line(win, place):
    names = [place + '\\outside\\new', place + '\\outside\\kept.txt', place + '\\sibling\\new']
    result = win.python('3.11', TRY, '|'.join(names), TRY, sandbox='broker', roots=place + '\\root', options=['--stats'])
    assert result.stdout.split() == ['error', '13'] * 6, result
    assert told(result) == [f'sbx: denied: {names[0]} and more there: not in a writable root',
                            f'sbx: denied: {names[2]}: not in a writable root'], result
    assert f'sbx: writable root: {place}\\root' in result.stderr
    # No request for a denial: what is told at the end, by each process, is no request either.
    assert result.stats()['requests'] == 0 and result.stats()['note'] == 6, result


def test_quiet_and_events(win, place):
    events, name = place + '\\outside\\events', place + '\\sibling\\new\u202e\x85'
    result = win.python('3.11', TRY, name, sandbox='broker', roots=place + '\\root', options=['--quiet', '--events', events])
    assert result.stderr == '', result
    lines = [json.loads(line) for line in win.host(events).read_text(encoding='utf-8').splitlines()]
    denied = [line for line in lines if line['op'] == 'denied']
    assert [line['path'] for line in denied] == [name], lines
    assert denied[0]['rule'] == 'outside' and not denied[0]['ok']
    shown = win.python('3.11', TRY, name, sandbox='broker', roots=place + '\\root')
    # No control character and no change of direction reaches the terminal.
    assert '\u202e' not in shown.stderr and '\x85' not in shown.stderr and len(told(shown)) == 1, shown


def test_reading_is_not_told(win, place):
    code = "import sys; print(open(sys.argv[1]).read())"
    result = win.python('3.11', code, place + '\\outside\\kept.txt', sandbox='broker', roots=place + '\\root')
    assert result.stdout == 'kept\n' and not told(result), result


def test_unsandboxed_nothing_is_denied(win, place):
    assert win.python('3.11', TRY, place + '\\sibling\\new').stdout == ''
    assert (win.host(place) / 'sibling' / 'new').exists()


def test_many_are_bounded(win, place):
    code = '''
import os, sys
for number in range(500):
    directory = os.path.join(sys.argv[1], str(number % 40))
    try:
        os.mkdir(directory + ('x' * 100) + str(number))
    except PermissionError:
        pass
'''
    result = win.python('3.11', code, place + '\\outside', sandbox='broker', roots=place + '\\root', options=['--stats'])
    assert result.returncode == 0 and 1 <= result.stats()['note'] <= 64, result
    assert len(told(result)) <= 12
