"""`./dev bench [--short] [--part PART]...`: what sbx costs, as JSON, tables and pictures.

The calls, the hooks, the threads, the start and the memory are measured by sbx-bench.exe, which needs nothing of this; whole
programs by whole.py. A whole run writes docs/results/performance-*.svg and the tables of docs/results/performance.md.
"""

import argparse
import json
import math
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
sys.path[:0] = [str(REPOSITORY / 'tests' / 'support'), str(HERE)]

import whole  # noqa: E402
import world  # noqa: E402

PARTS = ('calls', 'hooks', 'concurrency', 'start', 'cost', 'programs')
# Every call of Wine is a round trip with its server. Whether that costs 8 or 100 microseconds hangs on the cores that the two
# threads happen to be on, so what compares single calls runs on one core.
ONE_CORE = ('calls', 'hooks')
RATES = ('threads', 'threads outside', 'processes', 'processes outside')
TABLES_BEGIN, TABLES_END = '<!-- tables: made by ./dev bench -->\n', '<!-- end of tables -->\n'


def on_cores(cores):
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, cores)


def measure_exe(parts, scale):
    machine = world.World()
    machine.start()
    try:
        place = machine.new_place('modify')
        words = [machine.win(world.BUILD / 'mingw' / 'sbx-bench.exe'), '--scale', str(scale)]
        for part in parts:
            words += ['--part', part]
        done = machine.run(words + [place + '\\bench'], timeout=3000)
        if done.returncode:
            raise SystemExit('sbx-bench: ' + done.stderr)
        return json.loads(done.stdout)
    finally:
        machine.stop()


def measure(parts, scale):
    cores = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else {0}
    found = {}
    groups = [[part for part in parts if part in ONE_CORE], [part for part in parts if part not in ONE_CORE and part != 'programs']]
    for group, where in zip(groups, ({max(cores)}, cores)):
        if group:
            on_cores(where)
            found.update(measure_exe(group, scale))
    on_cores(cores)
    if 'programs' in parts:
        machine = world.World()
        machine.start()
        try:
            found['programs'] = whole.measure(machine, scale)
        finally:
            machine.stop()
    return found


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|---' + '|---:' * (len(head) - 1) + '|']
    return lines + ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows] + ['']


def times(found):
    return [f'{found[key]:.0f}' for key in ('median_us', 'p90_us', 'p99_us')]


def tables(found):
    lines = []
    if 'calls' in found:
        calls = found['calls']
        lines += ['### One call, in microseconds', '']
        lines += table(('', 'median', 'p90', 'p99'), [[name, *times(value)] for name, value in calls.items() if isinstance(value, dict)])
        lines += table(('brokered : (raw pipe + direct), medians', 'ratio', 'goal'),
                       [[name[:-6], f'{value:.2f}', '1.20'] for name, value in calls.items() if name.endswith(' ratio')])
    if 'hooks' in found:
        hooks = found['hooks']
        lines += ['### Calls that need no broker, in microseconds', '']
        lines += table(('', 'median', 'p90', 'p99'), [[name, *times(value)] for name, value in hooks.items() if isinstance(value, dict)])
        lines += table(('hooked : not hooked, medians', 'ratio', 'goal'),
                       [[name[:-6], f'{value:.3f}', '1.01'] for name, value in hooks.items() if name.endswith(' ratio')])
    if 'concurrency' in found:
        many = found['concurrency']
        lines += ['### Replaces per second', '']
        sizes = ['1', '4', '16', '64']
        lines += table(('at once', *sizes), [[name, *(many[name].get(size, '') for size in sizes)]
                                             for name in RATES])
        lines += table(('a process beside a flood of 16 threads in another one', 'median with : without', 'goal'),
                       [['inside', f'{many["flood ratio"]:.2f}', '2.00'], ['outside', f'{many["flood ratio outside"]:.2f}', '']])
    if 'start' in found:
        start = found['start']
        runs = {'plain': start['plain'], 'sbx run, no broker': start['sbx run, no broker']}
        runs.update({f'sbx run --broker, {size} files': value for size, value in start['sbx run --broker, files in the root'].items()})
        lines += ['### Start and end of a program that does nothing, in milliseconds', '']
        lines += table(('', 'median', 'p90', 'to plain'), [[name, f'{value["median_us"] / 1000:.0f}', f'{value["p90_us"] / 1000:.0f}',
                                                          f'{value["median_us"] / start["plain"]["median_us"]:.2f}'] for name, value in runs.items()])
    if 'programs' in found:
        lines += ['### Whole programs, in seconds', '']
        lines += table(('', 'outside', 'inside', 'ratio', 'goal'), [[name, f'{value["outside"]:.2f}', f'{value["inside"]:.2f}', f'{value["ratio"]:.2f}', '1.05']
                                                                    for name, value in found['programs'].items()])
    if 'cost' in found:
        lines += ['### Memory and sizes', '']
        lines += table(('', 'figure'), [[name, f'{value:,}'] for name, value in found['cost'].items()])
    return lines


