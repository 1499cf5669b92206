"""Path.write_text of a new file and over it."""

import pathlib

import report


def probe(root, outside, sibling):
    path = pathlib.Path(root, 'note.txt')
    path.write_text('one')
    path.write_text('two')
    assert path.read_text() == 'two'


report.run(probe)
