#!/bin/sh
# Run the self-test on the strict Wine, where every row must hold, and on Debian's own, where the rows that need a kernel
# that enforces something must not.
#
# usage: selftest.sh STRICTWINE_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sw=$(cd "$1" && pwd)
work=$(mktemp -d)
WINEDEBUG=-all
export WINEDEBUG
server=
stop() {
    [ -z "$server" ] || "$server" -k > /dev/null 2>&1 || true
    rm -rf "$work"
}
trap stop EXIT

# check TITLE WINE WINESERVER ARGUMENT...
check() {
    title=$1 wine=$2 server=$3
    shift 3
    WINEPREFIX=$work/prefix-$title
    export WINEPREFIX
    "$here/prefix.sh" "$sw" "$WINEPREFIX"
    "$server" -p < /dev/null > /dev/null 2>&1
    # A file, not a pipe: the first program of a prefix starts services that hold its output open.
    timeout 120 "$wine" "$sw/selftest.exe" "$@" < /dev/null > "$work/$title.raw" 2>&1 || echo "exit code $?" >> "$work/$title.raw"
    tr -d '\r' < "$work/$title.raw" > "$work/$title.txt"
    "$server" -k > /dev/null 2>&1 || true
    server=
    # Nothing but a closing line without failures counts as passed.
    if [ -z "$(sed -n '$s/^[1-9][0-9]* passed, 0 failed$/yes/p' "$work/$title.txt")" ]; then
        cat "$work/$title.txt"
        echo "strictwine self-test on the $title Wine: failed"
        exit 1
    fi
    [ -z "${SELFTEST_VERBOSE:-}" ] || cat "$work/$title.txt"
    echo "$title Wine: $(tail -n 1 "$work/$title.txt")"
}

check strict "$sw/wine" "$sw/wineserver"
check stock /usr/lib/wine/wine64 /usr/lib/wine/wineserver64 --stock
