#!/bin/sh
# Unpack the source of Debian packages without touching the machine's own apt configuration.
#
# usage: apt-source.sh WORK_DIR PACKAGE=VERSION...     result: WORK_DIR/<package>-<upstream version>/
#
# The package sources that the machine already uses are read again as sources of source packages, from a private copy
# of its lists below WORK_DIR/apt. Signatures are checked as for any other package. An exact version that an update has
# replaced in the archive is an error here, not a silent change.
set -eu
mkdir -p "$1"
work=$(cd "$1" && pwd)
shift
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"

for f in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$f" ] || sed 's/^Types:.*/Types: deb-src/' "$f" > "$apt/parts/$(basename "$f")"
done
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | sed -n 's/^deb /deb-src /p' > "$apt/parts/main.list"
cat > "$apt/conf" <<EOF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/parts";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "$(id -un)";
EOF
export APT_CONFIG="$apt/conf"
cd "$work"
if ! grep -q '^deb-src \|^Types: deb-src' "$apt"/parts/* 2> /dev/null; then
    echo "apt-source: this machine has no package sources in /etc/apt/sources.list or /etc/apt/sources.list.d" >&2
    exit 1
fi
if ! apt-get -qq update; then
    echo "apt-source: the lists of source packages could not be read; is the network there, and do the package sources of" \
        "/etc/apt offer deb-src?" >&2
    exit 1
fi
if ! apt-get -qq source "$@"; then
    echo "apt-source: not to be had: $*. An update may have replaced a version; tools/deps.sh and tests/strictwine/build.sh" \
        "name them" >&2
    exit 1
fi
