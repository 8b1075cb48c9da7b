package engine

import (
	"context"
	"testing"

	"psyberg/engine/catalog"
)

// BenchmarkStart is what every psyql pays before its first statement: a DuckDB,
// the functions, the macros. At most 40 ms, with what the process itself needs.
func BenchmarkStart(b *testing.B) {
	dir, home := b.TempDir(), b.TempDir()
	for b.Loop() {
		s, err := Start(context.Background(), Config{Catalog: catalog.Config{Dir: dir, Home: home}})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
