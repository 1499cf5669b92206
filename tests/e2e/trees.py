"""`./dev trees [COUNT]`: what `sbx roots` and `--stamp all` do to trees of COUNT files (default 50,000), checked at each step.

Three trees as people have them: a git clone, a site-packages, a node_modules. Each is taken from "never seen by sbx" to stamped and
back, and every owner, group, DACL and label must be what it was, byte for byte. test_trees.py does the same with small trees.
"""

import argparse
import os
import re
import stat
import sys
import time

import world


def write(path, text=''):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git_clone(top, count):
    """Loose objects and packs are read-only in a real clone."""
    for name in ('HEAD', 'config', 'index', 'hooks/pre-commit.sample', 'refs/heads/main', 'logs/refs/heads/main'):
        write(top / '.git' / name)
    for number in range(count - 6):
        if number % 2:
            path = top / '.git' / 'objects' / f'{number % 256:02x}' / f'{number:038x}'
            write(path)
            path.chmod(stat.S_IRUSR | stat.S_IRGRP)
        else:
            write(top / 'src' / f'part{number % 97}' / f'file {number}.c')


def site_packages(top, count):
    for number in range(count):
        package = f'package_{number // 40}'
        if number % 40 < 4:
            write(top / f'{package}-1.0.dist-info' / ('METADATA', 'RECORD', 'WHEEL', 'INSTALLER')[number % 40])
        elif number % 40 < 20:
            write(top / package / '__pycache__' / f'module{number}.cpython-311.pyc')
        else:
            write(top / package / (f'module{number}.py' if number % 40 < 38 else f'native{number}.pyd'))


def node_modules(top, count):
    for number in range(count):
        package = top / 'node_modules' / (f'@scope{number // 300}' if number % 2 else '') / f'package-{number // 30}'
        deep = package / 'node_modules' / 'nested' / 'lib' / 'internal' if number % 7 == 0 else package / 'dist'
        write(deep / f'index.{number}.js')
    write(top / 'package.json')


TREES = {'git clone': git_clone, 'site-packages': site_packages, 'node_modules': node_modules}


class Tree:
    """One tree on the machine `win`, and what its descriptors were before sbx came."""

    def __init__(self, win, name, count):
        self.win = win
        self.path = win.new_place('modify') + '\\root'
        TREES[name](win.host(self.path), count)
        self.objects = 1 + sum(len(names) + len(files) for _, names, files in os.walk(win.host(self.path)))
        if not world.ON_WINDOWS:
            self.descriptors('settle')
        self.before = self.descriptors()
        assert len(self.before) == self.objects, (len(self.before), self.objects)

    def descriptors(self, *words):
        done = self.win.probe('3.11', 'descriptors.py', self.path, *words, timeout=900)
        assert done.returncode == 0, done.stderr
        return dict(line.split('\t') for line in done.stdout.splitlines())

    def sbx(self, *words):
        done = self.win.run([self.win.sbx, *words], timeout=900)
        assert done.returncode == 0, done
        return done.stdout

    def counted(self, *words):
        """(objects looked at, changed) of a `sbx roots` command."""
        text = self.sbx('roots', *words, self.path)
        return tuple(int(number) for number in re.search(r': (\d+) objects looked at, (\d+) ', text).groups())

    def run_in_it(self, *options):
        self.sbx('run', '--broker', *options, '--writable-root', self.path, '--', 'cmd', '/c', 'exit 0')

    def check_first_run(self):
        """A first run changes the top directory and nothing else."""
        self.run_in_it()
        now = self.descriptors()
        assert {path for path in now if now[path] != self.before[path]} == {''}

    def check_show(self):
        assert self.path in self.sbx('roots', 'list')
        text = self.sbx('roots', 'show', self.path)
        assert '<- sbx' in text and 'stamped, Low' in text, text

    def check_break_off(self, seconds):
        """A `--stamp all` that is killed; the next one goes on; a second one finds nothing to do."""
        process = self.win.start_program(self.win.command(['cmd', '/c', 'exit 0'], 'broker', self.path, ['--stamp', 'all']))
        time.sleep(seconds)
        finished = process.poll() is not None
        process.kill()
        process.communicate(timeout=60)
        now = self.descriptors()
        changed = sum(now[path] != self.before[path] for path in now)
        self.run_in_it('--stamp', 'all')
        stamped = self.descriptors()
        assert all(stamped[path] != self.before[path] for path in stamped)
        self.run_in_it('--stamp', 'all')
        assert self.descriptors() == stamped
        return finished, changed

    def check_repair(self):
        assert self.counted('repair') == (self.objects, 0)

    def check_clean(self):
        assert self.counted('clean') == (self.objects, self.objects)
        now = self.descriptors()
        other = [path for path in now if now[path] != self.before[path]]
        assert not other and len(now) == self.objects, other[:5]
        assert self.path not in self.sbx('roots', 'list')
        assert self.counted('clean') == (self.objects, 0)


def main():
    options = argparse.ArgumentParser(prog='./dev trees', description=__doc__.split('\n')[0])
    options.add_argument('count', nargs='?', type=int, default=50000)
    count = options.parse_args().count
    machine = world.World()
    machine.start()
    try:
        for name in TREES:
            tree = Tree(machine, name, count)
            print(f'{name}: {tree.objects} objects', flush=True)
            for title, step in (('first run: the top alone is changed', tree.check_first_run),
                                ('roots list and show', tree.check_show),
                                ('stamp all, killed, gone on with, twice', lambda: tree.check_break_off(count / 20000)),
                                ('roots repair: nothing to mend', tree.check_repair),
                                ('roots clean: every descriptor as before', tree.check_clean)):
                began = time.monotonic()
                answer = step()
                detail = f'; {answer[1]} objects changed when it was killed' if answer else ''
                print(f'  {title}: right ({time.monotonic() - began:.1f} s{detail})', flush=True)
                if answer and count >= 10000:
                    assert not answer[0] and 1 < answer[1] < tree.objects, 'it was not killed half way'
    finally:
        machine.stop()
    return 0


if __name__ == '__main__':
    sys.exit(main())
