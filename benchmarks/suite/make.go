package suite

import (
	"context"
	"fmt"
	"time"

	"psyberg/benchmarks/tables"
)

// growthTables are the plot's, smallest first: T2 at several sizes, then T4.
func growthTables(down int) []tables.Config {
	return []tables.Config{tables.T2(1000 * down), tables.T2(100 * down), tables.T2(10 * down), tables.T2(down), tables.T4(down, 1)}
}

// codecTables are a tenth of T1 and T2 in a codec.
func codecTables(down int, codec string) []tables.Config {
	return []tables.Config{tables.T1(max(down, 10)).With(codec), tables.T2(max(down, 10)).With(codec)}
}

// codecs are those that are measured beside deflate.
var codecs = []string{tables.Null, tables.Snappy, tables.Zstd}

// Tables are all that the measures read.
func Tables(c Config) []tables.Config {
	out := []tables.Config{tables.T1(c.Down), tables.T3(c.Down)}
	for _, codec := range codecs {
		out = append(out, codecTables(c.Down, codec)...)
	}
	out = append(out, growthTables(c.Down)...) // T2 and T4 are among them
	if !c.SkipOld {
		out = append(out, tables.T4(c.Down, 10))
	}
	return out
}

// Make makes the tables that are not there yet, and measures nothing.
func Make(ctx context.Context, c Config) error {
	for _, t := range Tables(c) {
		begun := time.Now()
		made, err := tables.Ensure(ctx, c.Dir, t)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Log, "%s: %d snapshots, %d manifests, %d files, in %s (%.0f s)\n", t.Name, t.Snapshots(), t.Manifests(), t.Entries(), made.Dir,
			time.Since(begun).Seconds())
	}
	return nil
}
