# Thin: each target says what it does; the work is in scripts/ and in the program. `make help` lists them.

CARGO_TARGET_DIR ?= target
APEX := $(CARGO_TARGET_DIR)/fast/apex

# Where the speech models lie, and where `make demo` writes.
MODELS ?= models
OUT ?= demo-out
# Where `make demo-phone` writes.
PHONE_OUT ?= demo-phone-out
# Where `make demo-llama` writes.
LLAMA_OUT ?= demo-llama-out
# What the legs of the demo carry: pcmu, pcma, g722, l16 or opus.
CODEC ?= pcmu
# The business files `make serve` answers for.
BUSINESSES ?= fixtures/businesses
# CPU minutes `make fuzz` gives to each entry point, and which (all, if empty).
MINUTES ?= 1
TARGETS ?=
# How many seeded conversations `make soak` runs in virtual time, and how many calls `make kill` rings in real time.
SEEDS ?= 10000
CALLS ?= 500
# Where `make bench-turns` finds recorded speech, listed in clips.tsv; made from packages of Debian unless it is there.
CORPUS ?= $(CARGO_TARGET_DIR)/turn-corpus
# Test files that need models or real time, as PACKAGE:PATTERN, and how many of their tests run at once.
AUDIO_TESTS ?= speech:models_* server:*
AUDIO_JOBS ?= 1

export CARGO_TARGET_DIR AUDIO_TESTS AUDIO_JOBS
export APEX_MODELS := $(abspath $(MODELS))

.PHONY: demo demo-phone demo-llama serve test check bench bench-turns score soak fuzz kill matrix models setup build help

demo: setup build models ## run three receptionists, call them, write what was heard to demo-out/
	$(APEX) demo --out $(OUT) --codec $(CODEC)

demo-phone: setup build models ## be the carrier: ring three businesses at once through webhooks, commands and sockets
	scripts/demo_phone.sh $(APEX) $(PHONE_OUT)

demo-llama: setup build models ## let a real server of models that is not ours, llama.cpp's, answer calls (fetches 130 MB)
	scripts/demo_llama.sh $(APEX) $(LLAMA_OUT) $(CARGO_TARGET_DIR)/llama

serve: setup build models ## answer calls on this machine until ctrl-C: `apex call` rings it
	$(APEX) serve --businesses $(BUSINESSES)

test: ## everything CI runs: set-up, check, audio tests with the real models
	scripts/test.sh

check: ## format, lints, documentation, all tests that need no models
	scripts/check.sh

score: setup build models ## ask all recorded questions and count the right answers
	$(APEX) score --show totals fixtures/calls

bench: setup build models ## measure response times and the cost of every part
	cargo bench --locked --profile fast -p benches

bench-turns: setup models ## end turns of recorded speech in virtual time, and plot who cuts callers off: 15 minutes the first time
	[ -e $(MODELS)/turn/smart-turn-v3.2-cpu.onnx ] || $(APEX) models pull
	[ -e $(CORPUS)/clips.tsv ] || python3 scripts/turn_corpus.py $(CORPUS)
	cargo run --locked --profile fast -p score -- $(CORPUS)

soak: setup build models ## thousands of seeded conversations with faults, long property and fuzz runs
	SIM_SEEDS=$(SEEDS) cargo test --locked --profile fast -p sim --test simulate -- --nocapture
	PROPTEST_CASES=20000 cargo test --locked --profile fast --workspace --lib
	APEX_BARGE_INS=$(SEEDS) cargo test --locked --profile fast -p vendors --test voices cancel

fuzz: setup ## each decoder and the call machine, guided by coverage: MINUTES each, TARGETS or all
	scripts/fuzz.sh $(MINUTES) $(TARGETS)

kill: setup build models ## kill process, sockets and API in the middle of hundreds of calls; 15 minutes
	$(APEX) rehearse --calls $(CALLS) --together 32 --out rehearsal-out

matrix: setup build models ## have every vendor fail in every way within calls; writes the tables of ARCHITECTURE.md
	$(APEX) matrix --page ARCHITECTURE.md

models: build ## fetch the local speech models, unless they are there
	$(APEX) models verify >/dev/null 2>&1 || $(APEX) models pull

setup: ## install what the build needs from the system, if anything is missing
	scripts/setup.sh

build: ## build the program, optimized
	cargo build --locked --profile fast -p server

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12
