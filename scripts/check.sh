#!/usr/bin/env bash
# Format, lints, documentation, and every test that needs neither models nor real time.
#
# AUDIO_TESTS names the test files that do need them, as PACKAGE:PATTERN: they are left to `make test`.
set -euo pipefail
set -f # the patterns are not for the shell
cd "$(dirname "$0")/.."
. scripts/stage.sh

# All but the audio tests.
tests() {
    local filter="all()" pair package names
    if cargo nextest --version >/dev/null 2>&1; then
        for pair in ${AUDIO_TESTS:-}; do
            filter+=" and not (kind(test) and package(=${pair%%:*}) and binary(${pair#*:}))"
        done
        cargo nextest run --locked --workspace --lib --bins --tests -E "$filter"
        return
    fi
    # cargo alone picks test files, but leaves none out.
    cargo test --locked --workspace --lib --bins || return
    names=$(python3 scripts/test_files.py except ${AUDIO_TESTS:-}) || return
    for package in $(cut -d " " -f 1 <<<"$names" | sort -u); do
        cargo test --locked -p "$package" $(sed -n "s/^$package /--test /p" <<<"$names") || return
    done
}

# optional NAME PROBE... -- COMMAND...: a stage that needs a tool not every machine has
optional() {
    local name=$1 probe=()
    shift
    while [ "$1" != -- ]; do
        probe+=("$1")
        shift
    done
    shift
    if "${probe[@]}" >/dev/null 2>&1; then
        stage "$name" "$@"
    else
        printf '\n== %s: LEFT OUT, for "%s" does not run here\n' "$name" "${probe[*]}" >&2
    fi
}

export RUSTDOCFLAGS="${RUSTDOCFLAGS:-} -D warnings"
optional format cargo fmt --version -- cargo fmt --all --check
optional lints cargo clippy --version -- cargo clippy --locked --workspace --all-targets -- -D warnings
stage documentation cargo doc --locked --workspace --no-deps --quiet
stage tests tests
optional dependencies cargo deny --version -- cargo deny --offline check bans licenses sources
stages_done
