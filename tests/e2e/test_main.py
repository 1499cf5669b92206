"""The reported bug, each call with its twins: without the broker, outside the roots, without a sandbox."""

import pytest
import rows


@pytest.mark.parametrize('column', rows.COLUMNS)
@pytest.mark.parametrize('row', rows.ROWS, ids=lambda row: row.probe[:-3])
def test_row(win, row, column, layout, version):
    text = rows.cell(win, row, column, layout, version)
    assert row.right(column, layout, version, text), text


@pytest.mark.parametrize('row', rows.MEDIUM, ids=lambda row: row.probe[:-3])
def test_row_at_medium_integrity(win, row, layout, version):
    text = rows.cell(win, row, 'medium', layout, version)
    assert row.right('medium', layout, version, text), text


def test_what_is_denied_outside_leaves_no_trace(win, place, version):
    for probe in ('write_outside.py', 'delete_outside.py', 'replace_outside.py', 'fetch_outside.py', 'create_in_sibling.py'):
        result = win.probe(version, probe, place, sandbox='broker', roots=place + '\\root')
        assert result.stdout.strip() == 'error 5', result
    assert [path.name for path in win.host(place + '\\outside').iterdir()] == ['kept.txt']
    assert win.host(place + '\\outside\\kept.txt').read_text() == 'kept'
    assert list(win.host(place + '\\sibling').iterdir()) == []
