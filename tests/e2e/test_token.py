"""The strict token, as the child itself sees it."""

import json

import pytest
import world

EVERYONE = 'S-1-1-0'


def facts(win, sandbox, place, **how):
    result = win.probe('3.11', 'token_facts.py', sandbox=sandbox, roots=place + '\\root' if sandbox else (), **how)
    assert result.returncode == 0, result
    return json.loads(result.stdout)


@pytest.mark.parametrize('sandbox, level', [('strict', 'medium'), ('broker', 'low'), ('medium', 'medium')])
def test_token(win, modify_place, sandbox, level):
    token = facts(win, sandbox, modify_place)
    assert token['privileges'] == ['SeChangeNotifyPrivilege']
    assert token['administrators'] in ('deny-only', 'not a member')
    assert token['integrity'] == level
    assert token['restricted']


def test_token_unsandboxed(win, modify_place):
    token = facts(win, None, modify_place)
    assert len(token['privileges']) > 1 and not token['restricted'] and token['restricting'] == []


@pytest.mark.parametrize('sandbox', ['strict', 'broker'])
def test_restricting_sids(win, modify_place, sandbox):
    token = facts(win, sandbox, modify_place)
    assert token['user'] not in token['restricting']
    assert EVERYONE in token['restricting']
    own = {sid for sid in token['restricting'] if sid != EVERYONE and sid not in token['logon']}
    # One for the run (and its TEMP), one for the root.
    assert len(own) == 2 and all(sid.startswith('S-1-5-21-') for sid in own), token


def test_each_root_has_its_own_sid_and_keeps_it(win, modify_place):
    def own(roots):
        result = win.probe('3.11', 'token_facts.py', sandbox='broker', roots=[modify_place + '\\' + name for name in roots])
        return {sid for sid in json.loads(result.stdout)['restricting'] if sid.startswith('S-1-5-21-')}

    first, second, both = own(['root']), own(['sibling']), own(['root', 'sibling'])
    assert len(first & both) == 1 and len(second & both) == 1 and not first & second


def test_a_child_of_the_child_has_the_same_token(win, modify_place):
    probe = win.win(world.PROBES / 'token_facts.py')
    code = "import subprocess, sys; sys.stdout.write(subprocess.run([sys.executable, sys.argv[1]], stdout=subprocess.PIPE, " \
           "text=True, stdin=subprocess.DEVNULL).stdout)"
    result = win.python('3.11', code, probe, sandbox='broker', roots=modify_place + '\\root')
    token = json.loads(result.stdout)
    assert token['restricted'] and token['integrity'] == 'low' and token['privileges'] == ['SeChangeNotifyPrivilege']
