// Command bench prints what reading Iceberg metadata costs on this machine,
// each measure beside its limit.
//
//	go run ./benchmarks/cmd/bench                      # all, on the tables of the issue: tens of minutes the first time
//	go run ./benchmarks/cmd/bench -only 'decoder|sql'
//	go run ./benchmarks/cmd/bench -down 100            # tables of a hundredth, to try it
//	go run ./benchmarks/cmd/bench -results benchmarks  # writes RESULTS.md and growth.svg there
//	go run ./benchmarks/cmd/bench -make                # only makes the tables
//
// Exit status: 0 measured, 1 something could not be measured or an answer was
// wrong, 2 usage. A measure that misses its limit is reported, and no failure: other
// work on the machine can cause it; -strict makes it one (status 3).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"psyberg/benchmarks/suite"
)

func main() { os.Exit(run()) }

func run() int {
	c := suite.Config{Log: os.Stderr}
	flag.StringVar(&c.Psyql, "psyql", "", "the `binary` to run; built from this tree where not given")
	strict := flag.Bool("strict", false, "fail where a measure misses its limit")
	flag.BoolVar(&c.SkipOld, "skip-old", false, "leave out the table with an old part ten times larger, which takes long to make")
	makeOnly := flag.Bool("make", false, "make the tables that are not there yet, and measure nothing")
	f, ok := suite.ParseFlags(6, fmt.Sprintf("measures, which are %q,", suite.Names()), "RESULTS.md and growth.svg")
	if !ok {
		return 2
	}
	c.Dir, c.Down, c.Rounds, c.Only = f.Dir, f.Down, f.Rounds, f.Only
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *makeOnly {
		if err := suite.Make(ctx, c); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
		return 0
	}
	if err := measureAll(ctx, c, f.Results, *strict); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		if errors.Is(err, errOver) {
			return 3
		}
		return 1
	}
	return 0
}

var errOver = fmt.Errorf("a measure misses its limit")

func measureAll(ctx context.Context, c suite.Config, results string, strict bool) error {
	if c.Psyql == "" {
		if err := os.MkdirAll(c.Dir, 0o755); err != nil {
			return err
		}
		c.Psyql = filepath.Join(c.Dir, "psyql")
		build := exec.CommandContext(ctx, "go", "build", "-o", c.Psyql, "psyberg/cli/psyql")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build psyql: %w: run this inside the repository or give -psyql", err)
		}
	}
	report := suite.NewReport()
	rows, failed := suite.Run(ctx, c)
	report.Finish(c, rows)
	if err := suite.Print(os.Stdout, rows); err != nil {
		return err
	}
	if results != "" {
		if err := report.Write(results); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	for _, r := range rows {
		if strict && r.Verdict() == "missed" {
			return errOver
		}
	}
	return nil
}
