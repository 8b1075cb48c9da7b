// Package lateinit keeps work that dependencies do before main until somebody
// needs it. It is imported for its effect, by the package that imports the
// dependency.
//
// iceberg-go's package table/substrait asks substrait-go, in a package-level
// variable, for the default collection of extensions: 18 YAML files, 0.1 s of
// CPU and 530,000 allocations at every start of every program. Only row
// filters that iceberg-go itself evaluates look into it; this project's rows
// are read by DuckDB. There is no option to leave it out, so the variable that
// holds the loader is replaced here, by its linker name, before anybody asks.
//
// That works because Go initialises packages in the order of their import
// paths as far as dependencies allow, and iceberg-go waits for net/http and its
// vendored packages, which sort after this module's name. Should a new version
// of either module break that, then nothing fails but the start is slow again:
// TestNothingIsLoadedBeforeItIsAsked says so.
package lateinit

import (
	"fmt"
	"path"
	"sync"
	_ "unsafe" // go:linkname

	"github.com/substrait-io/substrait"
	"github.com/substrait-io/substrait-go/v8/extensions"
)

// loader is what extensions.GetDefaultCollection calls.
//
//go:linkname loader github.com/substrait-io/substrait-go/v8/extensions.getDefaultCollectionOnce
var loader func() (*extensions.Collection, error)

// collection is what everybody gets: its first file only, until Extensions.
var (
	collection extensions.Collection
	errFirst   error
)

func init() {
	// An empty collection panics when it is asked, so the smallest file goes in.
	errFirst = load("extension_types.yaml")
	loader = func() (*extensions.Collection, error) { return &collection, errFirst }
}

func load(name string) error {
	f, err := substrait.GetSubstraitExtensionsFS().Open(path.Join("extensions", name))
	if err != nil {
		return fmt.Errorf("load substrait extension %q: %w", name, err)
	}
	defer func() { _ = f.Close() }() // embedded: nothing to lose
	return collection.Load(extensions.SubstraitDefaultURIPrefix+name, f)
}

// Extensions fills the default collection, as substrait-go would have done it
// before main. Whoever lets iceberg-go evaluate a row filter calls it first;
// without it such a filter is an error, never a wrong answer.
var Extensions = sync.OnceValue(func() error {
	files, err := substrait.GetSubstraitExtensionsFS().ReadDir("extensions")
	if err != nil {
		return fmt.Errorf("list substrait extensions: %w", err)
	}
	for _, f := range files {
		if f.Name() == "unknown.yaml" || collection.URILoaded(extensions.SubstraitDefaultURIPrefix+f.Name()) {
			continue // substrait-go leaves the first out as well
		}
		if err := load(f.Name()); err != nil {
			return err
		}
	}
	return nil
})
