#!/usr/bin/env bash
# All that stands between a change and the main branch: set-up, check, models, audio tests.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/stage.sh

stage set-up scripts/setup.sh
stage check scripts/check.sh
stage build "${MAKE:-make}" --no-print-directory build
stage models "${MAKE:-make}" --no-print-directory models
stage audio scripts/audio.sh
stages_done
