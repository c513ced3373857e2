# Every target is one line; the work is done by xtask (no dependencies, builds in a second).
XTASK := @command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs, then run make again."; exit 1; }; \
	command -v cc >/dev/null || { echo "A C compiler is missing: run 'apt-get install build-essential', then make again."; exit 1; }; \
	cargo run --quiet --locked --package xtask --

.DEFAULT_GOAL := help
.PHONY: help run test check prove fmt web shots release

help: ## this list
	@grep -E '^[a-z]+: .*##' Makefile | sed -E 's/^([a-z]+): .*## /  make \1\t/' | expand -t 16

run: ## build everything and serve https://localhost:8443 with a demo alliance
	$(XTASK) run
test: ## everything that must pass before a change lands
	$(XTASK) test
check: ## the quick part of it: format, lints, the Rust suite on SQLite
	$(XTASK) check
prove: ## what takes longer: figures and soaks, written to docs/performance.md
	$(XTASK) prove
fmt: ## format Rust sources
	$(XTASK) fmt
web: ## build the web part if its sources changed
	$(XTASK) web
shots: ## pictures of the main screens
	$(XTASK) shots
release: ## the optimised binary with the web part inside
	$(XTASK) release
