// Package write runs the statements that write Iceberg tables:
//
//	COPY (query) TO 'ns.table' (FORMAT iceberg, ...)
//	CREATE TABLE ns.table (...) USING iceberg ...
//	DROP TABLE ns.table USING iceberg
//
// DuckDB never sees them: Parse recognises them, a Writer runs them. DuckDB
// writes the Parquet files, their footers become manifest entries, and a
// Committer (engine/catalog) commits them.
//
// # Options of COPY
//
// MODE append (the default), overwrite_partitions (replaces the partitions that
// get rows), overwrite (replaces everything, or with WHERE the rows that match:
// files whose rows all match go, those where some do are written again without
// them). WAP_ID stages a snapshot on no branch; WAP_BRANCH, STEP write to a
// branch (semantics.md section 7). PROCESS_NAME, SESSION_ID, VALID_TO and
// SUMMARY MAP {...} go into the snapshot's summary. CREATE_TABLE makes a table
// that is missing from the query's columns, by PARTITION_BY; where it is there,
// both mean nothing. Texts may be expressions: WAP_BRANCH 'psyberg_' ||
// getvariable('session'), WHERE 'hour = ' || $hour.
//
// # Invariants
//
// C1. What is done is done once: before the rows are computed, and again with
// every attempt of the commit, the WAP_ID or STEP is looked for; found, nothing
// is written and the count is 0.
//
// C2. Killed anywhere, the table is as before or as after; files that no
// manifest names may be left (a folder .psyberg-<uuid> beside the data too). An
// error leaves none, except where nobody can tell whether the commit happened.
//
// C3. An overwrite is planned on one snapshot, pinned before the query runs.
// What was added since and could have matched makes it fail (PSY_CONFLICT),
// so a table may be overwritten from its own rows.
//
// C4. All rows of a file have one partition tuple, which is read back from the
// file; the SQL that sorts rows into files only has to tell tuples apart.
//
// # Limits
//
// Values of fixed(n), timestamptz_ns, variant and the geometries cannot be
// written: DuckDB's Parquet writer has no such types. Rows that an overwrite
// writes again get fresh row ids in v3. A statement within BEGIN .. COMMIT is
// refused, since a ROLLBACK would not undo it. NaNs are not counted.
package write

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"psyberg/functions/meta"
)

// Committer is what a Writer needs of the catalogs; engine/catalog satisfies it.
type Committer interface {
	// OpenTable loads the table that name names, for writing. An unknown one is
	// an error that wraps iceberg-go's catalog.ErrNoSuchTable.
	OpenTable(ctx context.Context, name string) (*table.Table, error)
	// CreateTable makes the table, and its namespace where that is missing. An
	// existing one is an error that wraps catalog.ErrTableAlreadyExists.
	CreateTable(ctx context.Context, name string, def TableDef) (*table.Table, error)
	// DropTable removes the table from its catalog; its files stay.
	DropTable(ctx context.Context, name string) error
	// CommitFiles adds and removes files in one commit, looking on every retry
	// whether the work was done before.
	CommitFiles(ctx context.Context, name string, c Change) (Committed, error)
	// Existing looks whether the work of c was done before, as CommitFiles
	// would find it, so that nobody computes rows for nothing.
	Existing(ctx context.Context, name string, c Change) (Committed, error)
	// LiveFiles returns the data and delete files that are live in a snapshot.
	LiveFiles(ctx context.Context, name string, snapshot int64) ([]LiveFile, error)
}

// LiveFile is a file that is live in a snapshot.
type LiveFile struct {
	iceberg.DataFile
	Partition []meta.Value // one for each field of its spec
	Sequence  int64        // data sequence number, 0 in v1
}

// Unknown is an error after which nobody can tell whether a commit happened:
// the files that it names must stay.
type Unknown interface {
	error
	OutcomeUnknown() bool
}

// TableDef says how a table is to be made.
type TableDef struct {
	Schema     *iceberg.Schema        // ids are given anew by the catalog
	Spec       *iceberg.PartitionSpec // nil: unpartitioned
	Properties iceberg.Properties
	Location   string // "": the catalog chooses
}

// Mode says what a COPY replaces.
type Mode string

// The modes of COPY.
const (
	ModeAppend              Mode = "append"
	ModeOverwritePartitions Mode = "overwrite_partitions" // the partitions that get new rows
	ModeOverwrite           Mode = "overwrite"            // the rows where WHERE is true; all without WHERE
)

// Change is one commit.
type Change struct {
	Mode Mode
	// Base is the snapshot that the change was planned on: that of the branch
	// written to; 0 where it has none. ModeOverwrite fails where files that
	// match were added since; an append does not care.
	Base int64
	// Conflicts says of a file that was added after Base whether the change
	// would have been another with it; nil: every one.
	Conflicts func(iceberg.DataFile) bool
	Add       []iceberg.DataFile
	Remove    []iceberg.DataFile // ModeOverwrite only; ModeOverwritePartitions finds its own
	WapID     string             // stage on no branch
	Branch    string             // WAP_BRANCH: commit there; made from the head of main where missing
	Step      string             // psyberg.step
	Summary   map[string]string  // more properties of the snapshot
}

// Committed says what a commit did.
type Committed struct {
	SnapshotID int64 // 0 where nothing was to do
	// Already is true where the wap.id or step was there before: nothing was
	// committed, the files of Change.Add are not used.
	Already bool
}
