package catalog

import (
	"errors"
	"fmt"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"

	"psyberg/psyberg"
)

// Errors that callers tell apart with errors.Is. Their texts carry the codes
// of cli.md.
var (
	// ErrNotFound: no such catalog, namespace or table.
	// It is also iceberg-go's catalog.ErrNoSuchTable.
	ErrNotFound = fmt.Errorf("not found%w", silent{icecatalog.ErrNoSuchTable})
	// ErrExists: a table to be made is there already. It is also iceberg-go's
	// catalog.ErrTableAlreadyExists.
	ErrExists = fmt.Errorf("exists already%w", silent{icecatalog.ErrTableAlreadyExists})
	// ErrReadOnly: a bare metadata.json or a catalog with a path map.
	ErrReadOnly = errors.New("read-only")
	// ErrConflict: somebody else changed what this commit depends on. Exit 5.
	ErrConflict = errors.New("[PSY_CONFLICT]")
	// ErrUnknown: nobody can tell whether the commit happened, so its files must
	// stay. It has a method OutcomeUnknown, for packages that do not import this.
	ErrUnknown error = outcomeUnknown{}
	// ErrRefused: a publish or discard that must not happen. Exit 1.
	ErrRefused = errors.New("[PSY_PUBLISH_REFUSED]")
	// ErrUnseen: nobody can tell whether a publish that was left had moved its
	// target, its older metadata files neither. It is not ErrRefused: its intent
	// must stay.
	ErrUnseen = errors.New("the target's snapshots that would show whether it has moved have expired")
)

type outcomeUnknown struct{}

func (outcomeUnknown) Error() string        { return "outcome unknown" }
func (outcomeUnknown) OutcomeUnknown() bool { return true }

// silent is an error for errors.Is alone: it adds no words.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// Mode says what a Change does to the files that are there.
type Mode int

// The modes of a Change.
const (
	// Append adds files. Operation append.
	Append Mode = iota + 1
	// Overwrite adds files and removes those named. Operation overwrite.
	Overwrite
	// ReplacePartitions adds files and removes all files of the partitions
	// that they are in. Operation overwrite, summary replace-partitions=true.
	ReplacePartitions
	// Delete removes the files named. Operation delete.
	Delete
)

// Change is one snapshot to be made. With WapID it is staged (on no branch),
// with Branch it goes on that branch, which the first write makes from main's
// head; with neither it goes on main.
type Change struct {
	Mode  Mode
	Added []iceberg.DataFile
	// Removed are locations of live files, for Overwrite and Delete. A file
	// that is not live any more is a conflict.
	Removed []string
	// Base is the snapshot whose files the caller has read to find Removed;
	// HasBase false: nothing is checked but that Removed is live. Files added
	// since Base for which Conflicts is true (nil: every one) are a conflict.
	// A Base of 0 is the empty table.
	Base      psyberg.SnapshotID
	HasBase   bool
	Conflicts func(iceberg.DataFile) bool

	WapID  string // semantics.md section 7: summary wap.id
	Branch string // psyberg_<session id>
	Step   string // summary psyberg.step; only with Branch

	ProcessName string // summary psyberg.process-name; "": left out
	SessionID   string // summary psyberg.session-id; "": WapID, or Branch after "psyberg_"
	ValidTo     string // summary psyberg.valid-to, ISO 8601; "": left out
	// Summary is added as it is; keys that a commit computes are refused.
	Summary map[string]string
}

// Result says what a commit did.
type Result struct {
	Snapshot psyberg.SnapshotID
	// HasSnapshot is false where nothing was there to be done: a
	// ReplacePartitions or Delete on main without files.
	HasSnapshot bool
	// Existed: the snapshot of this WapID or Step was there before; nothing
	// was written, and the caller's files are orphans that it may delete.
	Existed  bool
	Attempts int
	Summary  map[string]string
}

// VerdictKind is what the audits of a staged snapshot said.
type VerdictKind int

// The kinds of a Verdict. The zero value is none of them, so that a publish
// cannot forget to ask.
const (
	AuditsPassed VerdictKind = iota + 1
	AuditsForced             // By names the audit that was forced
	AuditsNotAsked
	// IntentRecorded: the session's recorded intent names the snapshot, so the
	// audits gave their verdict before; it is rolled forward (X2).
	IntentRecorded
)

// Verdict is the audits' answer on one staged snapshot (house rule 5).
type Verdict struct {
	Kind     VerdictKind
	Snapshot psyberg.SnapshotID // that the audits looked at; not for AuditsNotAsked
	By       []string           // names of forced audits
}

func (v Verdict) check(staged psyberg.SnapshotID) error {
	switch v.Kind {
	case AuditsNotAsked:
		return nil
	case AuditsForced:
		if len(v.By) == 0 {
			return errors.New("publish: a forced verdict without the name of an audit")
		}
	case AuditsPassed, IntentRecorded:
	default:
		return errors.New("publish: no verdict of the audits given")
	}
	if v.Snapshot != staged {
		return fmt.Errorf("publish: %w the verdict is on snapshot %d, the intent names %d: run the audits again",
			ErrRefused, v.Snapshot, staged)
	}
	return nil
}

// PublishRequest is one publish.
type PublishRequest struct {
	ID string // session id = wap.id; the branch is psyberg_<ID>
	// Staged is the snapshot that the intent names: the staged one, or the
	// branch's head.
	Staged  psyberg.SnapshotID
	Verdict Verdict
	Since   psyberg.Instant // when the session began; looked at where the verdict is IntentRecorded
	// Seen is main's head when nobody could have published the id yet: before
	// the caller recorded its intent. From then on another process may finish
	// it, and what shows that may expire. nil: not known.
	Seen *psyberg.Pin
}

// PublishResult says what a publish did.
type PublishResult struct {
	psyberg.PublishPlan
	// Snapshot is main's snapshot that holds the published rows (of a branch:
	// the last one).
	Snapshot psyberg.SnapshotID
}

// DiscardResult says what a discard removed.
type DiscardResult struct {
	Snapshots []psyberg.SnapshotID
	Branch    string // "" where none was dropped
}

// LiveFile is a file of the head, as a compare-and-set remembers it.
type LiveFile struct {
	Location string
	Data     bool // false: a delete file
	Records  int64
}

// Swap replaces the files of one partition if they are still those seen.
type Swap struct {
	// Field and Value name the partition: identity(process_name) = 'p'.
	Field string
	Value any
	// Seen are the locations LiveIn returned, data and delete files.
	Seen []string
	// Kept are those of Seen that stay; the others go.
	Kept    []string
	Added   []iceberg.DataFile
	Summary map[string]string
}
