"""The layout of the sources stays as docs/design.md says."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(p for part in ("proto", "broker", "shim") for p in (ROOT / part).glob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
PORTABLE = [p for p in SOURCES if p.parent.name == "proto" or p.stem in ("policy", "route")]
WINDOWS_HEADERS = {"windows.h", "winternl.h", "nt.h", "ntstatus.h", "winsock2.h", "sddl.h"}


def includes(path):
    return [(kind == '"', name) for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def test_there_are_sources():
    assert len(SOURCES) > 40
    assert len(PORTABLE) >= 7


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "%s/%s" % (p.parent.name, p.name))
def test_a_part_includes_only_itself_and_proto(path):
    part = path.parent.name
    for own, name in includes(path):
        if own and "/" in name:
            assert name.startswith("../proto/"), name
            assert part != "proto", name
        elif own:
            assert (path.parent / name).exists(), name


@pytest.mark.parametrize("path", PORTABLE, ids=lambda p: p.name)
def test_portable_code_has_no_windows_header(path):
    assert not {name for _, name in includes(path)} & WINDOWS_HEADERS


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "%s/%s" % (p.parent.name, p.name))
def test_files_stay_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 500
    assert not [n for n, line in enumerate(lines, 1) if len(line) > 130]


def test_no_header_includes_itself_by_way_of_others():
    """What a header includes comes before it: no ring, within a part or between parts."""
    reached = {}

    def follow(path, way):
        assert path not in way, " -> ".join(p.name for p in [*way, path])
        if path not in reached:
            reached[path] = True
            for own, name in includes(path):
                if own:
                    follow((path.parent / name).resolve(), [*way, path])

    for path in SOURCES:
        follow(path, [])
    assert len([p for p in reached if p.suffix == ".h"]) > 20


# Calls that exist as ...A and ...W, named without the letter or in the A form.
ANSI_CALL = re.compile(r"\b(?:Create|Open|Get|Set|Delete|Move|Copy|Replace|Find|Load|Format|Query|Reg|Lookup|Convert|Write|Read|"
                       r"Expand|Search|Remove)[A-Z][A-Za-z]*[a-z]A\s*\(")
NARROW_NAMES = re.compile(r"\b(?:fopen|_open|remove|rename|getenv|system|strdup\s*\(\s*argv)\s*\(")


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".c"], ids=lambda p: "%s/%s" % (p.parent.name, p.name))
def test_windows_calls_are_wide(path):
    text = path.read_text(encoding="utf-8")
    assert not ANSI_CALL.findall(text)
    assert not NARROW_NAMES.findall(text)


def declarations(header):
    """(name, declaration) of the functions that a header declares."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.S)
    for declaration in re.findall(r"[^;{}]*;", re.sub(r"^\s*#.*$", "", text, flags=re.M)):
        named = re.search(r"\b([a-z]\w*)\s*\((?!\()", declaration.replace("__attribute__((warn_unused_result))", ""))
        if named:
            yield named.group(1), " ".join(declaration.split())


# Functions that resolve a path, check a handle or say what is allowed. A result that is dropped here is a hole.
DECIDING = {"policy.h", "place.h", "object.h", "fileops.h", "acl.h", "walk.h", "roots.h", "roots_tree.h", "state.h", "run.h",
            "access.h", "token.h", "harden.h", "diskpath.h", "route.h"}
# Answers nobody acts on: a report, a fact for people.
TELLING = {"tree_report", "policy_verdict_text", "policy_verdict_name", "token_is_elevated", "fileops_failed",
           "run_option_given"}


@pytest.mark.parametrize("name", sorted(DECIDING))
def test_deciding_headers_warn_when_a_result_is_lost(name):
    seen = 0
    for function, declaration in declarations(ROOT / "broker" / name):
        if re.match(r"(?:__attribute__\(\(warn_unused_result\)\) )?(?:NTSTATUS|DWORD|bool|HANDLE|enum \w+|struct outcome) \*?\w+\s*\(",
                    declaration):
            seen += 1
            assert function in TELLING or "warn_unused_result" in declaration, function
    assert seen


def test_c_is_formatted():
    program = shutil.which("clang-format-14")
    if not program:
        pytest.skip("clang-format-14 is not installed")
    files = [*SOURCES, *(ROOT / "tests" / "unit").glob("*.[ch]"), *(ROOT / "tests" / "fuzz").glob("*.c"),
             *(ROOT / "bench").glob("*.[ch]"), *(path for part in ("attack", "faults", "soak") for path in (ROOT / "tests" / part).glob("*.[ch]"))]
    done = subprocess.run([program, "--dry-run", "-Werror", *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert done.returncode == 0, done.stdout.decode()


def test_nothing_is_left_open():
    """No note to oneself, and no path of the machine that somebody works on."""
    marks = re.compile("|".join(["TO" "DO", "FIX" "ME", "XX" "X:", r"(?<![\w.$}\"'])/(?:ho" "me|wo" "rk)/"]))
    kinds = {".c", ".h", ".py", ".js", ".sh", ".md", ".txt", ".cmake", ".in", ".json", ".yml"}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, timeout=60)
    names = listed.stdout.decode().splitlines() if listed.returncode == 0 else []
    if not names:
        pytest.skip("not in a git checkout")
    # hooks.py names lines of Wine's source, which have such notes.
    files = [ROOT / name for name in names
             if pathlib.Path(name).suffix in kinds and not name.endswith("/hooks.py") and (ROOT / name).exists()]
    assert len(files) > 100
    for path in files:
        assert not marks.findall(path.read_text(encoding="utf-8")), path
