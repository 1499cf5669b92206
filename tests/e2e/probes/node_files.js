// What node's fs does to files; the result goes to a file, since node's console is not under test.
'use strict';
const fs = require('fs');
const path = require('path');
const [root, outside, report] = process.argv.slice(2);
const at = (...names) => path.join(root, ...names);
const results = {};

function attempt(name, call) {
    try {
        const value = call();
        results[name] = value === undefined ? 'ok' : value;
    } catch (error) {
        results[name] = error.code || String(error);
    }
}

for (const name of ['a', 'b', 'c', 'd', 'e']) {
    fs.writeFileSync(at(name), name);
}
attempt('rename to a new name', () => fs.renameSync(at('a'), at('a2')));
attempt('rename over', () => fs.renameSync(at('b'), at('c')));
attempt('content', () => fs.readFileSync(at('c'), 'utf8'));
attempt('unlink', () => fs.unlinkSync(at('d')));
attempt('copy', () => fs.copyFileSync(at('e'), at('e2')));
attempt('copy over', () => fs.copyFileSync(at('e'), at('c')));
attempt('append', () => fs.appendFileSync(at('e'), 'more'));
attempt('truncate', () => fs.truncateSync(at('e'), 2));
attempt('utimes', () => fs.utimesSync(at('e'), 1000, 2000));
attempt('mkdtemp', () => fs.writeFileSync(path.join(fs.mkdtempSync(at('t-')), 'f'), 'x'));
attempt('mkdir recursive', () => { fs.mkdirSync(at('x', 'y', 'z'), { recursive: true }); });
attempt('write below', () => fs.writeFileSync(at('x', 'y', 'z', 'f'), 'x'));
attempt('rename a directory', () => fs.renameSync(at('x'), at('x2')));
attempt('rmdir', () => { fs.mkdirSync(at('g')); fs.rmdirSync(at('g')); });
attempt('rm recursive', () => fs.rmSync(at('x2'), { recursive: true }));
attempt('write outside', () => fs.writeFileSync(path.join(outside, 'new'), 'x'));
attempt('unlink outside', () => fs.unlinkSync(path.join(outside, 'kept.txt')));
results.left = fs.readdirSync(root).map((name) => name.replace(/^t-.*/, 't-')).sort();
fs.writeFileSync(report === '-' ? at('report.json') : report, JSON.stringify(results));
