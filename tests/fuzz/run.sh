#!/bin/sh
# Run the fuzz targets, one after the other.
#
# usage: run.sh SECONDS [TARGET...]
#
# Builds the preset native-fuzz first. Starts from the seeds in tests/fuzz/corpus and from what earlier runs found, which is kept
# in build/fuzz/<target>/corpus. An input that fails is left in build/fuzz/<target>, and the exit code is then 1.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/fuzz
programs=${SBX_FUZZ_PROGRAMS:-}
seconds=${1:?usage: run.sh SECONDS [TARGET...]}
shift

build() {
    cd "$root"
    [ -f build/native-fuzz/build.ninja ] || cmake --preset native-fuzz
    cmake --build --preset native-fuzz
    cd - > /dev/null
}

if [ -z "$programs" ]; then
    build
    programs=$root/build/native-fuzz
fi
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # one word a target
    set -- $(cd "$here" && ls fuzz_*.c | sed 's/\.c$//')
fi

failures=
for target in "$@"; do
    work=$root/build/fuzz/$target
    log=$work/log
    mkdir -p "$work/corpus"
    options="-max_total_time=$seconds -print_final_stats=1 -artifact_prefix=$work/"
    [ ! -f "$here/$target.dict" ] || options="$options -dict=$here/$target.dict"
    # shellcheck disable=SC2086
    if nice -n 19 "$programs/$target" $options "$work/corpus" "$here/corpus/$target" > "$log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
        coverage=$(grep -o 'cov: [0-9]* ft: [0-9]* corp: [0-9]*' "$log" | tail -1)
        printf '%-14s %10s executions %8s per second  %s\n' "$target" "$executions" "$rate" "$coverage"
    else
        failures="$failures $target"
        printf '%-14s FAILED\n' "$target"
        tail -n 40 "$log"
    fi
done
[ -z "$failures" ] || { printf 'failed:%s\n' "$failures" >&2; exit 1; }
