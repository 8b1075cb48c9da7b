// Command peers prints what other readers of Iceberg metadata need for the
// questions that benchmarks/cmd/bench asks, on the same tables and in turn
// with the same limit. It installs them into the folder of the tables: Python
// packages with pip, jars with Maven; what it cannot install it leaves out.
//
//	go run ./benchmarks/cmd/peers                       # all: tens of minutes
//	go run ./benchmarks/cmd/peers -down 10 -only 'Py'   # a tenth, one of them
//	go run ./benchmarks/cmd/peers -results benchmarks   # writes peers.md, which RESULTS.md takes in
//
// Exit status: 0 measured or left out, 1 a peer failed or answered wrongly, 2 usage.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/peers"
	"psyberg/benchmarks/suite"
	"psyberg/benchmarks/tables"
)

func main() { os.Exit(run()) }

func run() int {
	budget := flag.Duration("budget", 20*time.Second, "CPU `time` that a peer gets for one question of one table; one answer it always gets")
	most := flag.Duration("most", 20*time.Minute, "`time` by the clock that a peer gets for all: what is left then is left out, and said")
	f, ok := suite.ParseFlags(3, "peers", "peers.md")
	if !ok {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	facts := measure.Machine()
	var all []peers.Result
	status := 0
	for _, p := range peers.All() {
		if !f.Only.MatchString(p.Name) {
			continue
		}
		begun := time.Now()
		for _, c := range []tables.Config{tables.T1(f.Down), tables.T2(f.Down), tables.T3(f.Down)} {
			t, err := tables.Ensure(ctx, f.Dir, c)
			if err != nil {
				fmt.Fprintln(os.Stderr, "peers:", err)
				return 1
			}
			for _, q := range []tables.Question{tables.Q1, tables.Q2} {
				if time.Since(begun) > *most {
					all = append(all, peers.Result{Peer: p.Name, Table: c.Name, Question: q, Skipped: fmt.Sprintf("some left out: the others took more than %s", *most)})
					continue
				}
				r, err := peers.Measure(ctx, p, filepath.Join(f.Dir, "peers"), t, q, peers.Effort{Rounds: f.Rounds, Budget: *budget})
				if err != nil {
					status = 1
					r.Skipped = "failed: " + err.Error()
				}
				fmt.Fprintf(os.Stderr, "%s, %s %s: %.1f x limit, %s CPU %s\n", r.Peer, r.Table, r.Question, r.Ratio, r.CPU, r.Skipped)
				all = append(all, r)
			}
		}
	}
	var text bytes.Buffer
	peers.Markdown(&text, facts, f.Down, all)
	fmt.Print(text.String())
	if f.Results != "" {
		if err := os.WriteFile(filepath.Join(f.Results, "peers.md"), text.Bytes(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			return 1
		}
	}
	return status
}
