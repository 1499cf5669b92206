"""The layout of the sources stays as docs/design.md says."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(p for part in ("proto", "broker", "shim") for p in (ROOT / part).glob("*.[ch]"))
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
PORTABLE = [p for p in SOURCES if p.parent.name == "proto" or p.stem == "policy"]
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


def test_deciding_functions_warn_when_their_result_is_lost():
    text = (ROOT / "broker" / "policy.h").read_text(encoding="utf-8")
    for name in ("policy_under", "policy_component", "policy_split", "policy_innermost", "policy_may_destroy",
                 "policy_may_write", "policy_may_change_content", "policy_handle_access"):
        declaration = text[text.index(name + "("):]
        assert "warn_unused_result" in declaration[:declaration.index(";")], name
