package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"psyberg/cli/pages"
)

// TestEveryCodeHasAPage: a code that stands in the source has an exit code and a
// page, and a page's exit code is the table's.
func TestEveryCodeHasAPage(t *testing.T) {
	codes := map[string]string{}
	found := regexp.MustCompile(`PSY_[A-Z_]+[A-Z]`)
	for _, dir := range []string{"../psyberg", "../functions", "../engine", "../sql", "."} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".sql") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, code := range found.FindAllString(string(text), -1) {
				codes[code] = path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(codes) < 12 {
		t.Fatalf("only %d codes in the source: %v", len(codes), codes)
	}
	for code, path := range codes {
		exit, known := exitByCode[code]
		if text, ok := pages.Find(code); !known || !ok || !strings.Contains(text, "(exit "+itoa(exit)) {
			t.Errorf("%s (in %s): exit code %d, known %v; it has a page: %v, which must say its exit code", code, path, exit, known, ok)
		}
	}
	for _, name := range pages.Names(pages.Code) {
		if codes[name] == "" {
			t.Errorf("page %s: no source has this code", name)
		}
	}
}

func itoa(n int) string { return string(rune('0' + n)) }

// TestPagesNameWhatIsThere: options, functions and pages that a page mentions
// exist, so that a renamed one is not missed.
func TestPagesNameWhatIsThere(t *testing.T) {
	root := newRoot(&app{})
	options := append(allFlags(root), "help", "version")
	_, functions, _ := runInside("help")
	option, function := regexp.MustCompile(`--([a-z][a-z_-]+)`), regexp.MustCompile(`\b(iceberg|psyberg)_[a-z_]+\(`)
	for _, kind := range []pages.Kind{pages.Topic, pages.Statement, pages.Code} {
		for _, name := range pages.Names(kind) {
			text, _ := pages.Find(name)
			for _, m := range option.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(options, m[1]) {
					t.Errorf("%s: no option is named --%s", name, m[1])
				}
			}
			for _, m := range function.FindAllString(text, -1) {
				if f := strings.TrimSuffix(m, "("); !slices.Contains(strings.Fields(functions), f) {
					t.Errorf("%s: no function is named %s", name, f)
				}
			}
		}
	}
}
