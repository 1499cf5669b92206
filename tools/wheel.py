"""Make a wheel of python/sbx with sbx.exe in it, which depends on nothing but the content of its files.

usage: wheel.py STAGED PACKAGE VERSION OUT      STAGED has sbx.exe, sbxshim.dll, LICENSE and licences/; PACKAGE is python/sbx

The programs go to the environment's Scripts directory, so that `sbx` is a command there and no Python stands before it.
"""

import base64
import hashlib
import pathlib
import sys
import zipfile

TAG = 'py3-none-win_amd64'
METADATA = '''Metadata-Version: 2.1
Name: sbx
Version: {version}
Summary: Run a program on Windows so that it changes only what you said
License: MIT
Requires-Python: >=3.8
Classifier: Operating System :: Microsoft :: Windows
Description-Content-Type: text/markdown

'''
WHEEL = f'Wheel-Version: 1.0\nGenerator: sbx\nRoot-Is-Purelib: false\nTag: {TAG}\n'


def contents(staged, package, version):
    info = f'sbx-{version}.dist-info'
    for path in package.glob('*.py*'):
        if path.suffix in ('.py', '.typed'):
            yield f'sbx/{path.name}', path.read_bytes()
    for name in ('sbx.exe', 'sbxshim.dll'):
        yield f'sbx-{version}.data/scripts/{name}', (staged / name).read_bytes()
    for path in [staged / 'LICENSE', *(staged / 'licences').iterdir()]:
        yield f'{info}/licenses/{path.name}', path.read_bytes()
    yield f'{info}/METADATA', METADATA.format(version=version).encode() + (staged / 'README.md').read_bytes()
    yield f'{info}/WHEEL', WHEEL.encode()


def record_of(files, info):
    lines = []
    for name, content in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
        lines.append(f'{name},sha256={digest},{len(content)}')
    return '\n'.join([*lines, f'{info}/RECORD,,']) + '\n'


def main(staged, package, version, out):
    files = sorted(contents(pathlib.Path(staged), pathlib.Path(package), version))
    info = f'sbx-{version}.dist-info'
    files.append((f'{info}/RECORD', record_of(files, info).encode()))
    with zipfile.ZipFile(pathlib.Path(out) / f'sbx-{version}-{TAG}.whl', 'w') as wheel:
        for name, content in files:
            # The first time that a zip can name, as in zip_tree.py.
            entry = zipfile.ZipInfo(name)
            entry.create_system = 0
            wheel.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)


main(*sys.argv[1:])
