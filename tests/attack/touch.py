"""Gives everything below the directories that are named a stored descriptor, the one it has. A kernel that works out the
descriptor of a file by the directory of the name it is opened by would else give a hard link in a root the root's."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e' / 'probes'))

import security  # noqa: E402

for top in sys.argv[1:]:
    for path in [pathlib.Path(top), *pathlib.Path(top).rglob('*')]:
        if not path.name.endswith('.lock'):
            security.set_dacl(str(path), security.read(str(path)))
