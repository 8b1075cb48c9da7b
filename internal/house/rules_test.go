package house

import (
	"fmt"
	"strings"
)

// module is the name in go.mod; what begins with it is ours.
const module = "psyberg"

// A rule says what the packages under one directory may import. The most
// specific rule (the longest Dir) counts. Standard-library imports are always
// allowed, except those that Forbid names.
type rule struct {
	// Dir is a directory relative to the root; the rule covers what lies below it, too.
	Dir string
	// Own lists the directories of this module that may be imported, with all
	// that lies below them. A package may always import what lies below its own Dir.
	Own []string
	// Foreign lists the modules or packages from elsewhere that may be
	// imported, with all that lies below them; "*" is any.
	Foreign []string
	// Forbid names packages that may not be imported, whatever Own and Foreign
	// say, with all that lies below them but those that Except names.
	Forbid, Except []string
	// Why is printed when the rule is broken.
	Why string
}

const (
	icebergGo = "github.com/apache/iceberg-go"
	arrowGo   = "github.com/apache/arrow-go/v18"
	duckdbGo  = "github.com/duckdb"
)

var rules = []rule{
	{
		Dir:    "psyberg",
		Forbid: []string{"os", "io/fs", "net", "database/sql", "log", "unsafe"},
		Except: []string{"net/url"}, // text only: percent signs in partition paths
		Why: "psyberg is the logic: standard library only, no I/O, no clock, no catalog, " +
			"so that every rule of it can be tested with a table; state what you need as an argument",
	},
	{
		Dir:     "functions/manifest",
		Own:     []string{"psyberg"},
		Foreign: []string{arrowGo, "github.com/klauspost/compress", "github.com/golang/snappy", "github.com/RoaringBitmap/roaring/v2", "golang.org/x/sys/cpu"},
		Why: "functions/manifest decodes bytes into Arrow: it knows codecs and Arrow, " +
			"neither DuckDB nor a catalog nor iceberg-go, so that it can be fuzzed and measured alone",
	},
	{
		Dir:     "functions",
		Own:     []string{"psyberg", "functions"},
		Foreign: []string{"*"},
		Forbid:  []string{duckdbGo, icebergGo + "/catalog"},
		Why: "functions never imports engine, cli, DuckDB or a catalog: what it needs of tables " +
			"it states as a small interface, which engine/catalog satisfies",
	},
	{
		Dir: "sql",
		Why: "sql is text: scripts and macros, embedded; what runs them is engine and cli",
	},
	{
		Dir:     "engine",
		Own:     []string{"engine", "functions", "psyberg", "sql"},
		Foreign: []string{"*"},
		Forbid:  []string{"github.com/spf13/cobra", "github.com/spf13/pflag"},
		Why:     "engine is a session that any program can hold: it never imports cli, and reads no flags",
	},
	{
		Dir: "cli/format",
		Why: "formatters see rows only (house rule 8): no session, no terminal, no foreign types",
	},
	{
		Dir:     "cli",
		Own:     []string{"cli", "engine", "functions", "psyberg", "sql"},
		Foreign: []string{"*"},
		Why:     "cli may import everything but benchmarks, which measure it",
	},
	{
		Dir:     "benchmarks",
		Own:     []string{"benchmarks", "cli", "engine", "functions", "psyberg", "sql"},
		Foreign: []string{"*"},
		Why:     "benchmarks import what they measure",
	},
	{
		Dir:     "internal/history",
		Foreign: []string{"pgregory.net/rapid"},
		Why: "internal/history is the naive model that both sides are held against: it draws events and keeps rows, " +
			"and shares no code with what it judges",
	},
	{
		Dir:     "internal/fence",
		Foreign: []string{"golang.org/x/sys/unix"},
		Why:     "internal/fence is memory that tests of any package may use, so it can import none of them",
	},
	{
		Dir: "internal/sample",
		Why: "internal/sample is bytes that tests of any package may use, so it can import none of them",
	},
	{
		Dir: "internal/testtables",
		Why: "internal/testtables unpacks testdata for the tests of every package, so it can import none of them",
	},
	{
		Dir: "internal/terminal",
		Why: "internal/terminal types at a terminal as a user does, so it knows nothing of psyql's inside",
	},
	{
		Dir: "internal/tour",
		Why: "internal/tour runs psyql as a user does, so it knows nothing of its inside",
	},
	{
		Dir: "internal/house",
		Why: "internal/house reads source text; it needs none of what it judges",
	},
}

// cgoHome is the one place where "C" and "unsafe" may be imported.
const cgoHome = "engine/bridge"

const cgoWhy = "engine/bridge is the only package with cgo and unsafe: whoever hunts a crash looks there"

// below reports whether path is dir or lies below it.
func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func anyBelow(path string, dirs []string) bool {
	for _, d := range dirs {
		if d == "*" || below(path, d) {
			return true
		}
	}
	return false
}

// ruleFor returns the most specific rule for a package's directory.
func ruleFor(dir string) (rule, bool) {
	var best rule
	found := false
	for _, r := range rules {
		if below(dir, r.Dir) && (!found || len(r.Dir) > len(best.Dir)) {
			best, found = r, true
		}
	}
	return best, found
}

// check returns what is wrong with the package in dir importing imp, or "".
func check(dir, imp string) string {
	if imp == "C" || imp == "unsafe" {
		if below(dir, cgoHome) {
			return ""
		}
		return fmt.Sprintf("%s imports %q: %s", dir, imp, cgoWhy)
	}
	r, ok := ruleFor(dir)
	if !ok {
		return fmt.Sprintf("%s: no rule says what it may import; add one to internal/house/rules_test.go with its reason", dir)
	}
	bad := fmt.Sprintf("%s imports %q: %s", dir, imp, r.Why)
	if anyBelow(imp, r.Forbid) && !anyBelow(imp, r.Except) {
		return bad
	}
	if below(imp, module) {
		own := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
		if below(own, r.Dir) || anyBelow(own, r.Own) {
			return ""
		}
		return bad
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return "" // standard library
	}
	if anyBelow(imp, r.Foreign) {
		return ""
	}
	return bad
}
