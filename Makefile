# Each target is a thin door to one command. Start with `make demo`; `make test` is what CI runs.
.PHONY: help demo test acceptance-matrix replay check fuzz audit bench faults docs install sandbox-up sandbox-down

help:
	@echo "make demo          plan, apply, upgrade and destroy a real Flink job on a sandbox of this machine"
	@echo "make test          all tests, layer by layer, with each layer's time"
	@echo "make acceptance-matrix  the acceptance tests on several Terraforms and OpenTofus; TESTS=name for some of them"
	@echo "make replay        what the provider's wait says over time of recordings; FLINK_RECORDINGS=dir for others"
	@echo "make check         format, lints, dependency rules, generated files"
	@echo "make fuzz          200,000 inputs for everything that reads what others wrote (FUZZ_RUNS for more)"
	@echo "make audit         known vulnerabilities among the dependencies"
	@echo "make bench         measure the release build against doing nothing, and against other providers"
	@echo "make faults        let something go wrong at more than 500 points, and print how many held"
	@echo "make docs          write docs/ and the schema snapshot anew"
	@echo "make install       build the provider and put it where terraform init and tofu init find it"
	@echo "make sandbox-up    start a Kubernetes API server with the operator's stand-in, and keep it"
	@echo "make sandbox-down  stop it"

demo:
	@acceptance-tests/scripts/demo

test:
	@acceptance-tests/scripts/test

acceptance-matrix:
	@acceptance-tests/scripts/acceptance-matrix

replay:
	@acceptance-tests/scripts/replay

check:
	@acceptance-tests/scripts/check

fuzz:
	@acceptance-tests/scripts/fuzz

audit:
	@acceptance-tests/scripts/audit

bench:
	@acceptance-tests/scripts/bench

faults:
	@acceptance-tests/scripts/faults $(FAULTS)

docs:
	@acceptance-tests/scripts/docs

install:
	@acceptance-tests/scripts/install

sandbox-up:
	@acceptance-tests/scripts/prerequisites
	@cargo run --quiet -p acceptance-tests --bin sandbox -- up

sandbox-down:
	@cargo run --quiet -p acceptance-tests --bin sandbox -- down
