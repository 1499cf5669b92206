"""The soak in short, and that it can fail."""

import itertools

import pytest

import driver

FLAT = [100 + n % 2 for n in range(40)]


def grew(series, *figures):
    """What grew of a process, of those figures."""
    verdicts = driver.judge(series)
    return {key for key, verdict in verdicts.items() if verdict.grew and (not figures or key[1] in figures)}


# The rule

def test_a_flat_series_passes():
    for samples in (FLAT, [0] * 16, FLAT[::-1]):
        assert not driver.Verdict(samples, 2).grew


def test_growth_while_warming_up_passes():
    assert not driver.Verdict(list(range(0, 1000, 100)) + [1000] * 30, 2).grew


def test_a_fall_passes():
    assert not driver.Verdict(list(range(400, 0, -10)), 0).grew


def test_one_high_sample_passes():
    for place in range(40):
        assert not driver.Verdict(FLAT[:place] + [10000] + FLAT[place + 1:], 2).grew


@pytest.mark.parametrize('samples', [
    list(range(100, 140)),
    [100 + n // 4 for n in range(40)],
    [100] * 22 + [110] * 18,
    [value + n // 5 for n, value in enumerate(FLAT)],
], ids=['each sample', 'every fourth', 'a step', 'below noise'])
def test_a_leak_fails(samples):
    assert driver.Verdict(samples, 2).grew


def test_few_samples_are_not_judged():
    with pytest.raises(AssertionError):
        driver.Verdict([1] * 15, 2)


def test_a_leak_of_eight_bytes_for_each_operation_fails():
    samples = [operations * 8 for operations in range(0, 100_000, 500)]
    assert driver.Verdict(samples, driver.ALLOWED['private']).grew


# Many operations in one run

@pytest.mark.xdist_group('one')
def test_nothing_grows_plain(win):
    series, stats = driver.soak_operations(win, driver.MODES['plain'], 1200, 24)
    assert not grew(series)
    check_samples(series, 24)
    # Every kind of operation went through the broker.
    assert stats['requests'] >= 1200 and stats['refused'] >= 100 and stats['clients'] >= 50
    assert all(stats[kind] >= 25 for kind in ('delete', 'rename', 'open')), stats


@pytest.mark.xdist_group('two')
def test_nothing_grows_with_undo(win):
    series, stats = driver.soak_operations(win, driver.MODES['--undo'], 800, 24)
    assert not grew(series)
    check_samples(series, 24)
    assert stats['requests'] >= 800


def check_samples(series, count):
    """The figures are real: none is a constant that stands for "not known"."""
    assert {who for who, _ in series} >= {'sbx.exe', 'program'}
    for who, figure in itertools.product(('sbx.exe', 'program'), driver.COUNTED):
        samples = series[who, figure]
        assert len(samples) == count and min(samples) > 0, (who, figure, samples)
    assert max(series['sbx.exe', 'handles']) > 16 * 3 and max(series['sbx.exe', 'threads']) > 16
    below = series.get(('sbx.exe, from below', 'private'))
    if below:
        # The same memory, asked in two ways.
        assert all(abs(one - other) < 2 << 20 for one, other in zip(below, series['sbx.exe', 'private']))


@pytest.mark.xdist_group('one')
def test_connections_that_are_kept_are_seen_in_the_broker(win):
    series, _ = driver.soak_operations(win, [], 300, 16, 'connections')
    assert {('sbx.exe', 'handles'), ('sbx.exe', 'threads'), ('sbx.exe', 'private'), ('program', 'handles')} <= grew(series)
    # Each is a pipe, a process and a thread, at least.
    assert series['sbx.exe', 'handles'][-1] - series['sbx.exe', 'handles'][0] >= 15 * 3


@pytest.mark.xdist_group('two')
def test_what_the_program_keeps_is_seen_in_the_program_alone(win):
    series, _ = driver.soak_operations(win, [], 300, 16, 'own')
    found = grew(series, 'private', 'handles', 'threads')
    assert {('program', 'handles'), ('program', 'private')} <= found
    assert not {key for key in found if key[0] == 'sbx.exe'}


# Many runs

@pytest.mark.xdist_group('two')
def test_runs_leave_nothing_and_what_is_left_is_seen(win):
    runs = driver.soak_runs(win, driver.FIRST + 2)
    assert not any(runs.left().values()), runs.left()
    assert runs.undo_count == len(set(runs.stores()) - runs.stores_before) == 5
    held = runs.start_held()
    try:
        left = runs.left()
        for kind in ('processes', 'pipes', 'private TEMP directories'):
            assert left[kind], kind
        assert {line.split('\t')[1].lower() for line in left['processes']} == {'sbx.exe', 'soak.exe'}
        assert left['pipes'] == {runs.pipes[-1]}
    finally:
        held.communicate(timeout=60)
    assert held.returncode == 0
    assert not any(runs.left().values())
    check_that_changes_are_seen(runs)
    assert runs.prune() == []


def check_that_changes_are_seen(runs):
    (runs.state / 'more.json').write_text('{}')
    (runs.state / 'undo' / 'more').mkdir()
    known = (runs.state / 'cap_sid.json').read_bytes()
    (runs.state / 'cap_sid.json').write_bytes(known + b' ')
    left = runs.left()
    assert left['files in the state directory'] == {'more.json'}
    assert left['changes of cap_sid.json'] == {known + b' '}
    assert 'more' in left['undo stores beyond one for each run with --undo']
    (runs.state / 'undo' / 'more').rmdir()
    (runs.state / 'more.json').unlink()
    (runs.state / 'cap_sid.json').write_bytes(known)
    root = runs.places[0] + '\\root'
    answer = runs.win.run([runs.win.sbx, 'roots', 'clean', root])
    assert answer.returncode == 0, answer
    left = runs.left()
    assert left['changes of a root\'s DACL since the first run'] == {root}
    assert left['changes of cap_sid.json'] and left['changes of descriptors in the roots']
