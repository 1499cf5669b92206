"""The bench runs and leaves no figure out. How fast anything is, is no matter here."""

import json

import world

TIMES = {'n', 'median_us', 'p90_us', 'p99_us', 'histogram'}


def bench(win, place, *words):
    program = world.BUILD / 'mingw' / 'sbx-bench.exe'
    return win.run([win.win(program), *words, place + '\\bench'], timeout=240)


def test_every_part_gives_its_figures(win):
    place = win.new_place('modify')
    answer = bench(win, place, '--scale', '0.001')
    assert answer.returncode == 0, answer
    found = json.loads(answer.stdout)
    assert set(found) == {'calls', 'hooks', 'concurrency', 'start', 'cost'}
    for part, names in {'calls': ('replace', 'rename', 'delete'), 'hooks': ('open', 'denied')}.items():
        assert all(found[part][name + ' ratio'] > 0 for name in names)
    samples = [value for part in ('calls', 'hooks') for value in found[part].values() if isinstance(value, dict)]
    samples += [found['start']['plain'], found['start']['sbx run, no broker']]
    samples += found['start']['sbx run --broker, files in the root'].values()
    assert len(samples) == 18
    for value in samples:
        assert set(value) == TIMES
        assert 0 < value['median_us'] <= value['p90_us'] <= value['p99_us']
        assert sum(value['histogram'].values()) == value['n']
    for kind, counts in {'threads': 4, 'processes': 3}.items():
        for name in (kind, kind + ' outside'):
            assert len(found['concurrency'][name]) == counts
            assert all(rate > 0 for rate in found['concurrency'][name].values())
    assert found['concurrency']['flood ratio'] > 0 and found['concurrency']['flood ratio outside'] > 0
    assert found['cost']['operations'] >= 1000
    assert found['cost']['broker bytes, peak'] >= found['cost']['broker bytes, late'] > 0
    assert found['cost']['sbx.exe bytes'] > found['cost']['sbxshim.dll bytes'] > 0


def test_wrong_words_measure_nothing(win):
    place = win.new_place('modify')
    for words in (['--scale', '0'], ['--part', 'all'], ['--fast', '1']):
        answer = bench(win, place, *words)
        assert answer.returncode == 2 and answer.stderr.startswith('usage:'), answer
    assert not (win.host(place) / 'bench').exists()
