"""Every row of the table of attacks, in both layouts and at both levels."""

import json
import pathlib

import pytest

import driver
import show

# Each place is one run of sbx, so its tests stay in one worker.
PLACES = [pytest.param((layout, level), id=f'{layout}-{level}', marks=pytest.mark.xdist_group(f'{layout}-{level}'))
          for layout in driver.LAYOUTS for level in driver.LEVELS]


@pytest.fixture(scope='module', params=PLACES)
def run(request, win, table):
    layout, level = request.param
    return (layout, level, table) + driver.run_all(win, layout, level)


def test_every_attack_ends_as_it_must(run):
    layout, level, table, scene, results, said, code = run
    assert code == 0, said
    wrong = []
    for index, row in enumerate(table):
        if row.testable and index not in results:
            wrong.append(f'{row.name}: did not run')
        elif row.testable and results[index].outcome not in row.allowed(layout, level):
            wrong.append(f'{row.name}: {results[index].outcome} ({results[index].detail}), not {row.outcome(layout, level)}')
    assert not wrong, '\n'.join(wrong)
    assert len(results) >= 200


def test_nothing_outside_changed_but_by_documented_holes(run):
    layout, level, table, scene, results, said, code = run
    for index, result in results.items():
        changed = [pathlib.Path(path).name for path in result.changed]
        if result.outcome == 'open':
            # What the hole destroys is a victim made for it, and nothing else.
            assert changed and set(changed) <= {*driver.VICTIMS, 'empty', 'outside'}, (table[index].name, changed)
        else:
            assert not changed, (table[index].name, changed)


def test_the_documented_holes_are_those_of_medium_with_full_control(run):
    layout, level, table, scene, results, said, code = run
    holes = {table[index].name for index, result in results.items() if result.outcome == 'open'}
    if (layout, level) == ('full', 'medium'):
        assert holes == {'settings name a root outside', 'delete outside', 'delete on close outside', 'rename from outside',
                         'remove a directory outside'}
    else:
        assert not holes


def test_another_client_is_served_after_every_attack(run):
    layout, level, table, scene, results, said, code = run
    slow = {table[index].name: result.milliseconds for index, result in results.items()
            if not 0 <= result.milliseconds <= driver.SERVED_WITHIN_MS}
    assert not slow


def test_there_was_no_shim_in_the_attacking_process(run):
    layout, level, table, scene, results, said, code = run
    assert scene.hooks == 5


def test_the_summary_obeys_no_name(run):
    layout, level, table, scene, results, said, code = run
    assert 'refused' in said
    assert not [character for character in driver.CONTROL if character in said]


def test_nothing_is_left_of_the_run(run):
    layout, level, table, scene, results, said, code = run
    state = scene.win.host(scene.state)
    assert not list((state / 'temp').iterdir())
    answer = scene.win.run([driver.program(scene.win), '--connect', scene.pipe], timeout=60)
    assert answer.stdout.strip() == 'hung', answer


def test_every_line_of_the_events_file_is_whole(run):
    layout, level, table, scene, results, said, code = run
    for line in (scene.host / 'events.jsonl').read_bytes().splitlines():
        assert isinstance(json.loads(line), dict), line
    answer = scene.win.run([scene.win.sbx, 'events', scene.path('events.jsonl')])
    assert answer.returncode == 0, answer
    assert not [character for character in driver.CONTROL if character in answer.stdout]


def test_what_cannot_be_tried_is_never_counted(table):
    untried = [row for row in table if not row.testable]
    assert {row.group for row in untried} == {'not testable here'}
    assert 'not testable here' not in {row.group for row in table if row.testable}
    names = ' '.join(row.name for row in untried)
    for needed in ('oplock', 'junction', 'COM', 'Task Scheduler', 'window messages', 'console input'):
        assert needed in names


def test_names_are_distinct(table):
    names = [(row.group, row.name) for row in table]
    assert len(set(names)) == len(names)
    assert len([row for row in table if row.testable]) >= 200


def test_the_page_lists_exactly_the_rows(table):
    assert show.PAGE.read_text(encoding='utf-8') == show.page(table), 'run ./dev attack'


@pytest.mark.parametrize('layout', driver.LAYOUTS)
def test_the_twin_unsandboxed_changes_it(win, layout):
    place = win.new_place(layout)
    assert win.run([driver.program(win), '--write', place + '\\outside\\kept.txt']).returncode == 0
    assert (win.host(place) / 'outside' / 'kept.txt').read_text() == 'owned'
