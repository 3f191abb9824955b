# The things there are to do. Each installs what it needs, and is quick the second time.
.PHONY: run test bench nightly

# Builds sori and its console and starts the demo; prints the address to open.
run:
	@scripts/run

# Everything that can fail: lints, unit and simulation tests, real SIP clients, a real browser.
test:
	@scripts/test

# Benchmarks as ratios: target/bench/report.json and a table.
bench:
	@scripts/bench

# A million simulated calls with every fault, on all cores; prints the seeds that broke a rule.
nightly:
	@scripts/nightly
