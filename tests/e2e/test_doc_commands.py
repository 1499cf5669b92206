"""Every sbx command in the documents is run as it stands, with the paths and names of this table put in."""
import json
import re

import pytest

import test_docs

PAGES = [page for page in [*test_docs.PAGES, test_docs.ROOT / 'CONTRIBUTING.md'] if page.name != 'cli.md']

# What cannot be run on the test bed, and why.
NOT_RUN = {
    'sbx run --broker --writable-root C:\\work\\app --protect-vcs -- git commit -m message': 'there is no git for Windows',
    'sbx run --broker --writable-root C:\\work -- python -m pip install -r requirements.txt': 'needs a package index',
}

# The longer path comes first.
DIRECTORIES = ('C:\\WorkProjects\\app', 'C:\\work\\app', 'C:\\work\\job', 'C:\\work', 'C:\\w')

# Exit codes other than 0. Without the broker pytest cannot replace its files; doctor may have warnings.
EXIT_CODES = {
    'sbx run --writable-root C:\\WorkProjects\\app -- python -m pytest': {0, 1, 3},
    'sbx doctor': {0, 1},
}

FILES = {
    'clean.py': "import os; os.remove('src\\\\old.txt')",
    'report.py': "print('report')",
    'build.js': "require('fs').writeFileSync('made.txt', 'made')",
    'build.cmd': '@echo made> made.txt\r\n',
    'test_one.py': 'def test_one(tmp_path):\n    assert tmp_path.exists()\n',
    'src\\old.txt': 'old',
    'agent.py': "print('agent')",
    '.env': 'KEY=value',
    '.ssh\\id': 'key',
}


def commands():
    found = {}
    for page in PAGES:
        for line in test_docs.command_lines(page):
            # Two spaces begin a remark.
            found.setdefault(re.split(r' {2,}', line)[0], page.name)
    return found


def run_words(win, place, line):
    for directory in DIRECTORIES:
        line = re.sub(re.escape(directory) + r'(?![\w])', lambda _: '<root>', line)
    line = line.replace('%USERPROFILE%', '<root>').replace('C:\\logs', '<outside>').replace('C:\\some\\path', '<outside>\\kept.txt')
    names = {'python': win.win(win.pythons['3.11']), 'node': win.win(win.node), 'sbx': win.win(win.sbx),
             'cmd': 'C:\\windows\\system32\\cmd.exe', 'COMMAND': 'C:\\windows\\system32\\hostname.exe'}
    return [names.get(word, word).replace('<root>', place + '\\root').replace('<outside>', place + '\\outside')
            for word in line.split()]


def make_files(win, place):
    for name, content in FILES.items():
        path = win.host(place + '\\root\\' + name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, newline='')


def delete_with_undo(win, place):
    """A run that deletes src\\old.txt and keeps it; its id."""
    root = place + '\\root'
    known = undo_runs(win)
    done = win.run([win.pythons['3.11'], 'clean.py'], sandbox='broker', roots=root, options=['--undo'], cwd=root)
    assert done.returncode == 0 and not win.host(root + '\\src\\old.txt').exists(), done
    [run] = undo_runs(win) - known
    return run


def undo_runs(win):
    return {run['run'] for run in json.loads(win.run([win.sbx, 'undo', 'list', '--json']).stdout)['runs']}


def test_the_list_of_commands_that_are_not_run_is_exact():
    found = commands()
    assert set(NOT_RUN) <= set(found) and set(EXIT_CODES) <= set(found)
    assert len(found) >= 15


@pytest.mark.parametrize('line', [line for line in commands() if line not in NOT_RUN])
def test_command(win, modify_place, line):
    make_files(win, modify_place)
    words = run_words(win, modify_place, line)
    if line.startswith('sbx undo') or 'roots show' in line:
        run = delete_with_undo(win, modify_place)
        words = [run if word in ('RUN', '0123456789abcdef') else word for word in words]
    if line.startswith('sbx hide remove'):
        assert win.run_sbx('hide', 'add', words[-1]).returncode == 0
    done = win.run(words, cwd=modify_place + '\\root')
    assert done.returncode in EXIT_CODES.get(line, {0}), done
    if line.startswith('sbx hide add'):
        assert win.run_sbx('hide', 'remove', words[-1]).returncode == 0
    if 'build.' in line:
        assert win.host(modify_place + '\\root\\made.txt').exists(), done
    if 'undo restore' in line:
        assert win.host(modify_place + '\\root\\src\\old.txt').read_text() == 'old', done


def test_python_in_the_api_page(win, modify_place):
    make_files(win, modify_place)
    blocks = re.findall(r'```python\n(.*?)```', (test_docs.ROOT / 'docs' / 'api.md').read_text(encoding='utf-8'), re.S)
    assert len(blocks) == 2
    code = 'import sys; sys.path.insert(0, sys.argv[1])\n' + '\n'.join(blocks) + '\nprint(process.returncode)'
    code = code.replace('C:\\work\\app', modify_place + '\\root').replace("'python'", 'sys.executable')
    code = code.replace("'node'", repr(win.win(win.node)))
    done = win.python('3.11', code, test_docs.ROOT / 'python', cwd=modify_place + '\\root', env={'SBX_EXE': win.win(win.sbx)})
    assert done.returncode == 0 and done.stdout.startswith('0 ') and '1 passed' in done.stdout, done
    # The second program may be stopped: the block ends it when its events are over.
    assert done.stdout.rstrip().endswith(('\n0', '\n1')), done


def test_dev_commands_exist():
    known = set(re.findall(r'^ *([a-z|-]+)\)', (test_docs.ROOT / 'dev').read_text(encoding='utf-8'), re.M))
    known = {word for words in known for word in words.split('|')}
    named = {word for page in PAGES for word in re.findall(r'\./dev ([a-z-]+)', page.read_text(encoding='utf-8'))}
    assert {'build', 'test', 'demo'} <= named and named <= known, named - known
