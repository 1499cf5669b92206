"""gcc's -fanalyzer over the C of the product, by a build's compile commands: prints what it finds, ends with 1 if it finds anything."""

import concurrent.futures
import json
import re
import subprocess
import sys

# Not leaks: an owner outlives the function, in a way that gcc 12 does not follow. Each is a file and the function that it names.
KNOWN = {
    ('broker/run/protect.c', 'read_claim'),   # the list of claims takes the path
    ('broker/run/roots.c', 'add_root'),       # the root keeps it to the end of the run
    ('broker/undo/plan.c', 'item_at'),        # the item keeps both paths
    ('shim/crt.c', 'malloc'),                 # the caller frees it
    ('shim/crt.c', 'realloc'),                # what it returns is the block
    ('broker/undo/plan.c', 'undo_plan_moved'),
}
PRODUCT = re.compile(r'/(broker|proto|shim)/[^ ]*$')


def analyze(entry):
    command = re.sub(r' -o \S+| -MF \S+| -MD| -MT \S+', '', entry['command'])
    command = command.replace(' -c ', ' -fanalyzer -Wno-error -fdiagnostics-plain-output -o /dev/null -c ')
    return subprocess.run(command, shell=True, cwd=entry['directory'], capture_output=True, text=True).stderr


def findings(text):
    """(file, function, line of text) of each warning."""
    function = ''
    for line in text.splitlines():
        named = re.search(r"(\S+): In function [‘'](\w+)[’']", line)
        function = named[2] if named else function
        found = re.match(r'(\S+?):\d+:\d+: warning: ', line)
        if found:
            yield re.sub(r'^.*/((broker|proto|shim)/)', r'\1', found[1]), function, line


with open(sys.argv[1], encoding='utf-8') as file:
    entries = [entry for entry in json.load(file) if PRODUCT.search(entry['file']) and 'calls.h' not in entry['command']]
assert len(entries) > 60, 'the compile commands are not those of the product'
with concurrent.futures.ThreadPoolExecutor(2) as workers:
    new = [line for text in workers.map(analyze, entries) for name, function, line in findings(text) if (name, function) not in KNOWN]
print('\n'.join(sorted(set(new))))
sys.exit(bool(new))
