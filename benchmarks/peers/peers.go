package peers

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"psyberg/benchmarks"
	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
)

//go:embed scripts
var scripts embed.FS

// Peer is another reader.
type Peer struct {
	Name string
	// install makes what is needed in dir and returns the command that serves
	// a question about a table: it is given the path of table.json and "Q1" or "Q2".
	install func(ctx context.Context, dir string) ([]string, error)
	warm    int // answers at least before the one that is measured, whatever they take
	// loop, instead, answers in this process. What it returns is compared;
	// none is of one that compared by itself.
	loop func(context.Context, *tables.Table, tables.Question) ([]tables.Partition, error)
}

// All are the peers, in the order that they are reported in.
func All() []Peer {
	return []Peer{
		{Name: "psyberg, decoder into Arrow", loop: decoder},
		{Name: "psyberg, SQL", loop: sql},
		{Name: "iceberg-go 0.7.0, loop", loop: icebergGo},
		{Name: "PyIceberg 0.12.0", install: python("ask_pyiceberg.py", "pyiceberg==0.12.0", "pyarrow==26.0.1")},
		{Name: "DuckDB 1.5.5 read_avro, by hand", install: python("ask_duckdb_avro.py", "duckdb==1.5.5", "duckdb-extension-avro==1.5.5")},
		{Name: "Iceberg Java 1.11.0, warm JVM", install: java, warm: 5},
		{Name: "Spark 4.0.1 with Iceberg 1.11.0, warm", install: spark, warm: 5},
	}
}

// script writes an embedded file into dir.
func script(dir, name string) (string, error) {
	b, err := scripts.ReadFile("scripts/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, b, 0o644)
}

// command runs one step of an installation; its error has the end of what it
// printed.
func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		text := strings.TrimSpace(string(out))
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, text[max(0, len(text)-300):])
	}
	return nil
}

// once does work whose result is the folder, unless it was done before.
func once(dir string, work func() error) error {
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

// python installs packages into an environment of their own.
func python(name string, packages ...string) func(context.Context, string) ([]string, error) {
	return func(ctx context.Context, dir string) ([]string, error) {
		env := filepath.Join(dir, strings.TrimSuffix(name, ".py"))
		bin := filepath.Join(env, "bin", "python")
		err := once(env, func() error {
			if err := command(ctx, dir, "python3", "-m", "venv", env); err != nil {
				return err
			}
			return command(ctx, dir, bin, append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, packages...)...)
		})
		if err != nil {
			return nil, err
		}
		path, err := script(env, name)
		return []string{bin, path}, err
	}
}

// jars gets a pom's dependencies by Maven.
func jars(ctx context.Context, dir, pom string) (string, error) {
	home := filepath.Join(dir, strings.TrimSuffix(pom, ".xml"))
	return filepath.Join(home, "jars"), once(home, func() error {
		path, err := script(home, pom)
		if err != nil {
			return err
		}
		return command(ctx, home, "mvn", "-q", "-B", "-f", path, "dependency:copy-dependencies", "-DoutputDirectory="+filepath.Join(home, "jars"))
	})
}

func java(ctx context.Context, dir string) ([]string, error) {
	lib, err := jars(ctx, dir, "java_jars.xml")
	if err != nil {
		return nil, err
	}
	src, err := script(filepath.Dir(lib), "IcebergCore.java")
	if err != nil {
		return nil, err
	}
	classes := filepath.Join(filepath.Dir(lib), "classes")
	path := classes + ":" + lib + "/*"
	if err := command(ctx, dir, "javac", "-d", classes, "-cp", path, src); err != nil {
		return nil, err
	}
	return []string{"java", "-Xmx3g", "-cp", path, "IcebergCore"}, nil
}

func spark(ctx context.Context, dir string) ([]string, error) {
	lib, err := jars(ctx, dir, "spark_jars.xml")
	if err != nil {
		return nil, err
	}
	cmd, err := python("ask_spark.py", "pyspark==4.0.1")(ctx, dir)
	return append(cmd, lib), err
}

// isAnswer tells an answer from what a library prints.
func isAnswer(line []byte) bool { return bytes.HasPrefix(line, []byte(`{"cpu"`)) }

// ask returns the CPU time of one answer of a peer's process, and the answer.
func ask(peer *measure.Child) (time.Duration, []tables.Partition, error) {
	line, err := peer.Ask(isAnswer)
	if err != nil {
		return 0, nil, err
	}
	var answer struct {
		CPU  int64
		Rows []row
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return 0, nil, fmt.Errorf("read an answer: %w", err)
	}
	rows := []tables.Partition{}
	for _, r := range answer.Rows {
		rows = append(rows, r.Partition)
	}
	return time.Duration(answer.CPU), rows, nil
}

