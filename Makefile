# What a person types; .ci/run is what a change must pass.

.PHONY: build dist image test race test-pyiceberg test-spark lint fuzz bench bench-peers ci

build:
	go build -o psyql ./cli/psyql

# An archive of this platform in dist/: VERSION=v1.2.3 make dist
dist:
	.ci/dist

# psyql in an image without a shell.
image:
	docker build --build-arg VERSION="$$(git describe --tags --always --dirty)" --build-arg COMMIT="$$(git rev-parse HEAD)" -t psyql .

test:
	go test ./...

# The properties that try to lose a row or to load one twice, for an hour: any
# history of a table, a fault at every operation, two sessions against each
# other at every pair of steps, the binary killed at random times. Each says how
# many cases it ran. SOAK=10m is a shorter one; CI runs a share of a minute.
SOAK ?= 1h
KILLS ?= 200
soak: SHELL := /bin/bash
soak:
	@set -o pipefail; PSYBERG_SOAK=$(SOAK) PSYBERG_KILLS=$(KILLS) go test -count=1 -timeout 24h -v \
	  -run 'R3_|C5_|P6_NoAnswer|X_ProtocolModel|X_FaultAt|X_TwoSessionsStepped|X_KilledAt' ./psyberg ./engine/steps | grep -v 'rapid. OK'

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

# Spark brings about every verdict anew, compacts and expires beside processes
# that append and publish, reads what psyql writes, and is read. Installs it
# into .venv/spark; needs a JDK 17 and Maven.
test-spark: SHELL := /bin/bash
test-spark: .venv/spark/ok
	@set -o pipefail; PSYBERG_SPARK=1 PSYBERG_PYTHON=$(CURDIR)/.venv/spark/bin/python SPARK_JARS=$(CURDIR)/.venv/spark/jars \
	  go test -count=1 -timeout 30m -v -run Spark ./cli ./engine/write | grep -E '^ *(---|ok|FAIL|PASS|[a-z_]+\.go)'

.venv/spark/ok: testdata/spark_jars.xml
	python3 -m venv .venv/spark
	.venv/spark/bin/pip install --quiet --disable-pip-version-check pyspark==4.0.1
	mvn -q -B -f testdata/spark_jars.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/.venv/spark/jars
	touch $@

# The prompt and the completions of bash, zsh and fish at a real terminal (tmux):
# keys typed, screens compared with
# cli/shell/testdata/screens. REWRITE=1 writes them and the pictures of docs/.
test-terminal:
	PSYBERG_TMUX=tmux go test -count=1 -run 'TestTerminal|TestCompletionInShells' ./cli/shell ./cli $(if $(REWRITE),-args -rewrite)

# The report in a headless browser, looked at by its colours.
test-report:
	PSYBERG_CHROMIUM=$${PSYBERG_CHROMIUM:-chromium} go test -count=1 -v -run TestGather ./cli/htmlreport

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
