#!/bin/sh
# Run one Windows program on the strict Wine, for ctest.
#
# usage: wine-run.sh PROGRAM ARGUMENT...
#
# WINEPREFIX names a prefix whose server runs (prefix.sh ... start). Without it a prefix below build/ serves, whose server
# goes on for the next program.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sw=$root/build/strictwine
if [ -z "${WINEPREFIX:-}" ]; then
    WINEPREFIX=$root/build/prefix/unit
    "$root/tests/strictwine/prefix.sh" "$sw" "$WINEPREFIX" start
fi
WINEDEBUG=${WINEDEBUG:--all}
export WINEPREFIX WINEDEBUG
status=$(mktemp)
{
    code=0
    "$sw/wine" "$@" < /dev/null 2>&1 || code=$?
    echo $code > "$status"
} | cat
code=$(cat "$status")
rm -f "$status"
exit "$code"
