package psyberg

import (
	"fmt"
	"strconv"
)

// Class says what a snapshot did (semantics.md, section 2).
type Class string

// The classes.
const (
	ClassAppend    Class = "APPEND"
	ClassPublished Class = "PUBLISHED" // an append or overwrite that carries published-wap-id
	ClassOverwrite Class = "OVERWRITE"
	ClassDelete    Class = "DELETE"
	ClassReplace   Class = "REPLACE" // compaction: the same rows in other files
	ClassEmpty     Class = "EMPTY"
)

// Keys of snapshot summaries that Psyberg reads or writes.
const (
	SummaryWAPID          = "wap.id"
	SummaryPublishedWAPID = "published-wap-id"
	SummarySourceSnapshot = "source-snapshot-id"
	SummaryReplaceParts   = "replace-partitions"
	SummaryProcess        = "psyberg.process-name"
	SummarySession        = "psyberg.session-id"
	SummaryStep           = "psyberg.step"
	SummaryValidTo        = "psyberg.valid-to"
	SummaryKafkaValid     = "kafka.connect.valid-through-ts"
	summaryChanged        = "changed-partition-count"
)

// The counts by which a summary shows that something changed.
var addedKeys = []string{"added-data-files", "added-delete-files", "added-records", "added-dvs",
	"added-position-deletes", "added-equality-deletes"}
var removedKeys = []string{"deleted-data-files", "removed-delete-files", "deleted-records", "removed-dvs",
	"removed-position-deletes", "removed-equality-deletes"}

// Classify names the class of s and the reason for it (W6). It looks at the
// summary alone. EMPTY needs the writer's word (changed-partition-count 0 and
// no other count): a summary that says nothing may hide data.
func Classify(s *Snapshot) (Class, string) {
	added, removed := s.hasCount(addedKeys), s.hasCount(removedKeys)
	if s.Operation == "replace" {
		return ClassReplace, "operation replace: the same rows in other files"
	}
	if s.Summary.Get(summaryChanged) == "0" && !added && !removed {
		return ClassEmpty, "the summary counts no change"
	}
	id, published := s.Summary.Lookup(SummaryPublishedWAPID)
	switch {
	case published && (s.Operation == "append" || s.Operation == "overwrite"):
		return ClassPublished, fmt.Sprintf("operation %s, published from wap.id %q", s.Operation, id)
	case s.Operation == "append":
		return ClassAppend, "operation append"
	case s.Operation == "overwrite":
		return ClassOverwrite, "operation overwrite"
	case s.Operation == "delete":
		return ClassDelete, "operation delete"
	case s.Operation == "" && added && !removed:
		return ClassAppend, "no operation in the summary, which counts only what was added"
	case s.Operation == "":
		return ClassOverwrite, "no operation in the summary: files may have been removed"
	}
	return ClassOverwrite, fmt.Sprintf("unknown operation %q: files may have been removed", s.Operation)
}

// ChangesRows reports whether s may have removed or replaced rows: everything
// but appends, by operation, so that PUBLISHED hides nothing (C5).
func ChangesRows(s *Snapshot) bool {
	class, _ := Classify(s)
	switch class {
	case ClassOverwrite, ClassDelete:
		return true
	case ClassPublished:
		return s.Operation != "append"
	}
	return false
}

func (s *Snapshot) hasCount(keys []string) bool {
	for _, k := range keys {
		if n, err := strconv.ParseInt(s.Summary.Get(k), 10, 64); err == nil && n != 0 {
			return true
		}
	}
	return false
}

// Count returns a number of the summary; nil where it is missing or no number.
func (s *Snapshot) Count(key string) *int64 {
	n, err := strconv.ParseInt(s.Summary.Get(key), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}
