package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"psyberg/cli/format"
	"psyberg/engine"
)

const doctorLong = `doctor looks whether psyql can do its work here: configuration, catalog, permissions, versions,
cache, clock, memory. Each line says ok, warn or fail, and below a warn or fail what to do. It
writes nothing but a file beside the cache and the warehouse, which it removes again. A fail ends
with exit 1, or 5 where it may pass by itself.`

// newDoctor makes the command that checks the surroundings.
func newDoctor(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Check catalog, permissions, versions, cache and clock",
		Long:    doctorLong,
		Example: "  psyql doctor\n  psyql doctor --catalog prod --format json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.within(cmd.Context(), a.doctor)
		},
	}
}

// finding is one line of the doctor's.
type finding struct {
	check, verdict, what, do string
	err                      error // of a fail
}

func ok(check, format string, args ...any) finding {
	return finding{check, "ok", fmt.Sprintf(format, args...), "", nil}
}

func warning(check, do, format string, args ...any) finding {
	return finding{check, "warn", fmt.Sprintf(format, args...), do, nil}
}

func failure(check, do string, err error) finding {
	return finding{check, "fail", redact(words(err)), do, err}
}

// errUnwell ends a doctor that found something that fails.
type errUnwell struct {
	n     int
	first error
}

func (e errUnwell) Error() string {
	return fmt.Sprintf("doctor: %d of the checks failed: %v", e.n, e.first)
}
func (e errUnwell) Unwrap() error { return e.first }

func (a *app) doctor(ctx context.Context) error {
	findings := []finding{ok("version", "%s", strings.Join(versions(), ", ")), a.checkConfig()}
	findings = append(findings, a.checkSession(ctx)...)
	findings = append(findings, a.checkCache(), a.checkClock(ctx))
	if err := a.showFindings(findings); err != nil {
		return err
	}
	unwell := errUnwell{}
	for _, f := range findings {
		if f.verdict == "fail" {
			unwell.n++
			if unwell.first == nil {
				unwell.first = f.err
			}
		}
	}
	if unwell.n > 0 {
		return unwell
	}
	return nil
}

func (a *app) showFindings(findings []finding) error {
	if a.opts.format == "json" || a.opts.format == "jsonl" {
		return write(a.io.Out, findingsJSON(findings, a.opts.format == "jsonl"))
	}
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-5s %-12s %s\n", f.verdict, f.check, f.what)
		if f.do != "" {
			fmt.Fprintf(&b, "%19s%s\n", "", f.do)
		}
	}
	return write(a.io.Out, b.String())
}

// fileSecret is what a secret in a configuration file looks like.
var fileSecret = regexp.MustCompile(`(?i)(?:password|passwd|secret|token|credential|access[-_.]?key)[\w.-]*["']?\s*:\s*["']?[^\s"'{]|://[^/\s:@'"]*:[^/\s@'"]+@`)

func (a *app) checkConfig() finding {
	const check = "config"
	switch {
	case a.opts.catalog.URI != "":
		return ok(check, "--catalog-uri %s", redact(a.opts.catalog.URI))
	case a.opts.catalog.File != "":
		if _, err := os.Stat(a.opts.catalog.File); err != nil {
			return failure(check, "name a file that is there with --config, or take the option away", err)
		}
		return ok(check, "%s", a.opts.catalog.File)
	}
	home, _ := a.io.Env("HOME")
	for _, name := range []string{"psyql.yaml", ".pyiceberg.yaml"} {
		for _, dir := range []string{".", home} {
			path := filepath.Join(dir, name)
			info, err := os.Stat(path)
			if err != nil || dir == "" {
				continue
			}
			if info.Mode().Perm()&0o004 != 0 {
				if data, err := os.ReadFile(path); err == nil && fileSecret.Match(data) {
					return warning(check, "chmod 600 "+path, "%s holds secrets and everybody on this machine may read it", path)
				}
			}
			return ok(check, "%s", path)
		}
	}
	return warning(check, "psyql help catalogs says how to name one", "no configuration: the embedded catalog at ./psyberg-warehouse is used")
}

// checkSession looks at what needs DuckDB and the catalog.
func (a *app) checkSession(ctx context.Context) []finding {
	session, err := a.open(ctx, "")
	if err != nil {
		return []finding{failure("catalog", "psyql help catalogs says how one is named", err)}
	}
	defer session.Close()
	findings := []finding{a.checkCatalog(ctx, session), a.checkWrite()}
	memory, err := one(ctx, session, "SELECT current_setting('memory_limit') || ', ' || current_setting('threads') || ' threads'")
	if err != nil {
		return append(findings, failure("duckdb", "report this", err))
	}
	version, err := one(ctx, session, "SELECT library_version FROM pragma_version()")
	if err != nil {
		return append(findings, failure("duckdb", "report this", err))
	}
	return append(findings, ok("duckdb", "%s, memory %s, extensions are loaded when asked for alone", version, memory))
}

