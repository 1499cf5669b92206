"""The documents say what the program does."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')])


def command_lines(path):
    """Lines of code (fenced or indented) that call sbx."""
    fenced = False
    for line in path.read_text(encoding='utf-8').splitlines():
        if line.startswith('```'):
            fenced = not fenced
        elif (fenced or line.startswith('    ')) and line.strip().startswith('sbx '):
            yield line.strip()


def test_cli_page_is_the_help(win):
    printed = win.run([win.sbx, 'help', '--markdown'])
    assert printed.returncode == 0
    page = (ROOT / 'docs' / 'cli.md').read_text(encoding='utf-8')
    assert printed.stdout.splitlines() == page.splitlines()


def test_every_command_and_option_in_the_documents_exists(win):
    page = (ROOT / 'docs' / 'cli.md').read_text(encoding='utf-8')
    commands = set(re.findall(r'^## sbx (\S+)', page, re.M))
    options = set(re.findall(r'^\| `(--[a-z-]+)', page, re.M)) | {'--markdown', '--version', '--help'}
    seen = 0
    for path in PAGES:
        for line in command_lines(path):
            words = line.split(' -- ')[0].split()
            seen += 1
            assert words[1] in commands, f'{path.name}: {line}'
            for word in words[2:]:
                assert not word.startswith('--') or word in options, f'{path.name}: {line}'
    assert seen >= 12 and {'run', 'roots', 'explain', 'doctor', 'events', 'help'} <= commands


@pytest.mark.parametrize('path', PAGES, ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(path):
    for name in re.findall(r'\b((?:docs|tests)/[\w./-]+\w)', path.read_text(encoding='utf-8')):
        assert (ROOT / name).exists(), name


def test_messages_of_the_page_are_in_the_source():
    source = '\n'.join(path.read_text(encoding='utf-8') for path in sorted((ROOT / 'broker').rglob('*.[ch]')))
    # Literals in sequence are one; what is filled in separates the parts.
    literals = re.sub(r'"\s+L?"', '', source).replace('\\"', '"')
    rows = re.findall(r'^\| `([^`]+)` \|', (ROOT / 'docs' / 'messages.md').read_text(encoding='utf-8'), re.M)
    assert len(rows) >= 25
    for row in rows:
        parts = [part.strip(' :;(),') for part in re.split(r'\b[A-Z]{3,}\b(?=[:;,? ]|$)|\.\.\.|: ', row)]
        for part in filter(None, parts):
            assert part in literals, f'{row}: {part}'


def test_the_python_package_has_the_version_of_sbx():
    version = re.search(r'project\(sbx VERSION (\S+)', (ROOT / 'CMakeLists.txt').read_text(encoding='utf-8')).group(1)
    assert f'\nversion = "{version}"\n' in (ROOT / 'python' / 'pyproject.toml').read_text(encoding='utf-8')
