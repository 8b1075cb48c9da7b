// Package committer lets engine/write commit through engine/catalog: it takes
// the one's changes to the other's.
package committer

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go/table"

	"psyberg/engine/catalog"
	"psyberg/engine/write"
	"psyberg/psyberg"
)

// Committer satisfies write.Committer.
type Committer struct{ catalogs *catalog.Catalogs }

var _ write.Committer = Committer{}

// New returns a Committer over catalogs.
func New(catalogs *catalog.Catalogs) Committer { return Committer{catalogs} }

// OpenTable loads a table for writing.
func (c Committer) OpenTable(ctx context.Context, name string) (*table.Table, error) {
	return c.catalogs.OpenTable(ctx, name)
}

// CreateTable makes a table.
func (c Committer) CreateTable(ctx context.Context, name string, def write.TableDef) (*table.Table, error) {
	_, err := c.catalogs.CreateTable(ctx, name, catalog.NewTable{Schema: def.Schema, Spec: def.Spec, Properties: def.Properties})
	if err != nil {
		return nil, err
	}
	return c.catalogs.OpenTable(ctx, name)
}

// DropTable removes a table from its catalog.
func (c Committer) DropTable(ctx context.Context, name string) error {
	return c.catalogs.DropTable(ctx, name)
}

// CommitFiles commits a change. The summary keys of a session, which write
// passes among the others, go where the catalog wants them.
func (c Committer) CommitFiles(ctx context.Context, name string, ch write.Change) (write.Committed, error) {
	to := catalog.Change{Added: ch.Add, WapID: ch.WapID, Branch: ch.Branch, Step: ch.Step, Summary: map[string]string{}}
	switch ch.Mode {
	case write.ModeAppend:
		to.Mode = catalog.Append
	case write.ModeOverwritePartitions:
		to.Mode = catalog.ReplacePartitions
	case write.ModeOverwrite:
		to.Mode = catalog.Overwrite
		to.Base, to.HasBase = psyberg.SnapshotID(ch.Base), true
	default:
		return write.Committed{}, fmt.Errorf("commit to %s: mode %q is none of append, overwrite_partitions, overwrite", name, ch.Mode)
	}
	for _, f := range ch.Remove {
		to.Removed = append(to.Removed, f.FilePath())
	}
	for k, v := range ch.Summary {
		switch k {
		case "psyberg.process-name":
			to.ProcessName = v
		case "psyberg.session-id":
			to.SessionID = v
		case "psyberg.valid-to":
			to.ValidTo = v
		default:
			to.Summary[k] = v
		}
	}
	r, err := c.catalogs.Commit(ctx, name, to)
	if err != nil {
		return write.Committed{}, err
	}
	return write.Committed{SnapshotID: int64(r.Snapshot), Already: r.Existed}, nil
}
