"""SQLite with a rollback journal, which is deleted at each commit."""

import os
import sqlite3

import report


def probe(root, outside, sibling):
    database = os.path.join(root, 'data.db')
    connection = sqlite3.connect(database)
    connection.execute('PRAGMA journal_mode=DELETE')
    connection.execute('CREATE TABLE t (n INTEGER)')
    connection.executemany('INSERT INTO t VALUES (?)', [(n,) for n in range(100)])
    connection.commit()
    assert connection.execute('SELECT sum(n) FROM t').fetchone() == (4950,)
    connection.close()
    assert not os.path.exists(database + '-journal')


report.run(probe)
