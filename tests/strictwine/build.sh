#!/bin/sh
# Build a Wine whose kernel enforces restricted tokens, integrity levels and file DACLs, from Debian 13's Wine 10.0. Runs on
# Debian 12 (and 13): nothing of it is installed, the machine's own packages stay as they are.
#
# usage: build.sh OUT_DIR
# result: OUT_DIR/wine and OUT_DIR/wineserver, OUT_DIR/stock/wine and OUT_DIR/stock/wineserver (the same without the checks),
#         OUT_DIR/selftest.exe
#
# Source and binaries come from the Debian archive that the machine's apt already uses, suite $suite, through a private apt
# configuration below OUT_DIR/work. The Windows side (PE files, 64 and 32 bit) and those Unix libraries that a glibc of 2.36 can load
# are Debian's; wineserver, the loader, kernelbase.dll, the Unix side of ntdll and six Unix libraries that want glibc 2.38 are
# compiled. A second run does what changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
suite=trixie
version=10.0~repack-6
mkdir -p "$1"
out=$(cd "$1" && pwd)
arch=x86_64-linux-gnu
work=$out/work
deb=$work/deb
apt=$work/apt
modules='bcrypt crypt32 secur32 mountmgr.sys nsiproxy.sys winspool.drv'
mkdir -p "$work"

die() {
    echo "build.sh: $*" >&2
    exit 1
}

# What the checks of files are kept in.
: > "$out/probe"
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.wine.sd", b"x")' "$out/probe" 2> /dev/null ||
    die "the file system of $out has no user extended attributes; build on ext4, xfs, btrfs, or tmpfs from Linux 6.6 on"
rm -f "$out/probe"

# The package sources of this machine, with another suite: of each stanza whose suites name this release itself, URI and key.
private_apt() {
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
    . /etc/os-release
    for f in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$f" ] || awk -v RS= -v from="$VERSION_CODENAME" -v to="$suite" '
            { if ($0 !~ "(^|\n)Suites:[^\n]*[ \t]" from "([ \t\n]|$)") next
              gsub(/(^|\n)Types:[^\n]*/, "\nTypes: deb deb-src"); gsub(/\nSuites:[^\n]*/, "\nSuites: " to)
              gsub(/\nComponents:[^\n]*/, "\nComponents: main"); print $0 "\n" }' "$f" | sed '/^$/{N;/^\n$/D}' > "$apt/parts/$(basename "$f")"
    done
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null |
        sed -nE "s/^deb( \[[^]]*\])? ([^ ]+) $VERSION_CODENAME .*/deb\1 \2 $suite main\ndeb-src\1 \2 $suite main/p" > "$apt/parts/main.list"
    : > "$apt/status"
    cat > "$apt/conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/parts";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
APT::Architectures { "amd64"; "i386"; };
APT::Sandbox::User "$(id -un)";
END
}

# 1. what Debian has
if [ ! -f "$work/fetched" ]; then
    private_apt
    cd "$work"
    export APT_CONFIG="$apt/conf"
    apt-get -qq -o APT::Update::Error-Mode=any update ||
        die "the package lists of $suite could not be read; is the network there, and does /etc/apt name a Debian archive?"
    apt-get -qq source --download-only "wine=$version" && apt-get -qq download "libwine:amd64=$version" "libwine:i386=$version" libz-mingw-w64 ||
        die "wine $version is not to be had; where $suite has replaced it, put the new version into tests/strictwine/build.sh and run the self-test"
    unset APT_CONFIG
    rm -rf "$deb"
    mkdir "$deb"
    for f in ./*.deb; do dpkg -x "$f" "$deb"; done
    # as libwine's postinst does
    builtin() {
        { head -c 64 "$1" && printf 'Wine builtin DLL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' && tail -c +97 "$1"; } > "$2"
    }
    builtin "$deb/usr/x86_64-w64-mingw32/lib/zlib1.dll" "$deb/usr/lib/$arch/wine/x86_64-windows/zlib1.dll"
    builtin "$deb/usr/i686-w64-mingw32/lib/zlib1.dll" "$deb/usr/lib/i386-linux-gnu/wine/i386-windows/zlib1.dll"
    : > fetched
fi
cd "$work"

# 2. the source, once as it is and once with the hooks in it
make_source() {
    rm -rf "$1" "$1.obj" wine-*/
    dpkg-source -q -x "wine_$version.dsc"
    mv wine-*/ "$1"
    rm -f "$1.hooks"
    [ "$1" = stock ] || python3 "$here/hooks.py" "$1"
    (cd "$1" && perl tools/make_requests && perl tools/make_specfiles && perl tools/make_requests) > "$1.generated"
    printf '#define wine_build "wine-10.0-%s"\n' "$1" > "$1/dlls/ntdll/unix/version.h"
    mkdir "$1.obj"
    cp "$here/hooks.py" "$1.hooks"
}
[ -f stock.hooks ] || make_source stock
cmp -s "$here/hooks.py" strict.hooks || make_source strict
for f in "$here"/strict*.[ch]; do
    cmp -s "$f" "strict/server/$(basename "$f")" || { cp "$f" strict/server/; rm -f strict.obj/server-*.o; }
done

# 3. config.h (configure ends in makedep complaining of a generated header: by then the file is there)
if [ ! -f include/config.h ]; then
    (cd stock && autoconf && autoheader && ln -sf /usr/share/misc/config.sub /usr/share/misc/config.guess tools/)
    stock/configure --enable-win64 --without-x --without-freetype --without-mingw --disable-tests > configure.log 2>&1 || test -f include/config.h
