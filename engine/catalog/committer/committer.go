// Package committer lets engine/write commit through engine/catalog: it takes
// the one's changes to the other's.
package committer

import (
	"context"
	"fmt"

	"github.com/apache/iceberg-go/table"

	"psyberg/engine/catalog"
	"psyberg/engine/write"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Committer satisfies write.Committer.
type Committer struct {
	catalogs *catalog.Catalogs
	sessions Sessions
}

// Sessions finds the recorded rows of a session by its id; *state.Store does.
// process narrows it ("" is any); no row where it is not known.
type Sessions interface {
	SessionWith(ctx context.Context, id, process string) ([]psyberg.SessionRow, error)
}

var _ write.Committer = Committer{}

// New returns a Committer over catalogs.
func New(catalogs *catalog.Catalogs) Committer { return Committer{catalogs: catalogs} }

// WithSessions returns a Committer that says in what it stages which session
// it belongs to.
func (c Committer) WithSessions(s Sessions) Committer {
	c.sessions = s
	return c
}

// OpenTable loads a table for writing.
func (c Committer) OpenTable(ctx context.Context, name string) (*table.Table, error) {
	return c.catalogs.OpenTable(ctx, name)
}

// CreateTable makes a table.
func (c Committer) CreateTable(ctx context.Context, name string, def write.TableDef) (*table.Table, error) {
	_, err := c.catalogs.CreateTable(ctx, name, catalog.NewTable{Schema: def.Schema, Spec: def.Spec, Properties: def.Properties, Location: def.Location})
	if err != nil {
		return nil, err
	}
	return c.catalogs.OpenTable(ctx, name)
}

// DropTable removes a table from its catalog.
func (c Committer) DropTable(ctx context.Context, name string) error {
	return c.catalogs.DropTable(ctx, name)
}

// CommitFiles commits a change.
func (c Committer) CommitFiles(ctx context.Context, name string, ch write.Change) (write.Committed, error) {
	to, err := change(name, ch)
	if err != nil {
		return write.Committed{}, err
	}
	if err := c.sign(ctx, &to); err != nil {
		return write.Committed{}, fmt.Errorf("commit to %s: %w", name, err)
	}
	r, err := c.catalogs.Commit(ctx, name, to)
	if err != nil {
		return write.Committed{}, err
	}
	surface.NoteWritten(ctx, int64(r.Snapshot), func() (*surface.Table, error) { return c.catalogs.Load(ctx, name) })
	return write.Committed{SnapshotID: int64(r.Snapshot), Already: r.Existed}, nil
}

// sign adds what a staged snapshot says of its session (semantics.md section 7)
// where the COPY does not: it names the session's id alone, so process and
// valid-to are those that init recorded under it. Where no session table is
// known, they are left out.
func (c Committer) sign(ctx context.Context, to *catalog.Change) error {
	id := to.Session()
	if c.sessions == nil || id == "" || to.ProcessName != "" && to.ValidTo != "" {
		return nil
	}
	rows, err := c.sessions.SessionWith(ctx, id, to.ProcessName)
	if err != nil || len(rows) == 0 {
		return err
	}
	to.ProcessName = rows[0].Process
	if v := psyberg.SessionValidTo(rows); v != nil && to.ValidTo == "" {
		to.ValidTo = v.String()
	}
	return nil
}

// Existing looks whether a change is there already.
func (c Committer) Existing(ctx context.Context, name string, ch write.Change) (write.Committed, error) {
	to, err := change(name, ch)
	if err != nil {
		return write.Committed{}, err
	}
	r, found, err := c.catalogs.Existing(ctx, name, to)
	if err != nil || !found {
		return write.Committed{}, err
	}
	return write.Committed{SnapshotID: int64(r.Snapshot), Already: true}, nil
}

// LiveFiles returns the files that are live in a snapshot.
func (c Committer) LiveFiles(ctx context.Context, name string, snapshot int64) ([]write.LiveFile, error) {
	live, err := c.catalogs.LiveAt(ctx, name, psyberg.SnapshotID(snapshot))
	if err != nil {
		return nil, err
	}
	entries, err := live.Entries()
	if err != nil {
		return nil, err
	}
	out := make([]write.LiveFile, len(entries))
	for i, e := range entries {
		out[i] = write.LiveFile{DataFile: e.File, Partition: e.Tuple, Sequence: int64(e.Sequence)}
	}
	return out, nil
}

// change takes a change to the catalog's form. The summary keys of a session,
// which write passes among the others, go where the catalog wants them.
func change(name string, ch write.Change) (catalog.Change, error) {
	to := catalog.Change{Added: ch.Add, WapID: ch.WapID, Branch: ch.Branch, Step: ch.Step, Summary: map[string]string{}}
	switch ch.Mode {
	case write.ModeAppend:
		to.Mode = catalog.Append
	case write.ModeOverwritePartitions:
		to.Mode = catalog.ReplacePartitions
	case write.ModeOverwrite:
		to.Mode = catalog.Overwrite
		to.Base, to.HasBase, to.Conflicts = psyberg.SnapshotID(ch.Base), true, ch.Conflicts
	default:
		return to, fmt.Errorf("commit to %s: mode %q is none of append, overwrite_partitions, overwrite", name, ch.Mode)
	}
	for _, f := range ch.Remove {
		to.Removed = append(to.Removed, f.FilePath())
	}
	for k, v := range ch.Summary {
		switch k {
		case write.KeyProcess:
			to.ProcessName = v
		case write.KeySession:
			to.SessionID = v
		case write.KeyValidTo:
			to.ValidTo = v
		default:
			to.Summary[k] = v
		}
	}
	return to, nil
}
