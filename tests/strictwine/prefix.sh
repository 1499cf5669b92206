#!/bin/sh
# Make a Wine prefix that is ready for tests: booted, Windows 10, with bcryptprimitives.dll.
#
# usage: prefix.sh STRICTWINE_DIR NEW_PREFIX [start]
#
# The first call boots a prefix and keeps it as STRICTWINE_DIR/template; later ones copy that, with links for the 600 MB of
# Wine's own DLLs. With `start` a server and Wine's services run afterwards, so that the output of programs can be piped (the
# first program of a prefix starts services that hold its output open); stop them with `wineserver -k`.
set -eu
sw=$(cd "$1" && pwd)
template=$sw/template
if [ ! -d "$template" ]; then
    rm -rf "$template.new"
    mkdir -p "$template.new"
    WINEPREFIX=$template.new WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
    export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
    "$sw/wineserver" -p < /dev/null > /dev/null 2>&1
    timeout 300 "$sw/wine" wineboot -i < /dev/null > "$sw/template.log" 2>&1
    timeout 60 "$sw/wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f < /dev/null >> "$sw/template.log" 2>&1
    "$sw/wineserver" -k > /dev/null 2>&1 || true
    "$sw/wineserver" -w
    cp "$sw/bcryptprimitives.dll" "$template.new/drive_c/windows/system32/"
    mv "$template.new" "$template"
fi
[ -e "$2" ] || {
    mkdir -p "$(dirname "$2")"
    mkdir "$2.new"
    cp -al "$template/drive_c" "$2.new/drive_c"
    # What programs write to gets files of its own.
    rm -rf "$2.new/drive_c/users"
    cp -a "$template/drive_c/users" "$2.new/drive_c/users"
    cp -a "$template"/*.reg "$template/.update-timestamp" "$template/dosdevices" "$2.new/"
    mv "$2.new" "$2"
}
if [ "${3:-}" = start ]; then
    WINEPREFIX=$(cd "$2" && pwd) WINEDEBUG=-all
    export WINEPREFIX WINEDEBUG
    # No descriptor of ours may stay open in the server; one that runs already is an error that does not matter.
    "$sw/wineserver" -p < /dev/null > /dev/null 2>&1 || true
    timeout 120 "$sw/wine" cmd /c exit < /dev/null > /dev/null 2>&1
fi
