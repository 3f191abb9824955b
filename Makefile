# The things there are to do. Each installs what it needs, and is quick the second time.
.PHONY: run test bench soak nightly

# Builds sori and its console and starts the demo; prints the address to open.
run:
	@scripts/run

# Everything that can fail: lints, unit and simulation tests, real SIP clients, a real browser.
test:
	@scripts/test

# Benchmarks as ratios: target/bench/report.json and a table; fails unless every mark is met.
# make bench ONLY="ringing memory" measures these alone, scripts/bench --list tells the names. On a machine that others use,
# PATIENCE=60 measures what missed its mark again whenever the machine is quiet, for an hour at most.
bench:
	@scripts/bench $(if $(PATIENCE),--patience $(PATIENCE)) $(if $(ONLY),--only $(ONLY))

# 100,000 real calls through one server: none may fail, nothing may be left, memory may not grow. Not part of test.
# SORI_SOAK_CALLS and SORI_SOAK_RATE make it shorter or harder.
soak:
	@scripts/soak

# A million simulated calls with every fault, on all cores; prints the seeds that broke a rule.
nightly:
	@scripts/nightly
