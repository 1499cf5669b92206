"""Hidden paths: no program at Low reads them, whatever it tries, and afterwards all is as it was."""

import json
import os
import shutil

import pytest

DENIED = ('c0000022', 'error 5', 'error 13')
# READ_CONTROL is the owner's by the DACL alone; it shows who may read, and no content.
HARMLESS = {'child', 'read by id', 'read descriptor', 'run'}


def label(win, path):
    shown = win.probe('3.11', 'show_security.py', path)
    assert shown.returncode == 0, shown
    # An empty SACL says what none says.
    return shown.stdout.replace('\nS:\n', '\n\n')


def listed(win, path):
    """The lines of `sbx hide list` at or below `path`."""
    return '\n'.join(line for line in win.run_sbx('hide', 'list').stdout.splitlines() if line.startswith(path))


def is_hidden(win, path):
    text = label(win, path)
    return 'NWNRNX' in text or 'CCDCLC' in text


def put_secret(win, place, name='outside\\secret'):
    secret = win.host(place).joinpath(*name.split('\\'))
    (secret / 'below').mkdir(parents=True)
    (secret / 'key.txt').write_text('key')
    (secret / 'gone.txt').write_text('gone')
    (secret / 'below' / 'deep.txt').write_text('deep')
    shutil.copy(win.sbx.with_name('attack.exe'), secret / 'tool.exe')
    return f'{place}\\{name}'


def labels(win, secret):
    # The DACL of what lies in a root is another matter.
    return [label(win, path).split('\n')[1] for path in (secret, secret + '\\key.txt', secret + '\\below', secret + '\\below\\deep.txt')]


def tries(win, secret, place, **how):
    identity = os.stat(win.host(secret) / 'key.txt').st_ino
    done = win.probe('3.11', 'hidden.py', secret, place + '\\root', identity, roots=place + '\\root', **how)
    assert done.returncode == 0, done
    return json.loads(done.stdout.splitlines()[-1]), done


@pytest.mark.parametrize('where', ['outside\\secret', 'root\\secret'], ids=['outside', 'in the root'])
def test_nothing_of_it_can_be_had(win, place, where):
    secret = put_secret(win, place, where)
    before = labels(win, secret)
    found, done = tries(win, secret, place, sandbox='broker', options=['--hide', secret, '--events', place + '\\events'])
    worked = {name: result for name, result in found.items() if result not in DENIED and name not in HARMLESS}
    assert worked == {} and found['child'] == 1 and found['read by id'] != '00000000', found
    # Wine says that there is no such program.
    assert found['run'] in (*DENIED, 'error 2'), found
    assert sorted(path.name for path in win.host(secret).iterdir()) == ['below', 'gone.txt', 'key.txt', 'tool.exe']
    assert not (win.host(place) / 'root' / 'stolen.txt').exists() and not (win.host(place) / 'root' / 'copied.txt').exists()
    assert f'sbx: denied: {secret}' in done.stderr and 'in a hidden path' in done.stderr, done
    rules = {json.loads(line).get('rule') for line in (win.host(place) / 'events').read_text().splitlines()}
    assert 'hidden' in rules
    assert labels(win, secret) == before


def test_without_hiding_it_is_read(win, place):
    secret = put_secret(win, place)
    found, _ = tries(win, secret, place, sandbox='broker')
    assert found['read'] == 'key' and isinstance(found['run'], int) and found['list'] == ['below', 'gone.txt', 'key.txt', 'tool.exe'] and found['map'] == 'mapped', found
    assert found['child'] == 0 and found['read relative'] == '00000000' and found['copy'].endswith('copied.txt')


