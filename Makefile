# Basalt. `make run` builds and serves, `make test` proves it; both need Rust, and Node 20 and Python 3 for the extras.

# Build products stay outside the clone, so that a second clone finds them warm.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/basalt-target
# What the tests install (npm packages, the PocketBase binary) and the sample data of `make run`.
export COMPAT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/basalt-test

DIR ?= basalt_data
HTTP ?= 127.0.0.1:8090
PROFILE ?= release
BASALT = $(CARGO_TARGET_DIR)/$(PROFILE)/basalt

.PHONY: run test check bench soak build tools

build:
	cargo build --profile $(PROFILE) --bin basalt

run: build
	.ci/sample-data $(BASALT) $(DIR)
	$(BASALT) serve --dir $(DIR) --http $(HTTP)

check:
	cargo fmt --all -- --check
	cargo clippy --all-targets -- -D warnings
	cargo test --test tidy

tools:
	.ci/tools

test: tools
	.ci/postgres .ci/test
	cargo build --bin basalt
	.ci/postgres .ci/compat $(CARGO_TARGET_DIR)/debug/basalt
	.ci/deploy $(CARGO_TARGET_DIR)/debug/basalt

# Basalt beside PocketBase, where it is installed. The load generator's options: BENCH="--only view --rounds 5".
bench: tools
	cargo bench --bench store
	cargo bench --bench query
	cargo bench --bench jobs
	cargo bench --bench moving
	DURABLE=1 PATH="$$PATH:$(COMPAT_CACHE)/venv/bin" .ci/postgres cargo bench --bench load -- $(BENCH)

# What finds more the longer it looks, about SOAK_SECONDS (240 at least) each: power loss and broken disks, kills and
# races, filters beside PocketBase, memory under load, fuzzing. See docs/TESTING.md.
SOAK_SECONDS ?= 600
soak:
	CRASH_SECONDS=$(SOAK_SECONDS) cargo test --lib -- sqlite::tests::crash
	CRASH_SECONDS=$(SOAK_SECONDS) cargo test --test it -- faults::kill faults::races
	DIFFERENTIAL_SEED=$$(date +%s) DIFFERENTIAL_CASES=$$(($(SOAK_SECONDS) * 20)) cargo test --test it -- differential
	MOVING_SEED=$$(date +%s) MOVING_CASES=$$(($(SOAK_SECONDS) * 40)) cargo test --test it -- moving::same
	BASALT_CACHE__SIZE_MIB=8 cargo bench --bench load -- --soak $(SOAK_SECONDS)
	.ci/fuzz $(SOAK_SECONDS)
