#!/bin/sh
# Build the libraries sbx links to, as static libraries, from Debian's source packages.
#
# usage: deps.sh BUILD_DIR     result: BUILD_DIR/deps/mingw and BUILD_DIR/deps/native, for find_package
#
# mingw gets libuv, msgpack-c, jansson and cmocka; native gets msgpack-c and jansson (cmocka comes from its package).
# Beside them lie their licences, for the package. Incremental: a library that is installed for a target is not built again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd)
cache=$build/cache/deps
packages='libuv1=1.44.2-1+deb12u1 msgpack-c=4.0.0-3 jansson=2.14-2 cmocka=1.1.5-2.1'

missing=
for package in $packages; do
    [ -f "$cache/$package.unpacked" ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of words
    "$here/apt-source.sh" "$cache" $missing
    for package in $missing; do : > "$cache/$package.unpacked"; done
fi

# msgpack-c's project() asks for a C++ compiler that its C library has no use for.
sed -i 's/^PROJECT (msgpack)$/PROJECT (msgpack C)/' "$cache"/msgpack-c-4.0.0/CMakeLists.txt
grep -q '^PROJECT (msgpack C)$' "$cache"/msgpack-c-4.0.0/CMakeLists.txt

# library TARGET NAME SOURCE_DIR BUILT_TARGET OPTION...: configure, build and install one library
library() {
    target=$1 name=$2 source=$cache/$3 goal=$4 prefix=$build/deps/$1 objects=$cache/obj/$1/$2
    shift 4
    [ ! -f "$prefix/.$name" ] || return 0
    [ "$target" = native ] || set -- "$@" "-DCMAKE_TOOLCHAIN_FILE=$here/../cmake/mingw.cmake"
    rm -rf "$objects"
    cmake -Wno-dev -G Ninja -S "$source" -B "$objects" -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
        -DCMAKE_C_FLAGS="-O2 -w -ffile-prefix-map=$source=$name -ffile-prefix-map=$objects=$name" -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_AR="$(command -v "${ar:-ar}")" \
        -DCMAKE_C_ARCHIVE_CREATE='<CMAKE_AR> qcD <TARGET> <OBJECTS>' -DCMAKE_C_ARCHIVE_FINISH='<CMAKE_RANLIB> -D <TARGET>' "$@"
    cmake --build "$objects" --target "$goal"
    cmake --install "$objects"
    : > "$prefix/.$name"
}

for target in mingw native; do
    ar='ar'
    [ $target = native ] || ar=x86_64-w64-mingw32-ar
    library $target msgpack-c msgpack-c-4.0.0 all -DMSGPACK_ENABLE_SHARED=OFF -DMSGPACK_ENABLE_STATIC=ON \
        -DMSGPACK_BUILD_EXAMPLES=OFF -DMSGPACK_BUILD_TESTS=OFF
    library $target jansson jansson-2.14 all -DJANSSON_EXAMPLES=OFF -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON
done
ar=x86_64-w64-mingw32-ar
library mingw libuv libuv1-1.44.2 all -DLIBUV_BUILD_TESTS=OFF -DCMAKE_SHARED_LINKER_FLAGS=-static-libgcc
library mingw cmocka cmocka-1.1.5 all -DBUILD_SHARED_LIBS=OFF -DWITH_STATIC_LIB=ON -DUNIT_TESTING=OFF -DWITH_EXAMPLES=OFF

# Each library's licence, where vcpkg puts it too; and that of the compiler's own code that is linked into sbx.exe.
licence() {
    name=$1
    shift
    mkdir -p "$build/deps/mingw/share/$name"
    cat "$@" > "$build/deps/mingw/share/$name/copyright"
}
licence libuv "$cache/libuv1-1.44.2/LICENSE"
licence msgpack-c "$cache/msgpack-c-4.0.0/COPYING" "$cache/msgpack-c-4.0.0/NOTICE" "$cache/msgpack-c-4.0.0/LICENSE_1_0.txt"
licence jansson "$cache/jansson-2.14/LICENSE"
licence mingw-w64 /usr/share/doc/mingw-w64-x86-64-dev/copyright
licence libgcc /usr/share/doc/gcc-mingw-w64-x86-64-win32/copyright
