package surface

import (
	"context"

	"psyberg/functions/fetch"
	"psyberg/functions/manifest/cache"
	"psyberg/functions/meta"
)

// Tables is what the functions need of the catalogs; engine/catalog satisfies it.
type Tables interface {
	// Load finds the table that name names: 'ns.table', 'catalog.ns.table',
	// either with '@branch_or_tag', or the location of a metadata.json. The
	// metadata is read once, here: everything after works on that state.
	// Errors for unknown names list near matches.
	Load(ctx context.Context, name string) (*Table, error)
	// List returns the tables of a catalog ("" is the default one), below a
	// namespace (nil is all).
	List(ctx context.Context, catalog string, namespace []string) ([]ListedTable, error)
}

// Table is one table, pinned to one metadata.json.
type Table struct {
	Name      string   // as it was given, without '@ref' and without the default catalog's name
	Ref       string   // the part after '@'; "" where none was given
	Catalog   string   // "" for a bare metadata.json
	Namespace []string // likewise
	Table     string   // last part of the name
	Location  string   // of the metadata.json
	Meta      *meta.Metadata
	Files     Files
	Manifests *cache.Cache // decoded manifests that are kept; nil: none are
}

// IntoReader are Files that read to memory of the caller, who reads many.
type IntoReader interface {
	// ReadInto is Read of a file of unknown length, in buf where it has room.
	ReadInto(ctx context.Context, location string, buf []byte) ([]byte, error)
}

// Mapper are Files of which some are better mapped than read.
type Mapper interface {
	// Map returns a long file of a disk, mapped until free is called; data is nil
	// for any other, and where it is not worth it, which is to be read.
	Map(location string, to *fetch.Mappings) (data []byte, free func(), err error)
}

// ListedTable is one row of a catalog's list.
type ListedTable struct {
	Catalog          string
	Namespace        []string
	Name             string
	MetadataLocation string // "" where the catalog does not say without loading
}

// Files reads the files of a table; locations are as the metadata has them
// (file:, file:///, s3://, plain paths), path maps applied below.
type Files interface {
	// Read returns a whole file. size is its length where known, else -1.
	Read(ctx context.Context, location string, size int64) ([]byte, error)
	// Local returns the path that DuckDB's own reader opens for location
	// (mapped; or the s3:// location itself).
	Local(location string) (string, error)
}

// WithManifests returns tables whose decoded manifests are kept in c.
func WithManifests(tables Tables, c *cache.Cache) Tables {
	if c == nil {
		return tables
	}
	return keeping{tables, c}
}

type keeping struct {
	Tables
	cache *cache.Cache
}

func (k keeping) Load(ctx context.Context, name string) (*Table, error) {
	t, err := k.Tables.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	out := *t
	out.Manifests = k.cache
	return &out, nil
}