fi

# 4. compile what has no object file
# shellcheck disable=SC2089,SC2090 # the quotes are for the shell that runs the compiler
dirs="-DBINDIR=\"/usr/lib/wine\" -DLIBDIR=\"/usr/lib/$arch/wine\" -DSYSCONFDIR=\"/etc\" -DSYSTEMDLLPATH=\"\""
so="-fPIC -fasynchronous-unwind-tables"
files() { # SOURCE: part, file, flags
    for f in "$1"/server/*.c; do
        [ "$f" = strict/server/strict_token.c ] || echo "server $f -DDATADIR=\"/usr/share\" -I$1/server"
    done
    for f in "$1"/dlls/ntdll/unix/*.c; do
        echo "ntdll $f $so -DDATADIR=\"/usr/share/wine\" -D_NTSYSTEM_ -D_ACRTIMP= -DWINBASEAPI= -I$1/dlls/ntdll -I$1/dlls/ntdll/unix"
    done
    [ "$1" = strict ] || return 0
    echo "loader $1/loader/main.c -fPIE"
    for module in $modules; do
        for f in $(grep -l 'pragma makedep unix' "$1/dlls/$module"/*.c); do echo "${module%.*} $f $so -I$1/dlls/$module"; done
    done
}
for source in strict stock; do
    files $source | while read -r part f flags; do
        o=$source.obj/$part-$(basename "$f" .c).o
        # shellcheck disable=SC2086,SC2090,SC2116 # one line of words
        [ -f "$o" ] || printf '%s\0' "gcc -O2 -g -w -D__WINESRC__ -DWINE_UNIX_LIB -Iinclude -I$source/include $(echo $dirs $flags | sed 's/"/\\"/g') -c $f -o $o.new && mv $o.new $o"
    done
done | xargs -0 -r -n1 -P"$(nproc)" sh -c
for source in strict stock; do
    gcc -o $source.obj/wineserver $source.obj/server-*.o -lrt -lpthread -lm
    gcc -shared -Wl,-Bsymbolic -Wl,-soname,ntdll.so -o $source.obj/ntdll.so $source.obj/ntdll-*.o -ldl -lpthread -lrt -lm
done
gcc -pie -o strict.obj/wine64 strict.obj/loader-main.o -ldl -lpthread
for module in $modules; do
    m=${module%.*}
    gcc -shared -Wl,-Bsymbolic -Wl,-soname,"$m.so" -o "strict.obj/$m.so" "strict.obj/$m"-*.o strict.obj/ntdll.so -lpthread
done

if ! cmp -s "$here/kernelbase.py" kernelbase/applied; then
    sh "$here/kernelbase.sh" "$work/stock" "$deb" "$work/kernelbase"
    cp "$here/kernelbase.py" kernelbase/applied
fi

# 5. the trees: Debian's files by link, ours in their place. Files are replaced by rename, so that what runs goes on.
put() { cmp -s "$1" "$2" || { cp "$1" "$2.new" && mv -f "$2.new" "$2"; }; }
for source in strict stock; do
    tree=$out/tree
    commands=$out
    [ $source = strict ] || { tree=$out/stock/tree commands=$out/stock; }
    unix=$tree/lib/$arch/wine/x86_64-unix
    if [ "$(cat "$tree/complete" 2> /dev/null)" != "$version" ]; then
        rm -rf "$tree"
        mkdir -p "$tree/lib/wine" "$unix" "$tree/share"
        mkdir "$tree/lib/$arch/wine/x86_64-windows"
        ln -s "$deb/usr/lib/$arch/wine/x86_64-windows/"* "$tree/lib/$arch/wine/x86_64-windows/"
        ln -s "$deb/usr/lib/i386-linux-gnu/wine/i386-windows" "$tree/lib/$arch/wine/"
        ln -s "$deb/usr/lib/$arch/wine/x86_64-unix/"* "$unix/"
        ln -s "$deb/usr/share/wine" "$tree/share/wine"
        echo "$version" > "$tree/complete"
    fi
    put strict.obj/wine64 "$tree/lib/wine/wine64"
    put $source.obj/wineserver "$tree/lib/wine/wineserver"
    put kernelbase/kernelbase.dll "$tree/lib/$arch/wine/x86_64-windows/kernelbase.dll"
    put $source.obj/ntdll.so "$unix/ntdll.so"
    for module in $modules; do put "strict.obj/${module%.*}.so" "$unix/${module%.*}.so"; done
    for command in wine wineserver; do
        binary=$command
        [ $command = wineserver ] || binary=wine64
        printf '#!/bin/sh\nexec "%s/lib/wine/%s" "$@"\n' "$tree" $binary > "$commands/$command"
        chmod +x "$commands/$command"
    done
done

# 6. the Windows programs of this directory
cross=x86_64-w64-mingw32-gcc
flags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -DUNICODE -D_UNICODE -D_WIN32_WINNT=0x0A00 -static -Wl,--no-insert-timestamp"
if [ ! -f "$out/selftest.exe" ] || [ -n "$(find "$here" -name 'selftest*.[ch]' -newer "$out/selftest.exe")" ]; then
    # shellcheck disable=SC2086
    $cross $flags -municode -o "$out/selftest.exe" "$here"/selftest*.c -lntdll -ladvapi32
fi
echo "$out/wine"
