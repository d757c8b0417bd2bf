# The usual ways to build, try and check Oxbeam. `make help` lists them.

CARGO ?= cargo
OTP   ?= 25

.PHONY: help build dist run test lint loom miri asan fuzz bless bench selfcompile stress pieces conformance fetch

help:
	@echo 'make build        build the programs (target/release/oxbeam; bin/ starts it)'
	@echo 'make run ARGS=…   build, then start erl'
	@echo 'make test         all tests; what must pass on Oxbeam is listed in test-beams/enabled'
	@echo 'make lint         formatting, clippy, paths in documents, and that handlers end in jumps'
	@echo 'make loom         every interleaving of the lock-free parts'
	@echo 'make miri         tests of the heap under Miri; needs a nightly toolchain with miri'
	@echo 'make asan         the test programs under AddressSanitizer; needs a nightly toolchain'
	@echo 'make fuzz         mutated modules and external terms; ARGS=… for test-beams/fuzz/run'
	@echo 'make bless        rewrite the expectations of test-beams with the reference emulator'
	@echo 'make bench        compare the speed with the reference; ARGS=… for benches/run'
	@echo 'make pieces       criterion benches of the runtime'"'"'s pieces; ARGS=… is a filter'
	@echo 'make selfcompile  compile OTP with Oxbeam and with the reference, compare the files'
	@echo 'make stress       upgrades under load, random kills, memory after millions of messages'
	@echo 'make conformance  run OTP'"'"'s own test suites; SUITES="stdlib/lists_SUITE …" for some, ARGS=… for the runner'
	@echo 'make fetch        fetch OTP $(OTP) from Debian into target/otp/$(OTP)'
	@echo 'OTP=27 or OTP=29 chooses another release.'

build:
	$(CARGO) build --release

run: build fetch
	OXBEAM_OTP=$(OTP) bin/erl $(ARGS)

test:
	.ci/test

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	.ci/check-docs
	$(CARGO) build --release
	.ci/check-handlers

loom:
	cd vm/loom && RUSTFLAGS='--cfg loom' CARGO_TARGET_DIR=$(abspath $(or $(CARGO_TARGET_DIR),target))/loom $(CARGO) test --release

miri:
	MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-tree-borrows' CARGO_TARGET_DIR=$(abspath $(or $(CARGO_TARGET_DIR),target))/miri \
		$(CARGO) +nightly miri test -p term $(ARGS)

ASAN_TARGET = $(abspath $(or $(CARGO_TARGET_DIR),target))/asan
asan: fetch
	RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=$(ASAN_TARGET) \
		$(CARGO) +nightly build --release --target x86_64-unknown-linux-gnu -p oxbeam
	ASAN_OPTIONS=detect_leaks=0:use_sigaltstack=0:allocator_may_return_null=1 \
		OXBEAM_PROGRAM=$(ASAN_TARGET)/x86_64-unknown-linux-gnu/release/oxbeam \
		test-beams/run --enabled --slow 10 --otp $(OTP) $(ARGS)

fetch:
	otp-stdlib/fetch $(OTP)

fuzz: build fetch
	test-beams/fuzz/run --otp $(OTP) $(ARGS)

bless: fetch
	test-beams/run --bless --otp $(OTP)

# The profile that packages have: slower to build, faster to run.
dist:
	$(CARGO) build --profile dist
	.ci/check-handlers $(abspath $(or $(CARGO_TARGET_DIR),target))/dist/oxbeam

bench: dist fetch
	OXBEAM_PROGRAM=$(abspath $(or $(CARGO_TARGET_DIR),target))/dist/oxbeam benches/run --otp $(OTP) $(ARGS)

# Apart from the workspace, with criterion.
pieces:
	cd benches/pieces && CARGO_TARGET_DIR=$(abspath $(or $(CARGO_TARGET_DIR),target))/pieces $(CARGO) bench --bench pieces -- $(ARGS)

selfcompile: build fetch
	otp-stdlib/fetch-src $(OTP)
	test-beams/selfcompile --otp $(OTP)

stress: build fetch
	test-beams/stress/run $(ARGS)

# OTP's own test suites against test-beams/otp/expectations.tsv.
conformance: build fetch
	test-beams/otp/run --otp $(OTP) $(ARGS) $(SUITES)
