"""compileall over a small package; it prints errors and goes on."""

import compileall
import glob
import os

import report


def probe(root, outside, sibling):
    package = os.path.join(root, 'package')
    os.mkdir(package)
    for n in range(3):
        with open(os.path.join(package, f'm{n}.py'), 'w') as file:
            file.write(f'n = {n}\n')
    try:
        compileall.compile_dir(package, quiet=2)
    except OSError:
        pass
    return f'{len(glob.glob(package + "/__pycache__/*.pyc"))} compiled'


report.run(probe)
