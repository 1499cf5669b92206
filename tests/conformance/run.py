"""`./dev conformance [--short] [MODULE...]`: CPython's own tests, by the Windows CPython 3.11, outside and inside.

What passes outside and not inside is listed, each with its reason from known.py; one without a reason makes the command fail.
Each module's result is kept in build/conformance; docs/results/conformance.md is made of all that are there.
"""

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tarfile
import time

import known
import others
import programs
import world

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent

MODULES = '''test_os test_shutil test_tempfile test_pathlib test_py_compile test_compileall test_sqlite3 test_zipfile test_tarfile
    test_gzip test_bz2 test_lzma test_fileio test_io test_file test_glob test_mailbox test_dbm_dumb test_shelve test_import
    test_importlib test_logging test_fileinput test_filecmp test_genericpath test_ntpath test_cmd_line_script test_venv
    test_zipimport test_zipapp test_linecache test_tokenize test_runpy test_bufio test_largefile test_mmap test_stat
    test_configparser test_subprocess test_netrc test_mimetypes test_trace test_unicode_file test_unicode_file_functions
    test_pickle test_plistlib test_wave'''.split()
SHORT = ['test_py_compile', 'test_glob', 'test_fileinput', 'test_filecmp', 'test_dbm_dumb', 'test_shelve', 'test_genericpath']
# Seconds for one module; what has not ended by then counts as not passed.
LIMIT = 120
# It compiles the whole library many times, and inside nothing of that can be kept beside the library.
LONGER = {'test_compileall': 400}
LAYOUT = 'modify'
KEPT = world.BUILD / 'conformance'


def find_tests():
    """The directory that holds CPython's `test` package; from the source package, unpacked once."""
    cache = world.BUILD / 'cache' / 'conformance'
    library = cache / 'Lib'
    if not (library / 'test').is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        if not list(cache.glob('python3.11_*.orig.tar.*')):
            # The upstream part alone holds the tests.
            subprocess.run([REPOSITORY / 'tools' / 'apt-source.sh', cache, '--tar-only', 'python3.11'], check=True,
                           stdin=subprocess.DEVNULL, stdout=sys.stderr)
        archive = next(cache.glob('python3.11_*.orig.tar.*'))
        unpack = cache / 'unpacked'
        with tarfile.open(archive) as tar:
            top = tar.next().name.split('/')[0]
            tar.extractall(unpack, [member for member in tar if member.name.startswith(f'{top}/Lib/test/')])
        (unpack / top / 'Lib').rename(library)
    return library


def run_module(machine, library, module, sandbox):
    """{test: (outcome, detail)} of one module."""
    place = machine.new_place(LAYOUT)
    root = place + '\\root'
    machine.host(root + '\\work').mkdir()
    report = root + '\\report.jsonl'
    words = machine.command([machine.pythons['3.11'], HERE / 'suite.py', library, module, report], sandbox, root, ['--quiet'] if sandbox else ())
    process = machine.start_program(words, cwd=root + '\\work', env={'PYTHONDONTWRITEBYTECODE': '', 'PYTHONUTF8': '0'})
    try:
        _, error = process.communicate(timeout=LONGER.get(module, LIMIT))
    except subprocess.TimeoutExpired:
        process.kill()
        _, error = process.communicate()
    results = {}
    path = machine.host(report)
    for line in path.read_text(encoding='utf-8').splitlines() if path.exists() else ():
        try:
            test, outcome, detail = json.loads(line)
        except ValueError:
            break  # the line that was being written when the time was up
        # The first result that is no start counts, but a failed part of a test that then goes on.
        if outcome != 'started' or test not in results:
            results[test] = (outcome, detail)
    if not results:
        results[f'{module} (the whole module)'] = ('error', error.decode('utf-8', 'replace')[-600:])
    return results


def passed(results):
    return {test for test, (outcome, _) in results.items() if outcome in ('ok', 'expected failure')}


class Comparison:
    def __init__(self, module, outside, inside):
        self.module, self.outside, self.inside = module, outside, inside

    def lost(self):
        return sorted(passed(self.outside) - passed(self.inside))

    def save(self):
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / (self.module + '.json')).write_text(json.dumps({'outside': self.outside, 'inside': self.inside}))

    @classmethod
    def load(cls, module):
        path = KEPT / (module + '.json')
        kept = json.loads(path.read_text()) if path.exists() else None
        return cls(module, kept['outside'], kept['inside']) if kept else None


def compare(machine, library, module):
    comparison = Comparison(module, run_module(machine, library, module, None), run_module(machine, library, module, 'broker'))
    if [test for test in comparison.lost() if not reason(test)]:
        # A test that fails now and then is no difference: what is lost must be lost twice, and pass twice outside.
        again = Comparison(module, run_module(machine, library, module, None), run_module(machine, library, module, 'broker'))
        for test in comparison.lost():
            if test not in again.lost():
                comparison.inside[test] = comparison.outside[test]
    return comparison


def reason(test):
    for start, text in known.REASONS.items():
        if test.startswith(start):
            return text
    return None


