"""node's file system calls and SQLite's journal modes, outside and inside: the rows of docs/results/conformance.md beside CPython's tests."""

import json

import test_node
import test_sqlite
import world

COLUMNS = {'outside': None, 'strict': 'strict', 'inside': 'broker'}
MODES = ('DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL')


def node_results(machine, layout, sandbox):
    place = machine.new_place(layout)
    words = machine.command([machine.node, world.PROBES / 'node_files.js', place + '\\root', place + '\\outside', '-'])
    machine.python('3.11', test_node.START, *words, sandbox=sandbox, roots=place + '\\root')
    results = json.loads(machine.host(place + '\\root\\report.json').read_text())
    return {name: value for name, value in results.items() if not name.endswith(' outside')}


def node_row(machine, layout):
    found = {name: node_results(machine, layout, sandbox) for name, sandbox in COLUMNS.items()}
    row: dict = {'what': f'node 22, `fs` calls ({layout})', 'cases': len(found['outside'])}
    for name in COLUMNS:
        row[name] = sum(found[name].get(call) == value for call, value in found['outside'].items())
    return row


def sqlite_row(machine, version, layout):
    row: dict = {'what': f'SQLite of Python {version}, journal modes {", ".join(MODES)} ({layout})', 'cases': len(MODES)}
    row.update(dict.fromkeys(COLUMNS, 0))
    for mode in MODES:
        printed = {}
        for name, sandbox in COLUMNS.items():
            place = machine.new_place(layout)
            done = machine.python(version, test_sqlite.USE, place + '\\root', mode, sandbox=sandbox, roots=place + '\\root')
            printed[name] = done.stdout if done.returncode == 0 else None
            row[name] += printed[name] is not None and printed[name] == printed['outside']
    return row


def rows(machine):
    layouts = ('modify', 'full')
    return [node_row(machine, layout) for layout in layouts] + \
        [sqlite_row(machine, version, layout) for version in ('3.11', '3.13') for layout in layouts]


def lost(row):
    return row['cases'] - row['inside']
