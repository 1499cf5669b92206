#!/bin/sh
# Do two builds of the same sources, in two folders, give the same bytes?
#
# usage: check-package.sh BUILD_DIR
#
# Both the libraries and sbx are built twice, below BUILD_DIR/check; what is compared is the whole zip.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
check=$build/check
rm -rf "$check"

# package_in DIRECTORY: a copy of the sources, built there
package_in() {
    mkdir -p "$1/build/cache/deps"
    (cd "$root" && cp -R CHANGELOG.md CMakeLists.txt LICENSE README.md broker cmake completions docs proto python shim tools "$1/")
    for source in "$build"/cache/deps/*; do
        case ${source##*/} in
        apt | obj) ;;
        *) cp -R "$source" "$1/build/cache/deps/" ;;
        esac
    done
    "$1/tools/deps.sh" "$1/build"
    cmake -G Ninja -S "$1" -B "$1/out" -DCMAKE_TOOLCHAIN_FILE="$1/cmake/mingw.cmake" -DCMAKE_PREFIX_PATH="$1/build/deps/mingw" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS_RELEASE=-O2 -DSBX_TESTS=OFF
    cmake --build "$1/out" --target package
}

for name in one a-folder-with-a-longer-name; do
    mkdir -p "$check/$name"
    printf 'building in %s ...\n' "$check/$name"
    package_in "$check/$name" > "$check/$name.log" 2>&1 || {
        tail -n 40 "$check/$name.log" >&2
        exit 1
    }
    # The second build is not of the same second.
    sleep 2
done

set -- "$check"/*/out/package/*.zip
[ $# -eq 2 ] || { echo "check-package: expected two archives, found $#" >&2; exit 1; }
sha256sum "$@"
for wheel in "$check"/one/out/package/*.whl; do
    cmp "$wheel" "$check/a-folder-with-a-longer-name/out/package/${wheel##*/}" || exit 1
done
if ! cmp "$1" "$2"; then
    for file in sbx.exe sbxshim.dll; do
        cmp "$check/one/out/$file" "$check/a-folder-with-a-longer-name/out/$file" || true
    done
    echo "check-package: the two builds differ" >&2
    exit 1
fi
echo "the two builds are the same"
rm -rf "$check"