func (a *app) checkCatalog(ctx context.Context, session *engine.Session) finding {
	const check = "catalog"
	start := time.Now()
	n, err := one(ctx, session, "SELECT count(*)::VARCHAR FROM iceberg_tables()")
	took := time.Since(start).Round(time.Millisecond)
	name := strings.Join(session.Catalogs().Names(), ", ")
	switch {
	case err != nil && transient(err.Error()):
		return failure(check, "try again; is the address right, and may this machine reach it?", err)
	case err != nil:
		return failure(check, "psyql help catalogs says how one is named; secrets come from the environment or the file (psyql help secrets)", err)
	case n == "0":
		return warning(check, "if there should be some, look at the catalog's name and warehouse", "%s answers after %v, and has no tables", name, took)
	case took > 2*time.Second:
		return warning(check, "a catalog nearer to this machine makes every statement faster", "%s answers, but after %v: %s tables", name, took, n)
	}
	return ok(check, "%s answers after %v: %s tables", name, took, n)
}

// checkWrite looks whether new tables could be made: where the warehouse is a
// folder, by a file in it.
func (a *app) checkWrite() finding {
	const check = "permissions"
	if len(a.opts.catalog.PathMaps) > 0 {
		return warning(check, "without --path-map tables can be written", "read-only: a path map is given")
	}
	place := a.opts.catalog.Warehouse
	u, err := url.Parse(a.opts.catalog.URI)
	if err != nil {
		u = &url.URL{} // the catalog's check says what is wrong with it
	}
	switch {
	case place == "" && u.Scheme == "sqlite":
		place = filepath.Dir(strings.TrimPrefix(a.opts.catalog.URI, "sqlite:///"))
		if rest := strings.TrimPrefix(a.opts.catalog.URI, "sqlite://"); strings.HasPrefix(rest, "//") {
			place = filepath.Dir(rest[1:])
		}
	case place == "" && a.opts.catalog.URI == "" && a.opts.catalog.Catalog == "":
		place = "."
	case strings.HasPrefix(u.Scheme, "http"):
		place = "" // the warehouse is a name, not a folder
	}
	place = strings.TrimPrefix(strings.TrimPrefix(place, "file://"), "file:")
	if place == "" || strings.Contains(place, "://") {
		return ok(check, "reading is what the catalog's check did; writing is first tried by a statement that writes")
	}
	if err := tryWrite(place); err != nil {
		return warning(check, "reading works; to write, give this user the right, or name another --warehouse", "%v", err)
	}
	return ok(check, "%s can be written to", place)
}

func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".psyql-doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("psyql doctor")
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

func (a *app) checkCache() finding {
	const check = "cache"
	folder, err := cacheFolder(a.opts.cacheDir)
	switch {
	case err != nil:
		return failure(check, "name a folder with --cache-dir, or 'off'", err)
	case folder == "":
		return ok(check, "off; --cache-dir auto keeps decoded manifests, so that they are decoded once")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return failure(check, "name a folder that can be written to with --cache-dir, or 'off'", err)
	}
	if err := tryWrite(folder); err != nil {
		return failure(check, "name a folder that can be written to with --cache-dir, or 'off'", err)
	}
	var files, bytes int64
	_ = filepath.WalkDir(folder, func(_ string, d os.DirEntry, err error) error {
		if info, e := infoOf(d, err); e == nil && info.Mode().IsRegular() {
			files, bytes = files+1, bytes+info.Size()
		}
		return nil
	})
	return ok(check, "%s: %d files, %d MB of %v", folder, files, bytes>>20, &a.opts.cacheSize)
}

func infoOf(d os.DirEntry, err error) (os.FileInfo, error) {
	if err != nil {
		return nil, err
	}
	return d.Info()
}

// checkClock compares the clock with the catalog's, where that is a server.
func (a *app) checkClock(ctx context.Context) finding {
	const check = "clock"
	now := time.Now().UTC()
	if now.Year() < 2024 {
		return failure(check, "set the clock", fmt.Errorf("it is %s", now.Format(time.RFC3339)))
	}
	uri := a.opts.catalog.URI
	if !strings.HasPrefix(uri, "http://") && !strings.HasPrefix(uri, "https://") {
		return ok(check, "%s", now.Format(time.RFC3339))
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, uri, nil)
	if err != nil {
		return ok(check, "%s", now.Format(time.RFC3339))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil { // the catalog's check has said so
		return ok(check, "%s; the catalog's was not to be had", now.Format(time.RFC3339))
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	resp.Body.Close()
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return ok(check, "%s", now.Format(time.RFC3339))
	}
	if apart := time.Since(theirs).Abs(); apart > 30*time.Second {
		return warning(check, "set the clock by NTP: commit times and tokens depend on it", "%v apart from the catalog's", apart.Round(time.Second))
	}
	return ok(check, "%s, as the catalog's", now.Format(time.RFC3339))
}

// one is the only value of a query's result, as text.
func one(ctx context.Context, session *engine.Session, query string) (string, error) {
	rows, err := session.Query(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	if !rows.Next() {
		return "", firstOf(rows.Err(), errors.New("no row"))
	}
	text := fmt.Sprint(rows.Row()[0])
	return text, rows.Err()
}

// findingsJSON is the findings as one array, or an object a line.
func findingsJSON(findings []finding, lines bool) string {
	var out []byte
	var list []any
	for _, f := range findings {
		s := format.Struct{Names: []string{"check", "verdict", "what", "do"}, Values: []any{f.check, f.verdict, f.what, nil}}
		if f.do != "" {
			s.Values[3] = f.do
		}
		list = append(list, s)
		out = append(format.AppendJSON(out, s), '\n')
	}
	if lines {
		return string(out)
	}
	return string(format.AppendJSON(nil, list)) + "\n"
}
