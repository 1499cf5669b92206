#!/bin/sh
# Make a Wine prefix that is ready for tests: booted, Windows 10, with bcryptprimitives.dll.
#
# usage: prefix.sh STRICTWINE_DIR NEW_PREFIX
#
# The first call boots a prefix and keeps it as STRICTWINE_DIR/template; later ones copy that. No server of the new prefix
# runs afterwards: start one with `wineserver -p` before the output of a program is piped (the first program of a prefix starts
# services that hold its stdout open), and stop it with `wineserver -k`.
set -eu
sw=$(cd "$1" && pwd)
template=$sw/template
if [ ! -d "$template" ]; then
    rm -rf "$template.new"
    mkdir -p "$template.new"
    WINEPREFIX=$template.new WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
    export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
    "$sw/wineserver" -p
    timeout 300 "$sw/wine" wineboot -i < /dev/null > "$sw/template.log" 2>&1
    timeout 60 "$sw/wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f < /dev/null >> "$sw/template.log" 2>&1
    "$sw/wineserver" -k > /dev/null 2>&1 || true
    "$sw/wineserver" -w
    cp "$sw/bcryptprimitives.dll" "$template.new/drive_c/windows/system32/"
    mv "$template.new" "$template"
fi
[ -e "$2" ] || {
    mkdir -p "$(dirname "$2")"
    cp -a "$template" "$2.new"
    mv "$2.new" "$2"
}
