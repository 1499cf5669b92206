"""`./dev attack`: runs every attack in both layouts and at both levels, prints the table and writes docs/results/attacks.md."""

import pathlib
import sys

import driver

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'results' / 'attacks.md'

HEAD = """# Attacks
Made by `./dev attack`, which runs every row. `tests/attack` is a program in C that runs in the sandbox, takes the shim out of its
process and speaks the broker's protocol itself. Each row runs in both layouts (a parent that gives Modify, a parent that gives Full
Control) and at both levels, {tried} rows in all four. After each one the driver looks at every file outside (names, content,
security descriptors), and another client must be served within {limit} ms.

Outcomes: *refused*: the broker answers STATUS_ACCESS_DENIED. *closed*: it closes the connection. *failed*: another error. *denied*: the
system itself denies the call. *served*: done as asked, which does no harm in that row. *held*: many tries, and none had an effect
outside. *open*: the attack works.

*open* stands in {holes} rows, at Medium integrity with Full Control on the parent only: the hole that `--integrity medium` leaves open
(docs/security.md).
"""

UNTRIED = """
## Not testable here
The test bed has no oplocks, junctions, COM servers of others, scheduled tasks or windows. These are read, not run, and counted nowhere
as held.

"""


def cell(text):
    return text.replace('|', '\\|')


def differs(row):
    """The outcomes that are not those of Low integrity."""
    other = []
    if row.medium != row.wanted:
        other.append(f'Medium: {row.medium}')
    if row.medium_full not in (row.wanted, row.medium):
        other.append(f'Medium, Full Control: {row.medium_full}')
    return '; '.join(other) or 'the same'


def page(table):
    tried = [row for row in table if row.testable]
    holes = sum('open' in row.medium_full for row in tried)
    text, group = HEAD.format(tried=len(tried), limit=driver.SERVED_WITHIN_MS, holes=holes), None
    for row in tried:
        if row.group != group:
            group = row.group
            text += f'\n## {group.capitalize()}\n| attack | tries | must end | elsewhere |\n|---|---|---|---|\n'
        text += f'| {cell(row.name)} | {cell(row.tries)} | {row.wanted} | {differs(row)} |\n'
    return text + UNTRIED + ''.join(f'- {row.name}: {row.tries}\n' for row in table if not row.testable)


def print_run(table, layout, level, run):
    """Returns how many rows are wrong."""
    scene, results, said, code = run
    wrong = 0
    print(f'\n{layout}, {level}')
    for index, row in enumerate(table):
        if not row.testable:
            continue
        result = results.get(index)
        got = result.outcome if result else 'did not run'
        right = got in row.allowed(layout, level) and bool(result.changed) == (got == 'open')
        wrong += not right
        mark = '' if right else f'  <-- WRONG, must be {row.outcome(layout, level)}; {result and result.detail}'
        print(f'  {row.group:8} {row.name:44} {got:8} {result.milliseconds if result else 0:5} ms{mark}')
    return wrong


def main():
    win = driver.world.World()
    win.start()
    try:
        table = driver.read_table(win)
    finally:
        win.stop()
    runs = driver.run_everywhere()
    wrong = sum(print_run(table, layout, level, run) for (layout, level), run in runs.items())
    untried = sum(not row.testable for row in table)
    print(f'\n{len(table) - untried} attacks in {len(runs)} places, {wrong} wrong; {untried} not testable here')
    if wrong:
        return 1
    PAGE.write_text(page(table), encoding='utf-8')
    print(f'written: {PAGE.relative_to(PAGE.parents[1])}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
