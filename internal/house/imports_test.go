package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// root is the repository's directory, seen from this package.
const root = "../.."

// goPackages returns the directories with Go files that are not tests, each
// with these files, slash-separated and relative to root.
func goPackages(t *testing.T) map[string][]string {
	t.Helper()
	pkgs := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			// A directory with a go.mod of its own is another module.
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			rel = filepath.ToSlash(rel)
			dir := filepath.ToSlash(filepath.Dir(rel))
			pkgs[dir] = append(pkgs[dir], rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatal("found no Go package below " + root)
	}
	return pkgs
}

func TestImports(t *testing.T) {
	fset := token.NewFileSet()
	for dir, files := range goPackages(t) {
		for _, file := range files {
			f, err := parser.ParseFile(fset, filepath.Join(root, file), nil, parser.ImportsOnly)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			for _, spec := range f.Imports {
				imp, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Errorf("%s: import %s: %v", file, spec.Path.Value, err)
					continue
				}
				if msg := check(dir, imp); msg != "" {
					t.Errorf("%s: %s", file, msg)
				}
			}
		}
	}
}

// TestNoClockInLogic: planning is pure, now is an argument (house rule 4).
func TestNoClockInLogic(t *testing.T) {
	fset := token.NewFileSet()
	for dir, files := range goPackages(t) {
		if !below(dir, "psyberg") {
			continue
		}
		for _, file := range files {
			f, err := parser.ParseFile(fset, filepath.Join(root, file), nil, 0)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
					switch sel.Sel.Name {
					case "Now", "Since", "Until", "After", "Sleep", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Local":
						t.Errorf("%s: time.%s: planning is pure, now is an argument", fset.Position(sel.Pos()), sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// TestCheck shows what the rules allow and refuse, so that a rule that
// allows everything is seen.
func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		dir, imp string
		ok       bool
	}{
		{"psyberg", "time", true},
		{"psyberg", "os", false},
		{"psyberg", "net/http", false},
		{"psyberg", "net/url", true},
		{"psyberg", "github.com/apache/arrow-go/v18/arrow", false},
		{"psyberg", "psyberg/functions/meta", false},
		{"psyberg/spec", "psyberg/psyberg", true},
		{"functions", "psyberg/functions/manifest", true},
		{"functions", "github.com/apache/iceberg-go", true},
		{"functions", "github.com/apache/iceberg-go/catalog", false},
		{"functions", "github.com/duckdb/duckdb-go/v2", false},
		{"functions", "psyberg/engine/catalog", false},
		{"functions/manifest", "psyberg/functions/meta", false},
		{"functions/manifest", "github.com/klauspost/compress/zstd", true},
		{"functions/manifest", "github.com/apache/iceberg-go", false},
		{"functions/manifest", "unsafe", false},
		{"engine", "psyberg/cli", false},
		{"engine", "psyberg/sql", true},
		{"engine", "C", false},
		{"engine/bridge", "C", true},
		{"engine/bridge", "unsafe", true},
		{"engine", "github.com/spf13/cobra", false},
		{"cli", "psyberg/engine", true},
		{"cli", "psyberg/benchmarks", false},
		{"cli/format", "psyberg/engine", false},
		{"cli/format", "encoding/json", true},
		{"cli/psyql", "psyberg/cli", true},
		{"sql", "embed", true},
		{"sql", "psyberg/psyberg", false},
		{"elsewhere", "fmt", false},
	} {
		msg := check(tc.dir, tc.imp)
		if (msg == "") != tc.ok {
			t.Errorf("%s importing %s: allowed %v, want %v (%s)", tc.dir, tc.imp, msg == "", tc.ok, msg)
		}
	}
}

// TestRulesHaveReasons: a broken rule prints its reason, so each has one, and
// a directory has one rule.
func TestRulesHaveReasons(t *testing.T) {
	var dirs []string
	for _, r := range rules {
		if r.Why == "" {
			t.Errorf("rule for %s has no reason", r.Dir)
		}
		dirs = append(dirs, r.Dir)
	}
	sort.Strings(dirs)
	for i := 1; i < len(dirs); i++ {
		if dirs[i] == dirs[i-1] {
			t.Errorf("two rules for %s", dirs[i])
		}
	}
}
