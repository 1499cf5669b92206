"""`./dev soak [--operations N] [--runs N]`: many operations in one run, many runs one after the other, and what grew or was left."""

import argparse
import concurrent.futures
import statistics
import sys

import driver

SAMPLES = 200


def alone(work, *arguments):
    """In a world of its own: the state directory and Wine's server are one for each."""
    win = driver.world.World()
    win.start()
    try:
        return work(win, *arguments)
    finally:
        win.stop()


def operations_of(mode, count):
    series, stats = alone(driver.soak_operations, driver.MODES[mode], count, SAMPLES)
    return driver.judge(series), stats


def runs_of(win, count):
    runs = driver.soak_runs(win, count)
    left = runs.left()
    kept = len(set(runs.stores()) - runs.stores_before)
    left['undo stores after sbx undo prune --all'] = set(runs.prune())
    return runs, left, kept


FIGURES = {figure: figure + (', KiB' if allowed >= driver.KIB else '') for figure, allowed in driver.ALLOWED.items()}


def amount(figure, value):
    return f'{value / (driver.KIB if driver.ALLOWED[figure] >= driver.KIB else 1):,.0f}'


def cell(figure, verdict):
    return f'{amount(figure, verdict.early)} to {amount(figure, verdict.late)}' if verdict else ''


def rows_of_mode(mode, found):
    verdicts, stats = found
    for who in dict.fromkeys(who for who, _ in verdicts):
        own = {figure: verdicts.get((who, figure)) for figure in FIGURES}
        grew = [figure for figure, verdict in own.items() if verdict and verdict.grew]
        yield [f'{stats["requests"]:,}, {mode}', who, *(cell(figure, verdict) for figure, verdict in own.items()),
               'GREW: ' + ', '.join(grew) if grew else 'flat']


def rows_of_runs(runs, left, kept):
    yield ['undo stores', f'{kept:,}, one for each run with --undo' if kept == runs.undo_count else f'{kept:,}: WRONG']
    for kind, names in left.items():
        yield [kind, f'{len(names)} LEFT' if names else 'none']
    for undo, times in runs.milliseconds.items():
        quarter = max(len(times) // 4, 1)
        early, late = statistics.median(times[quarter:2 * quarter]), statistics.median(times[-quarter:])
        yield [f'time of a run with{"" if undo else "out"} --undo, ms, not judged', f'{early:.0f} to {late:.0f}']


def print_table(rows):
    rows = list(rows)
    print('| ' + ' | '.join(rows[0]) + ' |\n' + '|---' * len(rows[0]) + '|')
    for row in rows[1:]:
        print('| ' + ' | '.join(row) + ' |')
    print()


def main():
    parser = argparse.ArgumentParser(prog='./dev soak', description=__doc__.split(': ', 1)[1])
    parser.add_argument('--operations', type=int, default=100_000, help='brokered operations in one run (100,000)')
    parser.add_argument('--runs', type=int, default=1000, help='runs one after the other (1,000)')
    options = parser.parse_args()
    if options.operations < 10 * SAMPLES or options.runs <= driver.FIRST:
        parser.error(f'at least {10 * SAMPLES} operations and {driver.FIRST + 1} runs')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = pool.submit(alone, runs_of, options.runs)
        jobs = {mode: pool.submit(operations_of, mode, options.operations) for mode in driver.MODES}
        modes = {mode: job.result() for mode, job in jobs.items()}
        seen, left, kept = runs.result()
    allowed = [f'{name} (+{amount(figure, driver.ALLOWED[figure])})' for figure, name in FIGURES.items()]
    print('Median of the second quarter of the samples to median of the last; in brackets what may be added.\n')
    print_table([['operations', 'process', *allowed, ''], *(row for mode, found in modes.items() for row in rows_of_mode(mode, found))])
    print_table([[f'left by {seen.count:,} runs', ''], *rows_of_runs(seen, left, kept)])
    for kind, names in left.items():
        for name in sorted(map(str, names))[:20]:
            print(f'left: {kind}: {name}')
    few = any(stats['requests'] < options.operations for _, stats in modes.values())
    grew = any(verdict.grew for verdicts, _ in modes.values() for verdict in verdicts.values())
    wrong = few or grew or any(left.values()) or kept != seen.undo_count
    print('something grew or was left' if wrong else 'nothing grew, nothing was left')
    return int(wrong)


if __name__ == '__main__':
    sys.exit(main())
