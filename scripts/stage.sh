# Sourced: runs the stages of a longer job, says what each took, and stops at the first that fails.

stage_summary=""

# stage NAME COMMAND...
stage() {
    local name=$1 began=$SECONDS
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    if ! "$@"; then
        printf '\n== %s: FAILED after %d s\n' "$name" "$((SECONDS - began))" >&2
        exit 1
    fi
    printf '== %s: %d s\n' "$name" "$((SECONDS - began))"
    stage_summary+="$(printf '  %5d s  %s' "$((SECONDS - began))" "$name")"$'\n'
}

stages_done() {
    printf '\n%s  %5d s  in all\n' "$stage_summary" "$SECONDS"
}
