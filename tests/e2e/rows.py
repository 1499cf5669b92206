"""The reported bug as a table: what is tried, and what must come out in each column.

A row names a script of probes/ and what it prints unsandboxed, under the strict token alone, and with --broker. Values may
differ by layout; a tuple holds every value that is right.
"""

COLUMNS = ('unsandboxed', 'strict', 'broker')


class Row:
    def __init__(self, title, probe, unsandboxed='ok', strict='error 5', broker='ok', **layouts):
        self.title = title
        self.probe = probe + '.py'
        self.expected = {'unsandboxed': unsandboxed, 'strict': strict, 'broker': broker, 'medium': broker}
        self.layouts = layouts

    def right(self, column, layout, version, text):
        """Is `text` what must come out?"""
        value = self.layouts.get(f'{column}_{layout}', self.expected[column])
        if callable(value):
            return value(text, version)
        return text in (value if isinstance(value, tuple) else (value,))


def early_mkdtemp(text, version):
    # Since 3.12.4 os.mkdir(path, 0o700) writes a DACL of its own, which leaves the capability SID out.
    return text in (('ok',) if version == '3.11' else ('error 5', 'errno 13'))


ROWS = [
    Row('mkdtemp, a file in it', 'mkdtemp', strict=early_mkdtemp),
    Row('write_text', 'write_text', strict='ok'),
    Row('sqlite: create, insert, commit', 'sqlite', strict='disk I/O error'),
    Row('TemporaryDirectory, cleanup', 'temporary_directory'),
    Row('mkstemp + os.replace, new name', 'replace_new'),
    Row('mkstemp + os.replace, existing', 'replace_existing'),
    Row('py_compile', 'py_compile_one'),
    Row('compileall, 3 modules', 'compileall_tree', '3 compiled', '0 compiled', '3 compiled'),
    Row('pytest, 32 tests with tmp_path', 'pytest_project', '32 passed', lambda text, _: text.startswith('fails'), '32 passed'),
    Row('unlink', 'unlink'),
    Row('rmtree', 'rmtree'),
    Row('rename a directory', 'rename_directory'),
    Row('write outside', 'write_outside', broker='error 5'),
    Row('create in an unstamped sibling', 'create_in_sibling', broker='error 5'),
    # Where the user has Full Control, WRITE_RESTRICTED lets FILE_DELETE_CHILD through; Low integrity does not.
    Row('delete outside', 'delete_outside', broker='error 5', strict_full='ok', medium_full='ok'),
    Row('move over a file outside', 'replace_outside', broker='error 5'),
    Row('move a file in from outside', 'fetch_outside', broker='error 5', strict_full='ok', medium_full='ok'),
    Row('privileges', 'privileges', lambda text, _: 'privileges' in text, 'only SeChangeNotifyPrivilege',
        'only SeChangeNotifyPrivilege'),
    Row('Administrators', 'administrators', ('enabled', 'deny-only', 'not a member'), ('deny-only', 'not a member'),
        ('deny-only', 'not a member')),
    Row('integrity level', 'integrity', ('medium', 'high'), 'medium', 'low', medium_full='medium', medium_modify='medium'),
    Row('the entry on the root (icacls)', 'stamp', 'none', '(OI)(CI)(RX,W)', '(OI)(CI)(RX,W)'),
]
MEDIUM = [row for row in ROWS if row.probe in ('delete_outside.py', 'fetch_outside.py', 'write_outside.py', 'integrity.py')]


def cell(machine, row, column, layout, version):
    """Do one cell in a new place; the last line the probe printed."""
    place = machine.new_place(layout)
    sandbox = None if column == 'unsandboxed' else column
    result = machine.probe(version, row.probe, place, sandbox=sandbox, roots=place + '\\root')
    lines = result.stdout.strip().splitlines()
    return lines[-1] if lines else f'exit code {result.returncode}: {result.stderr.strip()[-200:]}'
