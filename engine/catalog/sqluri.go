package catalog

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// sqlitePath reads SQLAlchemy's and our own URIs: sqlite:////abs, sqlite:///rel
// (SQLAlchemy: three slashes are relative; an absolute path after three is
// what people write, and what an empty first level means), file:path.
func sqlitePath(uri string) (string, error) {
	p, ok := strings.CutPrefix(uri, "sqlite:")
	if !ok {
		p = strings.TrimPrefix(uri, "file:")
	}
	p, _, _ = strings.Cut(p, "?")
	switch {
	case strings.HasPrefix(p, "////"):
		p = p[3:]
	case strings.HasPrefix(p, "///"):
		// A relative path that is there wins, or that could be made where the
		// absolute one could not, or would lie in the root folder; otherwise
		// three slashes begin an absolute one, as in every other URI.
		rel, abs := p[3:], p[2:]
		folder := filepath.Dir(abs)
		if ok && !exists(abs) && (exists(rel) || folder == "/" || !exists(folder) && exists(filepath.Dir(rel))) {
			p = rel
		} else {
			p = p[2:]
		}
	case strings.HasPrefix(p, "//"):
		return "", fmt.Errorf("uri %q: sqlite:///path is expected", uri)
	}
	if p == "" || p == "/" || p == ":memory:" || p == "/:memory:" {
		return "", fmt.Errorf("uri %q names no file: a catalog in memory would be lost at the end", uri)
	}
	return filepath.Clean(p), nil
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

// sqliteDSN is the driver's name of a file. busy_timeout makes a second writer
// wait instead of failing; immediate transactions keep it from failing when a
// read turns into a write. mode rw never makes a file.
func sqliteDSN(path, mode string, wal bool) string {
	u := url.URL{Path: path}
	dsn := "file:" + u.EscapedPath() + "?mode=" + mode + "&_txlock=immediate&_pragma=busy_timeout(10000)"
	if wal {
		dsn += "&_pragma=journal_mode(WAL)"
	}
	return dsn
}
