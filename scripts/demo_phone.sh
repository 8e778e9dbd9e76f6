#!/usr/bin/env bash
# A carrier of our own rings three businesses at once, the way a real one does: signed webhooks, REST commands, media
# sockets with one-shot tokens, hang-ups. What was heard, said and ordered lies in OUT afterwards.
#
#   scripts/demo_phone.sh APEX OUT        APEX is the built program
#
# Exit 0 if every call was answered, told the hours and the address of the business that was rung, and no leg was left up.
set -euo pipefail
cd "$(dirname "$0")/.."
apex=$1 out=$(realpath -m "$2")

rm -rf "$out"
mkdir -p "$out"

# free PORT...: whether nobody listens there; a demonstration beside a running engine takes other ports
base=8710
while python3 - "$base" <<'PY'
import socket, sys
for port in range(int(sys.argv[1]), int(sys.argv[1]) + 4):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            sys.exit(0)
sys.exit(1)
PY
do base=$((base + 10)); done
media=127.0.0.1:$base control=127.0.0.1:$((base + 1)) front=127.0.0.1:$((base + 2)) api=127.0.0.1:$((base + 3))

export APEX_TELNYX_API_KEY=KEY-of-the-demonstration
# The carrier's keys are the same in every run: ask it.
key=$("$apex" fake-telnyx --settings --listen "$api" --webhook "http://$front/webhooks/telnyx" |
    sed -n 's/^ *public_keys = \["\(.*\)"\]/\1/p')
cat >"$out/phone.toml" <<TOML
[media]
listen = "$media"
access = "token"
[control]
listen = "$control"
[state]
path = "$out/state"
[front]
listen = "$front"
media_url = "ws://$media"
api_url = "http://$api/v2"
public_keys = ["$key"]
TOML

"$apex" serve --businesses fixtures/businesses --config "$out/phone.toml" >"$out/engine.log" 2>&1 &
engine=$!
trap 'kill $engine 2>/dev/null || true' EXIT
for _ in $(seq 300); do
    kill -0 $engine 2>/dev/null || { cat "$out/engine.log" >&2; exit 2; }
    python3 -c "import urllib.request as u; u.urlopen('http://$control/readyz', timeout=1)" 2>/dev/null && break
    sleep 0.1
done

failed=0
"$apex" fake-telnyx --listen "$api" --webhook "http://$front/webhooks/telnyx" \
    --ring +12125550142,+13125550167,+12065550123 --every 100ms --patience 30s \
    --play fixtures/demo/first-1-hours.flac,fixtures/demo/first-7-location.flac,fixtures/demo/first-8-goodbye.flac |
    tee "$out/carrier.log" || failed=1

kill -TERM $engine
wait $engine || failed=1
trap - EXIT

python3 scripts/demo_phone.py "$out" || failed=1
for record in "$out"/state/calls/*/*/call.json; do
    "$apex" replay --svg "$(dirname "$record")/timeline.svg" "$(dirname "$record")" >/dev/null || failed=1
done
echo "evidence: $out/carrier.log (what the carrier saw), $out/engine.log, $out/state/calls/BUSINESS/CALL/ (record, recording, event log, picture)"
exit $failed
