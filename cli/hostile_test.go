package cli

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

const long = 10 << 20 // bytes

// hostile are words that somebody may use for a name or a value: quotes of
// every kind, ends of statements, comments, line ends, NUL, what is no UTF-8,
// and one of ten megabytes.
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
		"long":      strings.Repeat("ab'\"; ", long/60), // TestLongTexts has longer ones
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
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(dir, "attached.db")); err == nil {
			t.Error("attached.db was made")
		}
	})
	for name, word := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // all in the folder that the test above them is in
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
				if len(errs) > min(8*len(word)+64<<10, mostShown+1<<10) {
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
}

// TestLongTexts: ten megabytes of statement, value or error pass through; what
// people see of them is its beginning, without secrets.
func TestLongTexts(t *testing.T) {
	t.Chdir(t.TempDir())
	text := strings.Repeat("token ", long/6)
	for name, args := range map[string][]string{
		"statement": {"-c", "SELECT length('" + text + "') AS n"},
		"value":     {"-v", "word=" + text, "-c", "SELECT length($word::VARCHAR) AS n"},
	} {
		code, out, errs := runInside(append([]string{"--log-level", "warn", "--format", "csv"}, args...)...)
		if code != 0 || out != "n\n"+strconv.Itoa(len(text))+"\n" {
			t.Errorf("%s: exit %d %.300s %.300s", name, code, out, errs)
		}
	}
	for name, args := range map[string][]string{
		"error":           {"-c", "SELECT error('password=geheim ' || repeat('password=geheim é ', 500000))"},
		"error as JSON":   {"--log-format", "json", "-c", "SELECT error('password=geheim ' || repeat('password=geheim é ', 500000))"},
		"statement wrong": {"-c", "SELECT 'password=geheim " + text + "' FROM nothing"},
		"value wrong":     {"-v", "word=password=geheim" + text, "-c", "FROM iceberg_files($word)"},
	} {
		code, _, errs := runInside(args...)
		if code != ExitSQL && code != ExitFailure || len(errs) > 2*mostShown || strings.Contains(errs, "geheim") {
			t.Errorf("%s: exit %d, %d bytes: %.300s", name, code, len(errs), errs)
		}
	}
}

// TestRedact_Long: the cut is said, falls between two characters, and no secret
// that lies across it is seen in part.
func TestRedact_Long(t *testing.T) {
	defer hide(nil)
	hide([]string{"tok3n/with+odd=signs"})
	for _, secret := range []string{"password=geheim-4711", "SECRET 'geheim-4711'", "x://me:geheim-4711@host", "\"s3.secret-access-key\": \"geheim-4711\"", "tok3n/with+odd=signs"} {
		for _, before := range []int{mostShown - len(secret), mostShown - len(secret)/2, mostShown - 3, mostShown} {
			got := redact(strings.Repeat("é", before/2) + strings.Repeat(" ", 1+before%2) + secret + strings.Repeat(" x", mostShown))
			if !utf8.ValidString(got) || strings.Contains(got, "geh") || strings.Contains(got, "tok3n") || len(got) > mostShown+100 || !strings.Contains(got[mostShown-3:], "... (cut: the whole text has 78") {
				t.Fatalf("%s after %d bytes: %d bytes, ends %q", secret, before, len(got), got[mostShown-30:])
			}
		}
	}
	for text, want := range map[string]bool{strings.Repeat("x ", mostShown): false, strings.Repeat("x ", mostShown) + "password=geheim": true,
		strings.Repeat("x ", mostShown) + "tok3n/with+odd=signs": true, "password=geheim": true, "password": false} {
		if holdsSecret(text) != want {
			t.Errorf("%d bytes hold a secret: %v", len(text), !want)
		}
	}
}
