"""SQLite in its journal modes gives the same inside as outside."""

import pytest

USE = '''
import os, sqlite3, sys
path, mode = os.path.join(sys.argv[1], 'data.db'), sys.argv[2]
db = sqlite3.connect(path)
print(db.execute('PRAGMA journal_mode=' + mode).fetchone())
db.execute('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)')
for start in range(0, 300, 100):
    db.executemany('INSERT INTO t VALUES (?, ?)', [(n, 'x' * 100) for n in range(start, start + 100)])
    db.commit()
db.execute('DELETE FROM t WHERE n % 2')
db.rollback()
db.execute('DELETE FROM t WHERE n % 3 = 0')
db.commit()
db.execute('VACUUM')
other = sqlite3.connect(path)
print(other.execute('SELECT count(*), sum(n) FROM t').fetchone(), other.execute('PRAGMA integrity_check').fetchone())
other.close()
db.close()
print(sorted(os.listdir(sys.argv[1])))
'''


@pytest.mark.parametrize('mode', ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL'])
def test_journal_mode(win, layout, version, mode):
    def use(sandbox):
        place = win.new_place(layout)
        return win.python(version, USE, place + '\\root', mode, sandbox=sandbox, roots=place + '\\root')

    free, inside, strict = use(None), use('broker'), use('strict')
    assert free.returncode == 0 and "('ok',)" in free.stdout, free
    assert inside.returncode == 0 and inside.stdout == free.stdout, inside
    if mode == 'DELETE':
        assert 'disk I/O error' in strict.stderr, strict