def test_outside_it_is_read_while_a_run_hides_it(win, modify_place):
    secret = put_secret(win, modify_place)
    wait = 'import sys; print("ready", flush=True); sys.stdin.read()'
    run = win.start_program(win.command([win.pythons['3.11'], '-c', wait], 'broker', modify_place + '\\root', ['--hide', secret]), stdin=-1)
    try:
        assert run.stdout.readline().strip() == b'ready'
        outside = win.python('3.11', 'import sys; print(open(sys.argv[1]).read())', secret + '\\key.txt')
        assert outside.stdout.strip() == 'key', outside
        # A second run hides the same and ends first: the first one's claim holds.
        second, _ = tries(win, secret, modify_place, sandbox='broker', options=['--hide', secret])
        assert second['read'] == 'error 13', second
        other, _ = tries(win, secret, modify_place, sandbox='broker')
        assert other['read'] == 'error 13' and other['list'] == 'error 5', other
        assert listed(win, secret) == secret + ' (for a run)'
    finally:
        run.stdin.close()
        run.wait(30)
    assert listed(win, secret) == ''
    assert tries(win, secret, modify_place, sandbox='broker')[0]['read'] == 'key'


def test_labels_of_its_own_come_back(win, modify_place):
    secret = put_secret(win, modify_place)
    assert win.probe('3.11', 'set_label.py', secret + '\\key.txt', 'S:(ML;;NWNR;;;LW)').returncode == 0
    assert win.probe('3.11', 'set_label.py', secret + '\\below', 'S:(ML;OICI;NW;;;ME)').returncode == 0
    before = labels(win, secret)
    assert len(set(before)) > 2
    found, _ = tries(win, secret, modify_place, sandbox='broker', options=['--hide', secret + '\\key.txt', '--hide', secret])
    assert found['read'] == 'error 13', found
    assert labels(win, secret) == before


def test_a_run_that_is_killed(win, modify_place):
    secret = put_secret(win, modify_place)
    before = labels(win, secret)
    wait = 'import sys; print("ready", flush=True); sys.stdin.read()'
    run = win.start_program(win.command([win.pythons['3.11'], '-c', wait], 'broker', modify_place + '\\root', ['--hide', secret]), stdin=-1)
    assert run.stdout.readline().strip() == b'ready'
    run.kill()
    run.wait(30)
    assert labels(win, secret) != before
    assert 'were ended' in win.run_sbx('doctor').stdout
    again = win.python('3.11', 'print(1)', sandbox='broker', roots=modify_place + '\\root')
    assert again.returncode == 0 and secret in again.stderr, again
    assert labels(win, secret) == before and listed(win, secret) == ''


def test_for_good(win, place):
    secret = put_secret(win, place)
    before = labels(win, secret)
    added = win.run_sbx('hide', 'add', secret)
    assert added.returncode == 0 and added.stdout.strip() == secret + ' is hidden', added
    assert tries(win, secret, place, sandbox='broker')[0]['read'] == 'error 13'
    # What is made there later inherits it; what is moved in is found at the next look.
    made = win.python('3.11', r"import sys, os; open(sys.argv[1] + r'\later.txt', 'w').write('x'); "
                              r"open(sys.argv[2], 'w').close(); os.rename(sys.argv[2], sys.argv[1] + r'\moved.txt')",
                      secret, place + '\\outside\\moved.txt')
    assert made.returncode == 0, made
    assert is_hidden(win, secret + '\\later.txt') and not is_hidden(win, secret + '\\moved.txt')
    assert win.python('3.11', 'print(1)', sandbox='broker', roots=place + '\\root', options=['--hide', secret]).returncode == 0
    assert is_hidden(win, secret + '\\moved.txt')
    listed = win.run_sbx('hide', 'list', '--json')
    assert {'path': secret, 'lasting': True} in json.loads(listed.stdout)['hidden']
    removed = win.run_sbx('hide', 'remove', secret)
    assert removed.returncode == 0 and removed.stdout.strip() == secret + ' is no longer hidden', removed
    assert labels(win, secret) == before and tries(win, secret, place, sandbox='broker')[0]['read'] == 'key'
    assert win.run_sbx('hide', 'remove', secret).returncode == 125


def test_explain(win, modify_place):
    secret = put_secret(win, modify_place)
    assert win.run_sbx('explain', '--op', 'read', secret + '\\key.txt').returncode == 0
    assert win.run_sbx('hide', 'add', secret).returncode == 0
    said = win.run_sbx('explain', '--op', 'read', secret + '\\key.txt')
    assert said.returncode == 1 and 'hidden' in said.stdout, said
    assert win.run_sbx('hide', 'remove', secret).returncode == 0


