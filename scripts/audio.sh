#!/usr/bin/env bash
# The tests that hear and speak with the real models, and in real time: optimized, or they measure the compiler.
set -euo pipefail
set -f # the patterns are not for the shell
cd "$(dirname "$0")/.."

names=$(python3 scripts/test_files.py only $AUDIO_TESTS)
if cargo nextest --version >/dev/null 2>&1; then
    run=(cargo nextest run --locked --cargo-profile fast)
else
    run=(cargo test --locked --profile fast)
fi
for package in $AUDIO_PACKAGES; do run+=(-p "$package"); done
for name in $names; do run+=(--test "$name"); done
"${run[@]}"