def picture(chart, name):
    """An SVG without scripts, the same for the same data."""
    data = chart.render(is_unicode=True).replace(chart.uuid, name)
    (REPOSITORY / 'docs' / 'results' / f'performance-{name}.svg').write_text(''.join(part.split('-->', 1)[-1] for part in data.split('<!--')))


def pictures(found):
    import pygal
    look = dict(js=[], width=800, height=400, style=pygal.style.CleanStyle)
    calls = found['calls']
    chart = pygal.XY(title='Latency, share of the calls that take at most so long', x_title='microseconds (logarithmic)', dots_size=1,
                     x_value_formatter=lambda value: f'{10 ** value:.0f}', value_formatter=lambda value: f'{value:.0f} %', **look)
    for name in ('raw pipe', 'libuv echo', 'sbx request', 'replace direct', 'replace brokered'):
        total, seen, points = calls[name]['n'], 0, []
        for bound, count in sorted((float(key), value) for key, value in calls[name]['histogram'].items()):
            seen += count
            points.append((math.log10(bound), 100 * seen / total))
        chart.add(name, points)
    picture(chart, 'latency')
    many = found['concurrency']
    chart = pygal.Line(title='Replaces per second', x_title='at once', **look)
    chart.x_labels = ['1', '4', '16', '64']
    for name in RATES:
        chart.add(name, [many[name].get(size) for size in chart.x_labels])
    picture(chart, 'throughput')
    start = found['start']
    chart = pygal.Bar(title='Start and end of a program that does nothing', y_title='milliseconds', **look)
    chart.add('plain', start['plain']['median_us'] / 1000)
    for size, value in start['sbx run --broker, files in the root'].items():
        chart.add(f'--broker, {size} files in the root', value['median_us'] / 1000)
    picture(chart, 'start')


def write_page(lines):
    page = REPOSITORY / 'docs' / 'results' / 'performance.md'
    before, rest = page.read_text().split(TABLES_BEGIN)
    page.write_text(before + TABLES_BEGIN + '\n'.join(lines) + rest[rest.index(TABLES_END):])


def main():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='a fiftieth of everything: shows that it works, not how fast')
    parser.add_argument('--part', action='append', choices=PARTS, help='only this part; may be repeated')
    parser.add_argument('--draw', action='store_true', help='make the tables and pictures again from the last whole run')
    options = parser.parse_args()
    kept = world.BUILD / 'bench'
    kept.mkdir(parents=True, exist_ok=True)
    result = kept / ('short.json' if options.short else 'result.json')
    found = json.loads(result.read_text()) if result.exists() and (options.part or options.draw) else {}
    if not options.draw:
        found.update(measure(options.part or PARTS, 0.02 if options.short else 1))
        result.write_text(json.dumps(found, indent=1))
    lines = tables(found)
    print('\n'.join(lines))
    print(f'all figures: {result}')
    if not options.short and all(part in found for part in PARTS):
        pictures(found)
        write_page(lines)


if __name__ == '__main__':
    main()