SECRETS = ['.ssh\\id_rsa', '.aws\\credentials', '.npmrc', '.docker\\config.json', 'AppData\\Roaming\\GitHub CLI\\hosts.yml',
           'AppData\\Roaming\\gcloud\\x']
PLAIN = ['plain.txt', '.docker\\daemon.json']


def test_the_usual_places(win, modify_place):
    paths = [f'{win.home}\\{name}' for name in SECRETS + PLAIN]
    for path in paths:
        win.host(path).parent.mkdir(parents=True, exist_ok=True)
        win.host(path).write_text('content')
    code = """
import sys
for path in sys.argv[1:]:
    try: print(open(path).read())
    except PermissionError: print('denied')
"""
    for options, secret in ([], 'content'), (['--hide-secrets'], 'denied'):
        done = win.python('3.11', code, *paths, sandbox='broker', roots=modify_place + '\\root', options=options)
        assert done.stdout.split() == [secret] * len(SECRETS) + ['content'] * len(PLAIN), done
    for path in paths:
        win.host(path).unlink()


@pytest.mark.parametrize('options, words', [
    (['--hide', 'MISSING'], 'cannot be hidden'),
    (['--hide', ''], 'empty path'),
    (['--hide', 'C:\\'], 'it is a whole drive'),
    (['--hide', 'C:\\windows'], 'the Windows folder'),
    (['--hide', 'ROOT'], 'the writable root'),
    (['--hide', 'PLACE'], 'the writable root'),
    (['--hide', 'SECRET', '--integrity', 'medium'], 'need a program at Low integrity'),
])
def test_what_cannot_be_promised_ends_the_run(win, modify_place, options, words):
    secret = put_secret(win, modify_place)
    before = labels(win, secret)
    given = {'MISSING': modify_place + '\\missing', 'ROOT': modify_place + '\\root', 'PLACE': modify_place, 'SECRET': secret}
    done = win.python('3.11', 'print(1)', sandbox='broker', roots=modify_place + '\\root', options=[given.get(word, word) for word in options])
    assert done.returncode == 125 and words in done.stderr and not done.stdout, done
    assert labels(win, secret) == before and listed(win, secret) == ''


def test_without_the_broker_it_is_refused(win, modify_place):
    secret = put_secret(win, modify_place)
    done = win.python('3.11', 'print(1)', sandbox='strict', roots=modify_place + '\\root', options=['--hide', secret])
    assert done.returncode == 125 and 'Low integrity' in done.stderr, done


def test_a_project_may_hide_what_is_below_it(win, modify_place):
    put_secret(win, modify_place, 'root\\secret')
    (win.host(modify_place) / 'root' / '.sbx.json').write_text(json.dumps({'hide': ['secret', modify_place + '\\outside']}))
    code = r"""
import sys
try: print(open(r'secret\key.txt').read())
except PermissionError: print('denied')
"""
    done = win.python('3.11', code, sandbox='broker', roots=modify_place + '\\root', cwd=modify_place + '\\root')
    assert done.stdout.strip() == 'denied' and 'not below the file' in done.stderr, done


def test_a_damaged_list_is_said(win, modify_place):
    secret = put_secret(win, modify_place)
    state = win.host(win.home + '\\AppData\\Local\\sbx')
    assert win.run_sbx('hide', 'add', secret).returncode == 0
    kept = (state / 'hidden.json').read_bytes()
    (state / 'hidden.json').write_bytes(kept[:-9])
    done = win.python('3.11', 'print(1)', sandbox='broker', roots=modify_place + '\\root', options=['--hide', secret])
    assert done.returncode == 125 and 'hidden.json is damaged' in done.stderr, done
    assert 'cannot be read' in win.run_sbx('doctor').stdout
    (state / 'hidden.json').write_bytes(kept)
    assert win.run_sbx('hide', 'remove', secret).returncode == 0
