package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostile are words that somebody may use for a name or a value: quotes of
// every kind, ends of statements, comments, line ends, NUL, what is no UTF-8,
// and a long one.
func hostile() map[string]string {
	return map[string]string{
		"quote":     `x'; DROP TABLE ns.victim USING iceberg; --`,
		"quotes":    `x"; COPY (SELECT 666 AS id) TO 'ns.victim' (FORMAT iceberg); --`,
		"dollar":    `$$; SELECT error('in' || 'jected'); $$ $id :'id' :"id"`,
		"comment":   "x /* -- \n*/ ) TO '/etc/passwd' --",
		"lines":     "a\r\nb\tc\u2028d",
		"nul":       "a\x00b",
		"bytes":     "a\xff\xfeb",
		"controls":  "\x1b[2J\x07\x9b",
		"path":      "../../../etc/passwd",
		"unicode":   "ｎａｍｅ\u202e\u0000é",
		"call":      `x') ; ATTACH 'attached.db'; --`,
		"long":      strings.Repeat("ab'\"; ", 20_000),
		"wildcards": `%_*?[a]{b}`,
	}
}

// TestHostileWords: no name, value or identifier becomes part of a statement:
// it is taken as it is, or is refused in words.
func TestHostileWords(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	run := func(args ...string) (int, string, string) {
		return runInside(append([]string{"--log-level", "warn", "--format", "csv"}, args...)...)
	}
	if code, _, errs := run("-c", "CREATE TABLE ns.victim (id BIGINT) USING iceberg; COPY (SELECT 1 AS id) TO 'ns.victim' (FORMAT iceberg)"); code != 0 {
		t.Fatal(errs)
	}
	for name, word := range hostile() {
		t.Run(name, func(t *testing.T) {
			// As a value: it comes back byte for byte, where it is text at all.
			code, out, errs := run("--format", "json", "-v", "word="+word, "-c", "SELECT length($word::VARCHAR) > 0 AS same, $word = :'word' AS both")
			if code == 0 && !strings.Contains(out, `"same":true,"both":true`) || code != 0 && code != ExitSQL {
				t.Errorf("value: exit %d %.300s %.300s", code, out, errs)
			}
			for what, args := range map[string][]string{
				"identifier":   {"-v", "word=" + word, "-c", `SELECT 1 AS :"word"`},
				"table":        {"-v", "word=" + word, "-c", "FROM iceberg_files($word)"},
				"column":       {"-v", "word=" + word, "-c", "FROM iceberg_partitions('ns.victim', bounds := [$word])"},
				"predicate":    {"-v", "word=" + word, "-c", "FROM iceberg_rows('ns.victim', where := $word)"},
				"sources":      {"-v", "word=" + word, "-c", "FROM psyberg_window($word)"},
				"source":       {"-v", "word=ns.victim|" + word, "-c", "FROM psyberg_stateful_range($word)"},
				"ref":          {"-v", "word=" + word, "-c", "FROM iceberg_rows('ns.victim', ref := $word)"},
				"files":        {"-v", "word=" + word, "-c", "FROM iceberg_rows('ns.victim', files := [$word])"},
				"audit":        {"-v", "word=" + word, "-c", "FROM psyberg_audit_unique_keys('ns.victim', NULL, [$word])"},
				"wap id":       {"-v", "word=" + word, "-c", "FROM psyberg_publish_preflight('ns.victim', $word)"},
				"copy target":  {"-v", "word=" + word, "-c", "COPY (SELECT 1 AS id) TO $word (FORMAT iceberg)"},
				"copy where":   {"-v", "word=" + word, "-c", "COPY (SELECT 1 AS id WHERE false) TO 'ns.victim' (FORMAT iceberg, MODE overwrite, WHERE $word)"},
				"process":      {"init", "--process_name", word, "--src_tables", "ns.victim", "--psyberg_session_id", "s", "--psyberg_session_table", "ops.s", "--psyberg_hwm_table", "ops.h", "--etl_pattern_id", "1"},
				"session":      {"init", "--process_name", "p" + name, "--src_tables", "ns.victim", "--psyberg_session_id", word, "--psyberg_session_table", "ops.s", "--psyberg_hwm_table", "ops.h", "--etl_pattern_id", "1"},
				"target":       {"sweep", "--target", word},
				"script":       {"-c", word},
				"path map":     {"--path-map", word + "=" + word, "-c", "FROM iceberg_files('ns.nothing')"},
				"catalog name": {"--catalog-name", word, "-c", "FROM iceberg_tables()"},
			} {
				code, out, errs := run(args...)
				if code == ExitTimeout || code < 0 {
					t.Errorf("%s: exit %d", what, code)
				}
				if len(errs) > 8*len(word)+64<<10 {
					t.Errorf("%s: %d bytes of error: %.300s", what, len(errs), errs)
				}
				if strings.Contains(errs, "panic") || strings.Contains(errs, "injected") || strings.Contains(errs, "INTERNAL") {
					t.Errorf("%s: %.1000s %.200s", what, errs, out)
				}
			}
			if code, out, errs := run("-c", "SELECT string_agg(id, ' ') AS ids FROM iceberg_rows('ns.victim')"); code != 0 || out != "ids\n1\n" {
				t.Fatalf("the table has %s %s", out, errs)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "attached.db")); err == nil {
		t.Error("attached.db was made")
	}
}
