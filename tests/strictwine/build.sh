#!/bin/sh
# Build a Wine whose kernel enforces restricted tokens, integrity levels and file DACLs. Debian 12's own Wine, which it is
# made from and borrows most files from, stays as it is.
#
# usage: build.sh OUT_DIR
# result: OUT_DIR/wine and OUT_DIR/wineserver, commands that take the place of `wine64` and `wineserver`
#         OUT_DIR/selftest.exe, and OUT_DIR/bcryptprimitives.dll for prefixes
#
# Only wineserver, the Unix side of ntdll and the loader are compiled. A second run does what changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
arch=x86_64-linux-gnu
work=$out/work
mkdir -p "$work/obj"

# 1. the source of the installed version, with the hooks in it
if ! cmp -s "$here/hooks.py" "$work/hooks.applied"; then
    rm -rf "$work/src" "$work/obj" "$work"/wine-*/ "$work/hooks.applied"
    mkdir -p "$work/obj"
    version=$(dpkg-query -W -f '${source:Version}' wine64)
    if [ -f "$work/wine_$version.dsc" ]; then
        (cd "$work" && dpkg-source -q -x "wine_$version.dsc")
    else
        "$here/../../tools/apt-source.sh" "$work" "wine=$version"
    fi
    mv "$work"/wine-*/ "$work/src"
    (cd "$work/src" &&
        ./debian/scripts/generate server/trace.generated make_requests &&
        ./debian/scripts/generate server/request.generated make_requests &&
        autoconf && autoheader &&
        ln -sf /usr/share/misc/config.sub /usr/share/misc/config.guess tools/)
    python3 "$here/hooks.py" "$work/src"
    (cd "$work/src" && tools/make_requests)
    cp "$here/hooks.py" "$work/hooks.applied"
fi
for f in "$here"/strict*.[ch]; do
    cmp -s "$f" "$work/src/server/$(basename "$f")" || { cp "$f" "$work/src/server/"; rm -f "$work"/obj/server-*.o; }
done

# 2. config.h (configure ends in makedep complaining of a generated header: by then the file is there)
[ -f "$work/include/config.h" ] ||
    (cd "$work" && src/configure --enable-win64 --without-x --without-freetype --disable-tests > configure.log 2>&1 || test -f include/config.h)

# 3. compile what has no object file
cd "$work"
printf '#define PACKAGE_VERSION "8.0"\nextern const char wine_build[];\n' > include/version.h
printf 'const char wine_build[] = "wine-8.0-strict";\n' > src/dlls/ntdll/unix/version.c
dirs="-DBINDIR=\"/usr/lib/wine\" -DDATADIR=\"/usr/share\" -DLIBDIR=\"/usr/lib/$arch\" -DDLLDIR=\"/usr/lib/$arch/wine\"
  -DSYSCONFDIR=\"/etc\" -DSYSTEMDLLPATH=\"\" -DNLSDIR=\"/usr/share/wine/nls\" -DBIN_TO_NLSDIR=\"../../share/wine/nls\"
  -DBIN_TO_DLLDIR=\"../$arch/wine\" -DDLL_TO_BINDIR=\"../../../lib/wine\" -DBIN_TO_DATADIR=\"../../share/wine\"
  -DLIB_TO_BINDIR=\"\" -DLIB_TO_DLLDIR=\"\""
common="-O2 -g -w -D__WINESRC__ -DWINE_UNIX_LIB -Iinclude -Isrc/include"
{
    for f in src/server/*.c; do
        [ "$f" = src/server/strict_token.c ] || echo "server $f -Isrc/server"
    done
    echo "loader src/loader/main.c -fPIE"
    for f in src/dlls/ntdll/unix/*.c; do
        echo "ntdll $f -fPIC -fasynchronous-unwind-tables -D_NTSYSTEM_ -D_ACRTIMP= -DWINBASEAPI= -Isrc/dlls/ntdll -Isrc/dlls/ntdll/unix"
    done
} | while read -r part f flags; do
    o=obj/$part-$(basename "$f" .c).o
    # shellcheck disable=SC2086,SC2116 # one line of words
    [ -f "$o" ] || printf '%s\0' "gcc $common $(echo $dirs | sed 's/"/\\"/g') $flags -c $f -o $o.new && mv $o.new $o"
done | xargs -0 -r -n1 -P"$(nproc)" sh -c
gcc -o wineserver obj/server-*.o -lrt -lpthread -lm
# Debian's loader lies at a fixed address, 0x7d000000, and the kernel puts a process's heap at a random distance behind it: one start
# in some thousands has it at 0x7ffe0000, where the shared user data of Windows has to be, and fails. A position-independent one
# has its heap elsewhere.
gcc -pie -o loader obj/loader-main.o -ldl -lpthread
gcc -shared -Wl,-Bsymbolic -Wl,-soname,ntdll.so -o ntdll.so obj/ntdll-*.o -ldl -lpthread -lrt -lm

# 4. the tree: Debian's files by link, ours in their place. Files are replaced by rename, so that what runs goes on.
tree=$out/tree
put() { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }
if [ ! -f "$tree/complete" ]; then
    rm -rf "$tree"
    mkdir -p "$tree/lib/wine" "$tree/lib/$arch/wine/x86_64-unix" "$tree/share"
    ln -s "/usr/lib/$arch/wine/x86_64-windows" "$tree/lib/$arch/wine/"
    ln -s "/usr/lib/$arch/wine/x86_64-unix/"* "$tree/lib/$arch/wine/x86_64-unix/"
    ln -s /usr/share/wine "$tree/share/wine"
    : > "$tree/complete"
fi
cmp -s loader "$tree/lib/wine/wine64" || put loader "$tree/lib/wine/wine64"
cmp -s wineserver "$tree/lib/wine/wineserver" || put wineserver "$tree/lib/wine/wineserver"
cmp -s ntdll.so "$tree/lib/$arch/wine/x86_64-unix/ntdll.so" || put ntdll.so "$tree/lib/$arch/wine/x86_64-unix/ntdll.so"
for command in wine wineserver; do
    binary=$command
    [ $command = wineserver ] || binary=wine64
    printf '#!/bin/sh\nexec "%s/lib/wine/%s" "$@"\n' "$tree" $binary > "$out/$command"
    chmod +x "$out/$command"
done

# 5. the Windows programs of this directory
cross=x86_64-w64-mingw32-gcc
flags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -static -Wl,--no-insert-timestamp"
newer() { [ ! -f "$2" ] || [ -n "$(find "$here" -name "$1" -newer "$2")" ]; }
if newer 'selftest*.[ch]' "$out/selftest.exe"; then
    # shellcheck disable=SC2086
    $cross $flags -municode -o "$out/selftest.exe" "$here"/selftest*.c -lntdll -ladvapi32
fi
if newer bcryptprimitives.c "$out/bcryptprimitives.dll"; then
    # shellcheck disable=SC2086
    $cross $flags -shared -o "$out/bcryptprimitives.dll" "$here/bcryptprimitives.c" -ladvapi32
fi
echo "$out/wine"
