package house

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// packageLine is a line of the table "Packages" in ARCHITECTURE.md:
// | `functions/meta` | what it is |
var packageLine = regexp.MustCompile("^\\| `([a-z0-9_/]+)` \\| (.+) \\|$")

// architecturePackages returns the packages that ARCHITECTURE.md names.
func architecturePackages(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	named := map[string]string{}
	inTable := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if heading, ok := strings.CutPrefix(lines.Text(), "## "); ok {
			inTable = heading == "Packages"
			continue
		}
		if m := packageLine.FindStringSubmatch(lines.Text()); m != nil && inTable {
			if named[m[1]] != "" {
				t.Errorf("ARCHITECTURE.md names %s twice", m[1])
			}
			named[m[1]] = m[2]
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(named) == 0 {
		t.Fatal("ARCHITECTURE.md has no table of packages under \"## Packages\"")
	}
	return named
}

// TestArchitecture: every package that ARCHITECTURE.md names is there, and
// every package that is there is named.
func TestArchitecture(t *testing.T) {
	named := architecturePackages(t)
	pkgs := goPackages(t)
	for dir := range named {
		if len(pkgs[dir]) == 0 {
			t.Errorf("ARCHITECTURE.md names `%s`, which has no Go file: write the package or take the line out", dir)
		}
	}
	for dir := range pkgs {
		if named[dir] == "" {
			t.Errorf("package %s is not in ARCHITECTURE.md: add \"| `%s` | what it is |\" to its table of packages", dir, dir)
		}
	}
}

// TestEveryPackageSaysWhatItIs: a doc comment each.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for dir, files := range goPackages(t) {
		found := false
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			if docComment.Match(text) {
				found = true
				break
			}
		}
		if !found {
			t.Errorf("package %s has no doc comment: begin one file with \"// Package %s ...\"", dir, filepath.Base(dir))
		}
	}
}

var docComment = regexp.MustCompile(`(?m)^(// |/\*\n?)(Package|Command) [a-z0-9_]+ `)
