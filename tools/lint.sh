#!/bin/sh
# The linters over all of sbx; any finding is an error.
#
# usage: lint.sh BUILD_DIR        needs the builds `mingw` and `native-asan`, for their compile commands
#
# tests/strictwine is in the style of Wine's source, which it is compiled into, and is not looked at.
set -eu
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
status=0

echo "== clang-format"
clang-format-14 --dry-run -Werror broker/*.[ch] broker/*/*.[ch] proto/*.[ch] shim/*.[ch] bench/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] \
    tests/attack/*.[ch] tests/faults/*.[ch] tests/soak/*.[ch] || status=1

# tidy NAME DATABASE FILE...: two at a time; clang's own options for mingw-w64's headers come with the target
tidy() {
    echo "== clang-tidy, $1"
    database=$build/lint/$1 target=$3
    mkdir -p "$database"
    python3 tools/lint_database.py "$2/compile_commands.json" > "$database/compile_commands.json"
    shift 3
    # -Wpedantic and the like are gcc's business in the build; clang's own warnings about mingw's headers say nothing of sbx.
    printf '%s\n' "$@" | xargs -P 2 -n 4 clang-tidy-14 --quiet --warnings-as-errors='*' -p "$database" \
        ${target:+--extra-arg=--target=$target} || status=1
}
tidy native "$build/native-asan" '' proto/*.c broker/policy/*.c tests/unit/test_*.c
tidy Windows "$build/mingw" x86_64-w64-mingw32 broker/main.c broker/*/*.c shim/*.c tests/unit/win_*.c

echo "== gcc -fanalyzer"
python3 tools/analyze.py "$build/mingw/compile_commands.json" || status=1

echo "== shellcheck"
grep -rlE --exclude-dir=build --exclude-dir=.git --exclude='*.py' '^#!/bin/sh|^# shellcheck shell' . | xargs shellcheck -x -S warning || status=1

echo "== ruff"
"$build/venv/bin/ruff" check -q . || status=1

# types NAME [OPTION...] FOLDER: the Python programs of a folder
types() {
    echo "== mypy, $1"
    shift
    "$build/venv/bin/mypy" --no-error-summary "$@" || status=1
}
types python/sbx --strict --strict-optional --no-warn-unused-ignores --platform win32 python/sbx
for folder in tests/e2e tests/attack tests/faults tests/soak tests/conformance tools bench; do
    MYPYPATH=tests/support:tests/e2e:$folder types $folder $folder/*.py
done
MYPYPATH=tests/e2e/probes types tests/e2e/probes --platform win32 tests/e2e/probes/*.py
exit $status
