"""Put a directory into a zip that depends on nothing but the names and the content of its files.

usage: zip_tree.py DIRECTORY ARCHIVE.zip        the names in the archive begin with the directory's own
"""

import pathlib
import sys
import zipfile

directory, archive = (pathlib.Path(word).resolve() for word in sys.argv[1:])
files = sorted((path.relative_to(directory.parent).as_posix(), path) for path in directory.rglob('*') if path.is_file())
archive.parent.mkdir(parents=True, exist_ok=True)
with zipfile.ZipFile(archive, 'w') as out:
    for name, path in files:
        # ZipInfo's own time is the first that a zip can name. "Made on Windows", whose attributes say nothing of users.
        entry = zipfile.ZipInfo(name)
        entry.create_system = 0
        out.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
