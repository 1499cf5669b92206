"""A sample of the fault matrix: a few points of each operation. `./dev faults` does all of them."""

import pytest

import driver

UNDO = ('--undo', '--require-undo')
NAMES = [operation.name for operation in driver.OPERATIONS]


def test_the_table_is_that_of_the_program(bench):
    listed = bench.win.run([bench.child, '--list'])
    assert listed.stdout.split() == NAMES


def test_sbx_itself_has_no_fault_points(bench):
    for program, has_points in ((bench.faulty, True), (bench.win.sbx, False)):
        assert (b'S\0B\0X\0_\0F\0A\0U\0L\0T\0' in program.read_bytes()) == has_points


@pytest.mark.parametrize('name', NAMES)
def test_a_killed_broker_leaves_old_or_new(bench, name):
    operation = driver.by_name(name)
    points = bench.points(operation, 'op')
    assert len(points) >= 10
    rows = [driver.run_row(bench, operation, (), 'op', point.step, 'kill') for point in driver.steps_of(points, 4)]
    assert not [str(row) for row in rows if row.wrong]


@pytest.mark.parametrize('name', ['replace', 'delete', 'overwrite'])
def test_a_full_disk_is_an_error_and_loses_nothing(bench, name):
    operation = driver.by_name(name)
    points = [point for point in bench.points(operation, 'op', UNDO) if point.call in ('NtCreateFile', 'WriteFile')]
    assert len(points) >= 4
    rows = [driver.run_row(bench, operation, UNDO, 'op', point.step, driver.DISK_FULL) for point in points]
    assert not [str(row) for row in rows if row.wrong]


@pytest.mark.parametrize('name', ['rename', 'overwrite'])
def test_a_killed_program_is_no_matter_to_the_broker(bench, name):
    operation = driver.by_name(name)
    rows = [driver.run_row(bench, operation, (), 'op', point.step, 'child')
            for point in driver.steps_of(bench.points(operation, 'op')[3:-2], 3)]
    assert not [str(row) for row in rows if row.wrong]


def test_a_run_killed_anywhere_is_followed_by_one_that_works(bench):
    operation = driver.by_name('replace')
    points = bench.points(operation, 'run', UNDO)
    assert len(points) >= 100
    rows = [driver.run_whole(bench, operation, UNDO, point.step, 'kill') for point in driver.steps_of(points, 5)]
    assert not [str(row) for row in rows if row.wrong]


def test_a_run_without_memory_says_so_or_goes_on(bench):
    operation = driver.by_name('replace')
    bench.points(operation, 'run')  # the root is known from here on, so that each run passes the same points
    points = [point for point in bench.points(operation, 'run') if point.call in ('malloc', 'calloc', '_wcsdup')]
    assert len(points) >= 20
    rows = [driver.run_row(bench, operation, (), 'run', point.step, driver.NO_RESOURCES) for point in driver.steps_of(points, 8)]
    assert not [str(row) for row in rows if row.wrong]


def test_a_root_that_goes_away_is_an_error(bench):
    try:
        row = driver.remove_root_while_busy(bench, driver.by_name('replace'))
    finally:
        bench.new_place()
    assert not row.wrong, str(row)


def test_a_lost_file_would_be_found(bench):
    """The checks themselves can fail."""
    operation = driver.by_name('replace')
    bench.fill(operation)
    row = driver.Row(operation, (), 'op', 1, 'kill')
    (bench.host / 'root' / 'old.txt').unlink()
    driver.check_files(bench, row, False)
    assert row.wrong
