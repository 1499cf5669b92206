"""pytest over a project of 32 tests that use tmp_path, with its cache."""

import os
import re
import subprocess
import sys

import report

TESTS = '''
import pytest

@pytest.mark.parametrize("n", range(30))
def test_file(tmp_path, n):
    (tmp_path / "a").write_text(str(n))
    (tmp_path / "a").replace(tmp_path / "b")
    assert (tmp_path / "b").read_text() == str(n)

def test_shared(tmp_path_factory):
    assert tmp_path_factory.mktemp("shared").is_dir()

def test_printed(capfd):
    print("text")
    assert capfd.readouterr().out.strip() == "text"
'''


def probe(root, outside, sibling):
    with open(os.path.join(root, 'test_project.py'), 'w') as file:
        file.write(TESTS)
    done = subprocess.run([sys.executable, '-m', 'pytest', '-q', root], cwd=root, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = [line for line in done.stdout.splitlines() if ' in ' in line] or ['no result']
    cache = os.path.exists(os.path.join(root, '.pytest_cache', 'v', 'cache', 'nodeids'))
    result = re.sub(r' in .*', '', lines[-1]).strip('= ')
    if done.returncode or not cache:
        return 'fails: ' + result.split(':')[0]
    return result


report.run(probe)
