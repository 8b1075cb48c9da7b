# What a person types; .ci/run is what a change must pass.

.PHONY: build test race test-pyiceberg lint fuzz bench bench-peers ci

build:
	go build -o psyql ./cli/psyql

test:
	go test ./...

# Where goroutines of ours meet. What runs the same code over every table of
# testdata is left out: the detector makes it ten times slower.
race:
	go test -race -short -skip 'Every|LevelsAgree|Pruning|Conformance|Archives|Life|StoppedAt|OnTables' \
	  ./functions/manifest/... ./functions/discover ./engine ./engine/bridge ./engine/catalog/...

# PyIceberg reads what psyql writes. Installs it into .venv.
test-pyiceberg: .venv/ok
	PSYBERG_PYICEBERG=1 PSYBERG_PYTHON=$(CURDIR)/.venv/bin/python go test -count=1 -run PyIceberg ./...

.venv/ok: testdata/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r testdata/requirements.txt
	touch $@

lint:
	.ci/lint

# Every fuzz target for half a minute.
fuzz:
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
	  for t in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$f | cut -c6-); do \
	    echo "== $$f $$t"; go test -run '^$$' -fuzz "^$$t$$" -fuzztime 30s ./$$(dirname $$f) || exit 1; done; done

# The table of measures against its limits, at full size: gigabytes of tables
# in the cache folder, minutes of a quiet machine. BENCH='-down 10' is a trial.
bench:
	go run ./benchmarks/cmd/bench -results benchmarks $(BENCH)

# The same questions put to other engines; installs them.
bench-peers:
	go run ./benchmarks/cmd/peers -results benchmarks $(BENCH)

ci:
	.ci/run