// row is [hour, batch, files, bytes] or [hour, batch, files, first, last].
type row struct{ tables.Partition }

// UnmarshalJSON implements json.Unmarshaler.
func (r *row) UnmarshalJSON(b []byte) error {
	var a []json.RawMessage
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	into := []any{&r.Hour, &r.Batch, &r.Files, &r.Bytes}
	if len(a) == 5 {
		into = []any{&r.Hour, &r.Batch, &r.Files, &r.First, &r.Last}
	}
	if len(a) != len(into) {
		return fmt.Errorf("a row of %d values", len(a))
	}
	for i := range a {
		if err := json.Unmarshal(a[i], into[i]); err != nil {
			return err
		}
	}
	return nil
}

// Result is what a peer needed.
type Result struct {
	Peer, Table string
	Question    tables.Question
	Ratio       float64 // CPU time as a multiple of the limit's
	CPU         time.Duration
	Limit       string
	Rounds      int    // that were measured
	Skipped     string // why there is no ratio
}

// Effort is how long to measure.
type Effort struct {
	Rounds int           // at most
	Budget time.Duration // of CPU time for one question to one peer: no further answer is asked for when it is spent
}

// Measure asks one peer one question some times, in turn with the limit.
func Measure(ctx context.Context, p Peer, dir string, t *tables.Table, q tables.Question, effort Effort) (Result, error) {
	r := Result{Peer: p.Name, Table: t.Config.Name, Question: q}
	check := func(rows []tables.Partition, err error) error {
		if err != nil || rows == nil {
			return err
		}
		return benchmarks.Compare(t, p.Name, q, tables.Digest(q, rows))
	}
	peer := measure.In(p.Name, func() error { return check(p.loop(ctx, t, q)) })
	if p.install != nil {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return r, err
		}
		cmd, err := p.install(ctx, dir)
		if err != nil {
			r.Skipped = "cannot be installed here: " + err.Error()
			return r, nil
		}
		child, err := measure.StartChild(ctx, append(cmd, filepath.Join(t.Dir, "table.json"), string(q))...)
		if err != nil {
			r.Skipped = "cannot be started here: " + err.Error()
			return r, nil
		}
		defer func() { _ = child.Close() }() // what it answered was checked; how it ends is its own affair
		peer.Run = func(c *measure.Cost) error {
			cpu, rows, err := ask(child)
			c.CPU = cpu
			return check(rows, err)
		}
	}
	warm, spent, err := warmUp(peer, p.warm, effort.Budget)
	if err != nil {
		return r, err
	}
	limit, name, stop, err := fastest(dir, t)
	if err != nil {
		return r, err
	}
	defer stop()
	own, least := measure.Sample{}, measure.Sample{}
	for left := effort.Budget - spent; len(own.Rounds) < effort.Rounds && (left > warm.CPU || len(own.Rounds) == 0); {
		if len(own.Rounds) == 0 && warm.CPU > effort.Budget/2 {
			own.Rounds = append(own.Rounds, warm) // a second answer would take too long
		} else {
			c, err := measure.Once(peer)
			if err != nil {
				return r, err
			}
			left -= c.CPU
			own.Rounds = append(own.Rounds, c)
		}
		c, err := measure.Once(limit)
		if err != nil {
			return r, err
		}
		least.Rounds = append(least.Rounds, c)
	}
	r.Ratio, r.CPU, r.Limit, r.Rounds = measure.Ratio(own, least), own.CPU(), name, len(own.Rounds)
	return r, nil
}

// warmUp asks until a virtual machine has compiled what is used often: ten
// answers, or half of the budget but least answers. It returns what the last
// one took, and all.
func warmUp(peer measure.Variant, least int, budget time.Duration) (last measure.Cost, total time.Duration, err error) {
	for i := range 10 {
		if last, err = measure.Once(peer); err != nil {
			return last, total, err
		}
		if total += last.CPU; total > budget/2 && i+1 >= least {
			break
		}
	}
	return last, total, nil
}

// fastest is the limit over a table's manifests.
func fastest(dir string, t *tables.Table) (measure.Variant, string, func(), error) {
	n, err := measure.StartNative(dir, t.Config.Codec, t.Manifests)
	if err == nil {
		return n.Variant(), n.Name(), func() { _ = n.Close() }, nil
	}
	if !errors.Is(err, measure.ErrNative) {
		return measure.Variant{}, "", nil, err
	}
	engines := measure.Engines(t.Config.Codec)
	e := engines[len(engines)-1]
	return measure.By(e, t.Manifests), e.Name, func() {}, nil
}