def page(comparisons):
    """docs/results/conformance.md."""
    lines = ['# Conformance', '',
             'Made by `./dev conformance`: the tests of CPython 3.11 from the source package of Debian 12, run by CPython 3.11 for',
             'Windows on the strict Wine, without a sandbox and with `sbx run --broker` (Low integrity). A test counts as passed when',
             'it ended without a failure; one that was skipped counts as not passed on both sides. What a single rerun turns round',
             'counts as passed.', '',
             '| module | tests | passed outside | passed inside | outside only |', '|---|---:|---:|---:|---:|']
    totals = [0, 0, 0, 0]
    for item in comparisons:
        numbers = [len(item.outside), len(passed(item.outside)), len(passed(item.inside)), len(item.lost())]
        totals = [a + b for a, b in zip(totals, numbers)]
        lines.append(f'| {item.module} | ' + ' | '.join(map(str, numbers)) + ' |')
    lines += ['| all | ' + ' | '.join(map(str, totals)) + ' |', '', '## Passed outside and not inside', '']
    lost = [(item, test) for item in comparisons for test in item.lost()]
    lines += [] if lost else ['None.']
    for _, test in lost:
        lines.append(f'- `{test}`: {reason(test) or "no reason is known yet."}')
    return '\n'.join(lines) + '\n' + others_section() + programs_section()


def others_section():
    path = KEPT / 'others.json'
    if not path.exists():
        return ''
    lines = ['', '## node and SQLite', '',
             'How many cases give what they give outside (`tests/conformance/others.py`).', '',
             '| what | outside | strict token alone | inside |', '|---|---:|---:|---:|']
    lines += [f'| {row["what"]} | {row["outside"]} | {row["strict"]} | {row["inside"]} |' for row in json.loads(path.read_text())]
    return '\n'.join(lines) + '\n'


def run_others(machine):
    """Returns how many cases differ inside."""
    rows = others.rows(machine)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / 'others.json').write_text(json.dumps(rows))
    for row in rows:
        print(f'{row["what"]}: {row["cases"]} cases, {row["strict"]} the same under the strict token alone, {row["inside"]} inside', flush=True)
    return sum(map(others.lost, rows))


def programs_section():
    path = KEPT / 'programs.json'
    if not path.exists():
        return ''
    lines = ['', '## Programs that none of the tests name', '',
             'As their publishers build them for Windows, from PyPI. The same commands in each column; a program works inside when every',
             'command ends with the same code, prints the same and leaves the same files as outside (`tests/conformance/programs.py`).', '',
             '| program | what | version | outside | strict token alone | inside |', '|---|---|---|---|---|---|']
    for row in json.loads(path.read_text()):
        version = row['packages'][0].split('==')[1] if row['packages'] else "node's"
        lines.append(f'| {row["program"]} | {row["what"]} | {version} | {row["outside"]} | {row["strict"]} | {row["inside"]} |')
    return '\n'.join(lines) + '\n'


def run_programs(machine, names):
    """Every program of the table or the named ones; returns how many work outside and not inside."""
    chosen = [program for program in programs.PROGRAMS if not names or program.name in names]
    path = KEPT / 'programs.json'
    kept = {row['program']: row for row in json.loads(path.read_text())} if path.exists() else {}
    lost = 0
    for number, program in enumerate(chosen):
        row = programs.compare(machine, program, ('modify', 'full')[number % 2])
        kept[program.name] = row
        lost += row['outside'] == 'works' and row['inside'] != 'works'
        print(f'{program.name:12} outside: {row["outside"]:20} strict token alone: {row["strict"]:22} inside: {row["inside"]}', flush=True)
        if row.get('why'):
            print('    ' + row.pop('why').replace('\n', '\n    '), flush=True)
        if row['detail']:
            print(row['detail'], flush=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dict(kept[program.name], detail='') for program in programs.PROGRAMS if program.name in kept]))
    return lost


def main():
    parser = argparse.ArgumentParser(prog='./dev conformance', description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='a few modules, under a minute')
    parser.add_argument('--show', action='store_true', help='print why each lost test failed')
    parser.add_argument('--programs', nargs='*', metavar='PROGRAM', help='the programs of programs.py only, or those named')
    parser.add_argument('--others', action='store_true', help="node's calls and SQLite's journal modes only")
    parser.add_argument('modules', nargs='*', metavar='MODULE')
    options = parser.parse_args()
    only_others = options.programs is not None or options.others
    modules = options.modules or ([] if only_others else SHORT if options.short else MODULES)
    everything = not (options.modules or options.short or only_others)
    with_programs = options.programs is not None or everything
    with_others = options.others or everything
    library = find_tests() if modules else None
    machine = world.World()
    machine.start()
    began = time.monotonic()
    found = {}
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(compare, machine, library, module) for module in modules]
            for future in concurrent.futures.as_completed(futures):
                item = future.result()
                found[item.module] = item
                item.save()
                print(f'{item.module:32} outside {len(passed(item.outside)):4}  inside {len(passed(item.inside)):4}  '
                      f'lost {len(item.lost())}', flush=True)
                for test in item.lost():
                    print(f'    {test}: {reason(test) or "NOT EXPLAINED"}', flush=True)
                    if options.show:
                        print('        ' + '\n        '.join(item.inside.get(test, ('', 'never ran'))[1].splitlines()), flush=True)
        lost_others = run_programs(machine, options.programs) if with_programs else 0
        lost_others += run_others(machine) if with_others else 0
    finally:
        machine.stop()
    comparisons = [found[module] for module in modules]
    if not options.short:
        kept = [item for item in map(Comparison.load, MODULES) if item]
        (REPOSITORY / 'docs' / 'results' / 'conformance.md').write_text(page(kept))
    unexplained = [test for item in comparisons for test in item.lost() if not reason(test)]
    ran = sum(len(passed(item.outside)) for item in comparisons)
    print(f'{ran} pass outside; {sum(len(item.lost()) for item in comparisons)} of them not inside, '
          f'{len(unexplained)} without a reason ({time.monotonic() - began:.0f} s)')
    return 1 if unexplained or lost_others or not (ran or with_programs or with_others) else 0


if __name__ == '__main__':
    sys.exit(main())
