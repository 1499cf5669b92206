"""py_compile of a module, which writes beside and renames."""

import os
import py_compile

import report


def probe(root, outside, sibling):
    source = os.path.join(root, 'module.py')
    with open(source, 'w') as file:
        file.write('answer = 42\n')
    assert os.path.exists(py_compile.compile(source, doraise=True))


report.run(probe)
