# What a person types; .ci/run is what a change must pass.

.PHONY: build test lint ci

build:
	go build -o psyql ./cli/psyql

test:
	go test ./...

lint:
	.ci/lint

ci:
	.ci/run
