#!/bin/sh
# Run one Windows program on the strict Wine, for ctest.
#
# usage: wine-run.sh PROGRAM ARGUMENT...
#
# WINEPREFIX says where; without it a prefix below build/ serves. The prefix's server goes on for the next program and ends
# by itself when it is idle.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sw=$root/build/strictwine
WINEPREFIX=${WINEPREFIX:-$root/build/prefix/unit}
WINEDEBUG=${WINEDEBUG:--all}
export WINEPREFIX WINEDEBUG
"$root/tests/strictwine/prefix.sh" "$sw" "$WINEPREFIX"
"$sw/wineserver" -p60 > /dev/null 2>&1 || true
status=$(mktemp)
{
    "$sw/wine" "$@" < /dev/null 2>&1
    echo $? > "$status"
} | cat
code=$(cat "$status")
rm -f "$status"
exit "$code"
