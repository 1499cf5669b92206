"""SetFileAttributes on files that are older than the stamp of their root."""

CHANGE = """
import os, sys
try:
    os.chmod(sys.argv[1], 0o444)
    print(oct(os.stat(sys.argv[1]).st_mode & 0o777))
except OSError as error:
    print('error', error.winerror)
"""


def change(win, path, root, sandbox='broker'):
    answer = win.python('3.11', CHANGE, path, sandbox=sandbox, roots=root if sandbox else ())
    assert answer.returncode == 0, answer
    return answer.stdout.strip()


def test_attributes_of_an_older_file(win, place):
    root, old, outside = place + '\\root', place + '\\root\\old', place + '\\outside\\kept.txt'
    (win.host(place) / 'root' / 'old').write_text('old')
    assert win.probe('3.11', 'descriptors.py', place + '\\root', 'own').returncode == 0
    assert change(win, old, root, 'strict') == 'error 5'
    assert change(win, outside, root) == 'error 5'
    assert change(win, old, root) == '0o444'
    assert change(win, outside, root, None) == '0o444'
