"""The layout of the sources stays as docs/design.md says."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(p for part in ("proto", "broker", "shim") for p in (ROOT / part).rglob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
PORTABLE = [p for p in SOURCES if p.parent.name in ("proto", "policy")]
WINDOWS_HEADERS = {"windows.h", "winternl.h", "nt.h", "ntstatus.h", "winsock2.h", "sddl.h"}


# Which folder may include which: its own, and these. Each row stands above the rows it names.
MAY_INCLUDE = {
    "broker": {"cmd", "run", "serve", "undo", "state", "rights", "sandbox", "object", "policy", "base", "proto"},
    "cmd": {"run", "serve", "undo", "state", "rights", "sandbox", "object", "policy", "base", "proto"},
    "run": {"serve", "undo", "state", "rights", "sandbox", "object", "policy", "base", "proto"},
    "serve": {"undo", "state", "rights", "sandbox", "object", "policy", "base", "proto"},
    "undo": {"state", "rights", "sandbox", "object", "policy", "base", "proto"},
    "state": {"rights", "sandbox", "object", "policy", "base", "proto"},
    "rights": {"object", "policy", "base", "proto"},
    "sandbox": {"object", "policy", "base", "proto"},
    "object": {"policy", "base", "proto"},
    "policy": {"proto"},
    "base": {"proto"},
    "shim": {"proto"},
    "proto": set(),
}


def label(path):
    return str(path.relative_to(ROOT))


def includes(path):
    return [(kind == '"', name) for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def test_there_are_sources():
    assert len(SOURCES) > 40
    assert len(PORTABLE) >= 7


def test_the_table_has_each_folder_and_no_circle():
    assert {p.parent.name for p in SOURCES} == set(MAY_INCLUDE)
    rows = list(MAY_INCLUDE)
    for above, row in enumerate(rows):
        assert all(rows.index(name) > above for name in MAY_INCLUDE[row]), row


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_includes_go_down(path):
    folder = path.parent.name
    for own, name in includes(path):
        if own and "/" in name:
            assert (ROOT / name).exists(), name
            target = (ROOT / name).parent.name
            assert target == folder or target in MAY_INCLUDE[folder], name
        elif own:
            assert folder in ("proto", "shim"), name + " is not written from the root of the repository"
            assert (path.parent / name).exists(), name


@pytest.mark.parametrize("path", PORTABLE, ids=lambda p: p.name)
def test_portable_code_has_no_windows_header(path):
    assert not {name for _, name in includes(path)} & WINDOWS_HEADERS


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_files_stay_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 500
    assert not [n for n, line in enumerate(lines, 1) if len(line) > 120]


def functions(path):
    """(first line, number of lines) of the functions of a C file, as clang-format lays them out."""
    begin = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if re.match(r"[a-z].*\(", line) and not line.endswith((";", "}")):
            begin = number
        elif line.startswith("}"):
            if begin:
                yield begin, number - begin + 1
            begin = None


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".c"], ids=label)
def test_functions_fit_a_screen(path):
    assert not [where for where in functions(path) if where[1] > 45]


def test_every_file_is_short():
    for path in ROOT.rglob("*"):
        part = path.relative_to(ROOT).parts[0]
        if part not in ("build", ".git") and path.suffix in (".c", ".h", ".py", ".sh", ".js"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path


def test_no_header_includes_itself_by_way_of_others():
    """What a header includes comes before it: no ring, within a part or between parts."""
    reached = {}

    def follow(path, way):
        assert path not in way, " -> ".join(p.name for p in [*way, path])
        if path not in reached:
            reached[path] = True
            for own, name in includes(path):
                if own:
                    follow((ROOT / name if "/" in name else path.parent / name).resolve(), [*way, path])

    for path in SOURCES:
        follow(path, [])
    assert len([p for p in reached if p.suffix == ".h"]) > 20


# Calls that exist as ...A and ...W, named without the letter or in the A form.
ANSI_CALL = re.compile(r"\b(?:Create|Open|Get|Set|Delete|Move|Copy|Replace|Find|Load|Format|Query|Reg|Lookup|Convert|Write|Read|"
                       r"Expand|Search|Remove)[A-Z][A-Za-z]*[a-z]A\s*\(")
NARROW_NAMES = re.compile(r"\b(?:fopen|_open|remove|rename|getenv|system|strdup\s*\(\s*argv)\s*\(")


@pytest.mark.parametrize("path", [p for p in SOURCES if p.suffix == ".c"], ids=label)
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


# Headers of functions that resolve a path, check a handle or say what is allowed. A result that is dropped here is a
# hole.
DECIDING = {"policy/policy.h", "policy/route.h", "object/object.h", "object/path.h", "object/walk.h", "sandbox/judge.h",
            "sandbox/root_set.h", "rights/acl.h", "rights/access.h", "rights/token.h", "rights/harden.h", "rights/sid.h",
            "state/root_map.h", "state/root_tree.h", "state/state.h", "serve/resolve.h", "serve/ops.h", "serve/outcome.h",
            "run/settings.h", "run/config.h", "run/roots.h", "run/stamp.h", "run/protect.h"}
# Answers nobody acts on: a report, a fact for people.
TELLING = {"tree_report", "policy_verdict_text", "policy_verdict_name", "token_is_elevated",
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
