#!/usr/bin/env bash
# The tests that hear and speak with the real models, and in real time: optimized, or they measure the compiler; one at a
# time unless AUDIO_JOBS says otherwise, or they measure each other.
set -euo pipefail
set -f # the patterns are not for the shell
cd "$(dirname "$0")/.."

names=$(python3 scripts/test_files.py only $AUDIO_TESTS)
for package in $(cut -d " " -f 1 <<<"$names" | sort -u); do
    files=$(sed -n "s/^$package /--test /p" <<<"$names")
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --cargo-profile fast -j "$AUDIO_JOBS" -p "$package" $files
    else
        cargo test --locked --profile fast -p "$package" $files -- --test-threads "$AUDIO_JOBS"
    fi
done
