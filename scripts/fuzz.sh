#!/usr/bin/env bash
# Fuzzes the decoders and the call machine, guided by coverage, on the stable compiler.
#
#   scripts/fuzz.sh [MINUTES] [TARGET...]    CPU minutes for each entry point (default 1), all of them unless named
#
# What is found lies in $CARGO_TARGET_DIR/fuzz-corpus/TARGET/ (interesting inputs) and fuzz-findings/TARGET/ (inputs that
# fail). A finding is reproduced with: APEX_FUZZ=TARGET PROGRAM FILE, as printed. Exit 1 if anything was found.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-1}
shift || true
case $minutes in
'' | *[!0-9]* | 0) # The driver takes 0 for no limit.
    echo "fuzz: MINUTES is a whole number from 1, not \"$minutes\"" >&2
    exit 2
    ;;
esac
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
host=$(rustc -vV | sed -n 's/^host: //p')
program=$target_dir/fuzz/$host/release/fuzz

# Edges, comparisons and their operands are what the fuzzer steers by. Without AddressSanitizer, which only a nightly
# compiler has: our own code has no unsafe block for it to watch.
flags=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing)
echo "fuzz: building" >&2
# The same versions as the program has: its lock file decides, and only the fuzzer's driver is added.
cp Cargo.lock tests/fuzz/Cargo.lock
# Naming the target keeps the flags away from build scripts, which have no fuzzer to link with.
RUSTFLAGS="${flags[*]}" cargo build --release --target "$host" --target-dir "$target_dir/fuzz" \
    --manifest-path tests/fuzz/Cargo.toml

if [ $# -eq 0 ]; then
    set -- $(sed -n 's/^    ("\(fuzz_[a-z0-9_]*\)".*/\1/p' tests/fuzz/src/main.rs)
fi

failed=()
for name in "$@"; do
    corpus=$target_dir/fuzz-corpus/$name findings=$target_dir/fuzz-findings/$name
    mkdir -p "$corpus" "$findings"
    log=$findings/last.log
    printf '%-24s %s min: ' "$name" "$minutes"
    if APEX_FUZZ=$name "$program" "$corpus" -max_total_time=$((minutes * 60)) -max_len=8192 -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$findings/" >"$log" 2>&1; then
        sed -n 's/^Done \([0-9]*\) runs.*/\1 runs, nothing found/p' "$log"
    else
        failed+=("$name")
        echo "FOUND: $(ls -t "$findings" | grep -v last.log | head -1) (see $log)"
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "findings in: ${failed[*]}; reproduce with APEX_FUZZ=NAME $program FILE" >&2
    exit 1
fi
