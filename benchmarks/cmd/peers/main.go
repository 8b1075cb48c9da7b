// Command peers prints what other readers of Iceberg metadata need for the
// questions that benchmarks/cmd/bench asks, on the same tables and in turn
// with the same limit. What it measures is kept beside the tables, and takes the place of what
// an earlier run did: -only measures a part again. It installs them into the folder of the tables: Python
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
	f, ok := suite.ParseFlags(3, "'peer, table question'", "peers.md")
	if !ok {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	facts := measure.Machine()
	kept, err := peers.OpenKept(filepath.Join(f.Dir, "peers"), f.Down)
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		return 1
	}
	status := 0
	for _, p := range peers.All() {
		begun := time.Now()
		for _, c := range []tables.Config{tables.T1(f.Down), tables.T2(f.Down), tables.T3(f.Down)} {
			t, err := tables.Ensure(ctx, f.Dir, c)
			if err != nil {
				fmt.Fprintln(os.Stderr, "peers:", err)
				return 1
			}
			for _, q := range []tables.Question{tables.Q1, tables.Q2} {
				if !f.Only.MatchString(p.Name + ", " + c.Name + " " + string(q)) {
					continue
				}
				r := peers.Result{Peer: p.Name, Table: c.Name, Question: q, Skipped: fmt.Sprintf("some left out: the others took more than %s", *most)}
				if time.Since(begun) <= *most {
					r, err = peers.Measure(ctx, p, filepath.Join(f.Dir, "peers"), t, q, peers.Effort{Rounds: f.Rounds, Budget: *budget})
				}
				if err != nil {
					status = 1
					r.Skipped = "failed: " + err.Error()
				}
				fmt.Fprintf(os.Stderr, "%s, %s %s: %.1f x limit, %s CPU %s\n", r.Peer, r.Table, r.Question, r.Ratio, r.CPU, r.Skipped)
				if err := kept.Add(r); err != nil {
					fmt.Fprintln(os.Stderr, "peers:", err)
					return 1
				}
			}
		}
	}
	var text bytes.Buffer
	peers.Markdown(&text, facts, f.Down, kept.All())
	fmt.Print(text.String())
	if f.Results != "" {
		if err := os.WriteFile(filepath.Join(f.Results, "peers.md"), text.Bytes(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "peers:", err)
			return 1
		}
	}
	return status
}
