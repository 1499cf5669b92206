"""pytest gives the same results inside as outside: tests, warnings, caches, directories."""

import json
import re

import pytest

PROJECT = '''
import os, pathlib, subprocess, sys, tempfile, warnings
import pytest


@pytest.mark.parametrize("n", range(12))
def test_files(tmp_path, n):
    (tmp_path / "a").write_text(str(n))
    (tmp_path / "a").replace(tmp_path / "b")
    assert (tmp_path / "b").read_text() == str(n)
    (tmp_path / "b").unlink()


@pytest.mark.parametrize("n", range(6))
def test_shared(tmp_path_factory, n):
    path = tmp_path_factory.mktemp("shared")
    (path / "f").write_text("x")
    assert [p.name for p in path.iterdir()] == ["f"]


@pytest.mark.parametrize("n", range(4))
def test_old_tmpdir(tmpdir, n):
    tmpdir.join("f").write("x")
    tmpdir.join("f").remove()
    assert not tmpdir.listdir()


def test_capfd(capfd):
    os.system("echo text")
    assert capfd.readouterr().out.strip() == "text"


def test_capsys(capsys):
    print("text")
    assert capsys.readouterr().out == "text\\n"


def test_cache(cache):
    cache.set("project/value", cache.get("project/value", 0) + 1)
    assert cache.mkdir("made").is_dir()


def test_monkeypatch(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("here").touch()
    assert (tmp_path / "here").exists()


def test_subprocess(tmp_path):
    code = "import os; open('a', 'w').close(); os.replace('a', 'b')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
    assert (tmp_path / "b").exists()


def test_tempfile():
    with tempfile.TemporaryDirectory() as path:
        pathlib.Path(path, "f").write_text("x")
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x")
    assert not os.path.exists(path) and not os.path.exists(file.name)


def test_warns():
    warnings.warn("on purpose")


def test_fails():
    assert 1 == 2


@pytest.mark.skip
def test_skipped():
    pass


@pytest.mark.xfail
def test_expected_failure():
    assert False


@pytest.fixture
def broken():
    raise ValueError


def test_error(broken):
    pass
'''
# Not --junitxml: it asks for the machine's name by WMI.
CONFTEST = '''
import json, pathlib
found = {}

def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        found[report.nodeid.split("::")[-1]] = [report.when, report.outcome, hasattr(report, "wasxfail")]

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path(__file__).with_name("results.json").write_text(json.dumps(found))
'''


def run(win, place, version, sandbox, *options, cwd=None):
    root = place + '\\root'
    return win.run([win.pythons[version], '-m', 'pytest', *options, root + '\\tests'],
                   sandbox=sandbox, roots=root, cwd=root, env={'PYTHONDONTWRITEBYTECODE': ''}, timeout=120)


def project(win, layout):
    place = win.new_place(layout)
    tests = win.host(place + '\\root\\tests')
    tests.mkdir()
    (tests / 'test_project.py').write_text(PROJECT)
    (tests / 'conftest.py').write_text(CONFTEST)
    (tests.parent / 'pytest.ini').write_text('[pytest]\n')
    return place


def outcome(win, place, result):
    """Each test with what became of it, and the line of totals without its time."""
    tests = json.loads(win.host(place + '\\root\\tests\\results.json').read_text())
    totals = re.findall(r'=+ (.*) in [\d.]+s', result.stdout)
    return tests, totals[-1] if totals else result.stdout[-500:]


@pytest.mark.parametrize('options', [[], ['-n', '2'], ['--basetemp', 'base'], ['-p', 'no:cacheprovider', '-s']],
                         ids=['plain', 'xdist', 'basetemp', 'no-cache'])
def test_same_results(win, layout, version, options):
    if options and layout == 'full':
        pytest.skip('the options are the same in both layouts')
    found = {}
    for sandbox in (None, 'broker'):
        place = project(win, layout)
        result = run(win, place, version, sandbox, *options)
        found[sandbox] = outcome(win, place, result)
        assert 'PytestCacheWarning' not in result.stdout, result
    tests, totals = found[None]
    assert len(tests) >= 30 and '2 failed' not in totals and '1 warning' in totals, totals
    assert found['broker'] == found[None]


def test_fails_under_the_strict_token(win, layout, version):
    place = project(win, layout)
    result = run(win, place, version, 'strict')
    assert result.returncode != 0 and not re.search(r' 2\d passed', result.stdout), result


def test_cache_and_bytecode_are_written(win, version):
    place = project(win, 'modify')
    first = run(win, place, version, 'broker')
    second = run(win, place, version, 'broker', '--lf')
    assert '1 failed' in first.stdout, first
    root = win.host(place + '\\root')
    assert (root / '.pytest_cache' / 'v' / 'cache' / 'lastfailed').exists()
    assert list((root / 'tests' / '__pycache__').glob('*.pyc'))
    # --lf ran what failed: the failure and the error.
    assert len(outcome(win, place, second)[0]) == 2, second


def test_old_directories_of_basetemp_are_replaced(win, version):
    place = project(win, 'modify')
    for _ in range(3):
        result = run(win, place, version, 'broker', '--basetemp', 'base', '-k', 'files')
        assert result.returncode == 0 and '12 passed' in result.stdout, result
        assert 'warning' not in outcome(win, place, result)[1]
