#!/bin/sh
# Build kernelbase.dll with the calls that Windows sends (kernelbase.py). Called by build.sh.
#
# usage: kernelbase.sh STOCK_SOURCE DEBIAN_FILES WORK_DIR     result: WORK_DIR/kernelbase.dll
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$1 deb=$2 work=$3
rm -rf "$work"
mkdir -p "$work"
cp -r "$source" "$work/src"
python3 "$here/kernelbase.py" "$work/src"
cd "$work"
(
    cd src
    perl tools/make_requests
    perl tools/make_specfiles
    autoconf
    autoheader
    ln -sf /usr/share/misc/config.sub /usr/share/misc/config.guess tools/
    sed -n 's/^\t\(ln -sf \.\.\/\.\.\/\(dlls\|programs\).*\)/\1/p' debian/rules | sh
    # Debian generates these from data of Unicode and Khronos. makedep wants them to be there; kernelbase.dll does not need them.
    mkdir -p include/wine
    for f in vulkan vulkan_driver wgl wgl_driver; do : >> include/wine/$f.h; done
    : > dlls/kernelbase/kernelbase.rgs
    for f in $(grep -oE "[a-z0-9_]+\.nls" nls/Makefile.in); do
        [ -e "nls/$f" ] || cp "$deb/usr/share/wine/nls/$f" nls/ 2> /dev/null || : > "nls/$f"
    done
) > generated.log 2>&1
src/configure --enable-win64 --without-x --without-freetype --disable-tests > configure.log 2>&1 || test -f include/config.h
# makedep names one missing generated file at a time; an empty one will do.
tries=0
while [ $tries -lt 40 ]; do
    missing=$(./config.status Makefile 2>&1 | sed -nE 's/.*error: open ([^ ]+) : No such.*/\1/p')
    [ -n "$missing" ] || break
    grep -rlE --include=Makefile.in "(^|[[:space:]])$missing( |\$|[[:space:]])" src | while read -r makefile; do
        file=$(dirname "$makefile")/$missing
        mkdir -p "$(dirname "$file")"
        [ -e "$file" ] || : > "$file"
    done
    tries=$((tries + 1))
done
make -j"$(nproc)" dlls/kernelbase/x86_64-windows/kernelbase.dll > make.log 2>&1
cp dlls/kernelbase/x86_64-windows/kernelbase.dll .
rm -rf src dlls include tools libs loader programs server
