# make demo      the whole system once, by hand to look at; KEEP=1 keeps it running
# make quick     format and unit tests, without laws: at most half a minute after an edit
# make test      all tests
# make lint      format, clippy, licences and sources of the dependencies
# make ci        what CI runs: `make lint` and `make test` in one build
# make generate  every generated file anew
# make docs      the pages as a site with a search, in target/site/book; checks every link
# make recording docs/recording/demo.svg anew, from a run of the demonstration; a part of `make generate`
# make fuzz      readers, comparison and evaluation of policy documents against hostile input, and the hunt for the slowest document; SECONDS_EACH=600 by default
# make laws      the laws of the policy language and of plans on CASES=1000000 each
# make bench     figures of the image's binary
# make image     the static binary of the image as it is released: its size, and its main job in a root with nothing else
# make krew      an archive of the static binary for krew, and the manifest with its checksum; DOWNLOADS=https://… is where archives will lie
# make oldest    the tests of the system and the chart on the oldest API server that is supported; ONLY=rest:: for a part
# make setup     builds what the tests need, once, in about 6 minutes; every target that needs a part of it does so by itself
#
# All of them, and cargo when you call it yourself, build into `target` or into the folder that CARGO_TARGET_DIR names.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := test
.PHONY: demo quick test lint ci generate setup setup-demo format dependencies advisories clean-cache

export KEEP

# What a running system needs: the rest is for single tests.
SYSTEM := etcd kube-apiserver kubectl standin

demo:
	@tests/tools/parts.sh demo 6 $(SYSTEM)
	@STEP="demo: 5 of 6" tests/tools/build-demo.sh
	@echo "demo: 6 of 6: the demonstration (usually half a minute)" >&2
	@cargo test --quiet --locked --test demo

# Modules of laws are called `laws` and `…_laws`.
quick: format
	cargo test --quiet --locked --workspace --lib -- --skip laws:: --skip fuzz::

# The integration tests wait for sweeps most of the time: more of them than cores run at once.
test: export RUST_TEST_THREADS ?= 10
test: setup
	@echo "test: the stand-in against what AWS does (usually 8 seconds)" >&2
	@"$$(tests/standin/setup.sh 2>/dev/null)/bin/python" -B tests/standin/check.py
	@echo "test: unit, laws, snapshots, integration (the first build usually takes 3 minutes on two cores)" >&2
	cargo test --locked --test demo --no-run # the tutorial's test runs it
	cargo test --locked --workspace --all-targets
	cargo test --locked --workspace --doc

# A part that is there already is skipped without a word.
setup:
	@tests/tools/parts.sh setup 9 $(SYSTEM) kube-controller-manager helm judge crds promtool

setup-demo:
	@tests/tools/parts.sh setup 4 $(SYSTEM)

lint: format dependencies
	@echo "lint: clippy (the first build usually takes 2 minutes on two cores)" >&2
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked --test demo --test bench --test static -- -D warnings # no part of --all-targets

format:
	cargo fmt --all --check

dependencies:
	@# All platforms' packages, which a build does not fetch: the check itself needs no network.
	cargo fetch --quiet --locked
	@"$$(tests/tools/cargo-deny.sh)" --offline --locked check bans licenses sources

ci:
	@.ci/run

# In this order: some are made of others.
generate: export ROLEWRIGHT_UPDATE = 1
generate: setup
	cargo test --quiet --locked --workspace --lib -- --skip laws:: --skip fuzz::
	cargo test --quiet --locked --test chart --test repository -- sources readme
	cargo test --quiet --locked --test gitops -- recorded
	cargo test --quiet --locked --test gitops -- health actions manifests
	@$(MAKE) --no-print-directory recording
	cargo test --quiet --locked --test docs -- reasons
	cargo test --quiet --locked --test docs
	@echo "generate: changed files, with those that you have edited:" >&2
	@git status --short -- charts config crds docs '*.md'

# Known vulnerabilities: fetches RustSec's database, so it is no part of `make lint`.
advisories:
	@"$$(tests/tools/cargo-deny.sh)" --locked check advisories

clean-cache:
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/rolewright"

# The same links are checked in the pages themselves by `make test`, which needs no mdBook.
.PHONY: docs
docs:
	@mdbook=$$(tests/tools/mdbook.sh); python3 -B tests/docs/site.py "$$mdbook" "$${CARGO_TARGET_DIR:-target}/site"

# Figures of the image's binary beside their goals, in about half an hour; RESOURCES=1000,10000 by default, ONLY=policy, new or life
# for a part.
.PHONY: bench
bench: setup-demo
	@echo "bench: building for release (usually 12 minutes on two cores, once)" >&2
	tests/image/build.sh test --test bench

# One line each target. A failure names the seed that repeats it.
.PHONY: fuzz
fuzz: export ROLEWRIGHT_FUZZ_SECONDS = $(or $(SECONDS_EACH),600)
fuzz:
	cargo test --locked --profile laws --package rolewright-iam --lib policy::tests::fuzz::parser -- --nocapture
	cargo test --locked --profile laws --package rolewright-iam --lib policy::tests::fuzz::documents::comparing -- --nocapture
	cargo test --locked --profile laws --package rolewright-iam --lib policy::tests::fuzz::documents::evaluating -- --nocapture
	cargo test --locked --profile laws --package rolewright-iam --lib policy::tests::fuzz::slowest -- --nocapture

# Every law on more cases than `make test` tries, with optimised code; prints what each has seen.
.PHONY: laws
laws: export ROLEWRIGHT_LAW_CASES = $(or $(CASES),1000000)
laws:
	@echo "laws: building (usually 8 minutes on two cores, once)" >&2
	cargo test --locked --profile laws --workspace --lib laws -- --nocapture

# Lists are streamed by default from Kubernetes 1.34 on; this API server is started with that feature off, as 1.33 is.
.PHONY: oldest
oldest: export RUST_TEST_THREADS ?= 10
oldest: setup
	ROLEWRIGHT_API_SERVER="$$(tests/tools/oldest.sh) --feature-gates=WatchList=false" cargo test --locked --test integration --test chart -- $(ONLY)

# The binary of the image as the Dockerfile builds it. Needs no container engine. (`make test` runs the same with a binary for development.)
.PHONY: image
image: export ROLEWRIGHT_IMAGE = release
image: setup-demo
	@echo "image: building the static binary for release (usually 12 minutes on two cores, once)" >&2
	cargo test --locked --test image

# The recording in the README. It is kept as it is where only times differ.
.PHONY: recording
recording: setup-demo
	cargo test --locked --test demo --no-run
	python3 -B docs/recording/record.py run cargo test --quiet --locked --test demo

# Into target/krew/: the archive for this machine's processor, and rolewright.yaml. For more processors give all archives to
# config/krew/manifest.sh.
.PHONY: krew
krew:
	@[[ -n "$(DOWNLOADS)" ]] || { echo "krew: set DOWNLOADS to the https folder that the archive will lie in" >&2; exit 1; }
	@echo "krew: building the static binary for release (usually 12 minutes on two cores, once)" >&2
	@export PATH="$$(dirname "$$(tests/tools/cargo-auditable.sh)"):$$PATH"; binary=$$(tests/image/build.sh); \
	  archive=$$(config/krew/archive.sh "$$binary" linux-$(subst aarch64,arm64,$(subst x86_64,amd64,$(shell uname -m))) target/krew); \
	  config/krew/manifest.sh "$(DOWNLOADS)" "$$archive" >target/krew/rolewright.yaml
	@echo "krew: target/krew/rolewright.yaml and the archive beside it are ready" >&2
