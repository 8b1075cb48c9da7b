package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/iceberg-go/catalog"

	_ "psyberg/engine/bridge/lateinit" // iceberg-go's start without 0.1 s of CPU
	"psyberg/functions/surface"
)

// source is one configured catalog.
type source interface {
	// locate returns where the metadata.json of a table is; ErrNotFound where
	// the catalog has no such table.
	locate(ctx context.Context, namespace []string, table string) (string, error)
	list(ctx context.Context) ([]surface.ListedTable, error)
	namespaces(ctx context.Context) ([][]string, error)
	// names are all names this catalog answers to; nil without looking.
	aliases(ctx context.Context) []string
	// hint is added to an error about something that is not there.
	hint(ctx context.Context) string
	// writer opens iceberg-go's catalog; it makes the embedded one's file.
	writer(ctx context.Context) (catalog.Catalog, error)
	// strict: requirements are checked by this process, so that those of our
	// own are allowed.
	strict() bool
	close() error
}

// newSource opens nothing yet: a catalog that is not used costs nothing.
func newSource(d definition) (source, error) {
	uri := d.props["uri"]
	kind := d.props["type"]
	if kind == "" {
		switch {
		case strings.HasPrefix(uri, "http://"), strings.HasPrefix(uri, "https://"):
			kind = "rest"
		case strings.HasPrefix(uri, "sqlite:"), strings.HasPrefix(uri, "postgresql:"), strings.HasPrefix(uri, "postgres:"),
			strings.HasPrefix(uri, "postgresql+"):
			kind = "sql"
		}
	}
	switch strings.ToLower(kind) {
	case "sql":
		return newSQLSource(d)
	case "rest":
		return &restSource{def: d}, nil
	case "":
		return nil, fmt.Errorf("open catalog %q of %s: uri %q is none of sqlite:///path, postgresql://, http(s)://",
			d.name, d.origin, redact(uri))
	}
	return nil, fmt.Errorf("open catalog %q of %s: type %q is none of sql, rest", d.name, d.origin, kind)
}

// redact hides the password of a URI.
func redact(uri string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	authority, path, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return uri
	}
	user, _, hasPassword := strings.Cut(authority[:at], ":")
	if !hasPassword {
		return uri
	}
	return scheme + "://" + user + ":***@" + authority[at+1:] + "/" + path
}

// brokenSource is a catalog of the configuration file that cannot be opened
// and is not the default: the others still work.
type brokenSource struct{ err error }

func (b brokenSource) locate(context.Context, []string, string) (string, error) { return "", b.err }
func (b brokenSource) list(context.Context) ([]surface.ListedTable, error)      { return nil, b.err }
func (b brokenSource) namespaces(context.Context) ([][]string, error)           { return nil, b.err }
func (b brokenSource) aliases(context.Context) []string                         { return nil }
func (b brokenSource) hint(context.Context) string                              { return "" }
func (b brokenSource) writer(context.Context) (catalog.Catalog, error)          { return nil, b.err }
func (b brokenSource) strict() bool                                             { return false }
func (b brokenSource) close() error                                             { return nil }
