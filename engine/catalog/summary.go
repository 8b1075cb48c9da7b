package catalog

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"

	"psyberg/functions/meta"
)

// counts are what one snapshot adds to and removes from a partition or a
// table, under the names that Iceberg Java's SnapshotSummary has.
type counts struct {
	addedFiles, removedFiles                 int64
	addedEqFiles, removedEqFiles             int64
	addedPosFiles, removedPosFiles           int64
	addedDVs, removedDVs                     int64
	addedDeleteFiles, removedDeleteFiles     int64
	addedRecords, removedRecords             int64
	addedSize, removedSize                   int64
	addedPosDeletes, removedPosDeletes       int64
	addedEqualityDeletes, removedEqualityDel int64
}

type pair struct {
	key   string
	value int64
}

// pairs returns what is above zero, in the order Java writes it.
func (c *counts) pairs() []pair {
	all := []pair{
		{"added-data-files", c.addedFiles}, {"deleted-data-files", c.removedFiles},
		{"added-equality-delete-files", c.addedEqFiles}, {"removed-equality-delete-files", c.removedEqFiles},
		{"added-position-delete-files", c.addedPosFiles}, {"removed-position-delete-files", c.removedPosFiles},
		{"added-dvs", c.addedDVs}, {"removed-dvs", c.removedDVs},
		{"added-delete-files", c.addedDeleteFiles}, {"removed-delete-files", c.removedDeleteFiles},
		{"added-records", c.addedRecords}, {"deleted-records", c.removedRecords},
		{"added-files-size", c.addedSize}, {"removed-files-size", c.removedSize},
		{"added-position-deletes", c.addedPosDeletes}, {"removed-position-deletes", c.removedPosDeletes},
		{"added-equality-deletes", c.addedEqualityDeletes}, {"removed-equality-deletes", c.removedEqualityDel},
	}
	out := all[:0]
	for _, p := range all {
		if p.value > 0 {
			out = append(out, p)
		}
	}
	return out
}

// fileSize is what a file counts: a deletion vector only its part of a file.
func fileSize(f iceberg.DataFile) int64 {
	if n := f.ContentSizeInBytes(); n != nil && f.FileFormat() == iceberg.PuffinFile {
		return *n
	}
	return f.FileSizeBytes()
}

func (c *counts) add(f iceberg.DataFile) {
	c.addedSize += fileSize(f)
	switch {
	case f.ContentType() == iceberg.EntryContentData:
		c.addedFiles++
		c.addedRecords += f.Count()
		return
	case f.ContentType() == iceberg.EntryContentEqDeletes:
		c.addedEqFiles++
		c.addedEqualityDeletes += f.Count()
	case f.FileFormat() == iceberg.PuffinFile:
		c.addedDVs++
		c.addedPosDeletes += f.Count()
	default:
		c.addedPosFiles++
		c.addedPosDeletes += f.Count()
	}
	c.addedDeleteFiles++
}

func (c *counts) remove(f iceberg.DataFile) {
	c.removedSize += fileSize(f)
	switch {
	case f.ContentType() == iceberg.EntryContentData:
		c.removedFiles++
		c.removedRecords += f.Count()
		return
	case f.ContentType() == iceberg.EntryContentEqDeletes:
		c.removedEqFiles++
		c.removedEqualityDel += f.Count()
	case f.FileFormat() == iceberg.PuffinFile:
		c.removedDVs++
		c.removedPosDeletes += f.Count()
	default:
		c.removedPosFiles++
		c.removedPosDeletes += f.Count()
	}
	c.removedDeleteFiles++
}

// tally collects one snapshot's changes.
type tally struct {
	m     *meta.Metadata
	all   counts
	parts map[string]*counts // by partition path, as Java counts them
}

func newTally(m *meta.Metadata) *tally { return &tally{m: m, parts: map[string]*counts{}} }

func (t *tally) change(f iceberg.DataFile, removed bool) error {
	p, err := partitionOf(t.m, f)
	if err != nil {
		return err
	}
	part, ok := t.parts[p.path]
	if !ok {
		part = new(counts)
		t.parts[p.path] = part
	}
	if removed {
		t.all.remove(f)
		part.remove(f)
		return nil
	}
	t.all.add(f)
	part.add(f)
	return nil
}

const partitionLimit = "write.summary.partition-limit"

// summary returns the summary's computed keys. parent is the parent's summary,
// nil for a first snapshot; where it lacks a total (an import), ours does too.
func (t *tally) summary(parent map[string]string, hasParent bool) map[string]string {
	out := map[string]string{}
	for _, p := range t.all.pairs() {
		out[p.key] = strconv.FormatInt(p.value, 10)
	}
	out["changed-partition-count"] = strconv.Itoa(len(t.parts))
	limit, _ := strconv.Atoi(t.m.Properties[partitionLimit]) // not a number: none, as in Java's default
	if 0 < len(t.parts) && len(t.parts) <= limit {
		out["partition-summaries-included"] = "true"
		for path, c := range t.parts {
			if path != "" {
				out["partitions."+path] = c.String()
			}
		}
	}
	for _, x := range []struct {
		key        string
		added, cut int64
	}{
		{"total-data-files", t.all.addedFiles, t.all.removedFiles},
		{"total-delete-files", t.all.addedDeleteFiles, t.all.removedDeleteFiles},
		{"total-records", t.all.addedRecords, t.all.removedRecords},
		{"total-files-size", t.all.addedSize, t.all.removedSize},
		{"total-position-deletes", t.all.addedPosDeletes, t.all.removedPosDeletes},
		{"total-equality-deletes", t.all.addedEqualityDeletes, t.all.removedEqualityDel},
	} {
		before := int64(0)
		if hasParent {
			n, err := strconv.ParseInt(parent[x.key], 10, 64)
			if err != nil {
				continue
			}
			before = n
		}
		if total := before + x.added - x.cut; total >= 0 {
			out[x.key] = strconv.FormatInt(total, 10)
		}
	}
	return out
}

func (c *counts) String() string {
	var parts []string
	for _, p := range c.pairs() {
		parts = append(parts, p.key+"="+strconv.FormatInt(p.value, 10))
	}
	return strings.Join(parts, ",")
}

// computed are the keys of a summary that no caller may set.
var computed = func() map[string]bool {
	out := map[string]bool{}
	for _, k := range strings.Fields(`operation added-data-files deleted-data-files added-equality-delete-files
		removed-equality-delete-files added-position-delete-files removed-position-delete-files added-dvs removed-dvs
		added-delete-files removed-delete-files added-records deleted-records added-files-size removed-files-size
		added-position-deletes removed-position-deletes added-equality-deletes removed-equality-deletes
		changed-partition-count partition-summaries-included total-data-files total-delete-files total-records
		total-files-size total-position-deletes total-equality-deletes manifests-created manifests-kept
		manifests-replaced entries-processed replace-partitions source-snapshot-id published-wap-id wap.id
		psyberg.session-id psyberg.step psyberg.process-name psyberg.valid-to`) {
		out[k] = true
	}
	return out
}()

func isComputed(key string) bool { return computed[key] || strings.HasPrefix(key, "partitions.") }

// summaryOf is the part of a change's summary that is known before its files.
func (ch Change) summaryOf() (map[string]string, error) {
	out := map[string]string{}
	for k := range ch.Summary {
		if isComputed(k) {
			return nil, fmt.Errorf("commit: summary key %q is computed here: leave it out", k)
		}
	}
	maps.Copy(out, ch.Summary)
	for _, x := range []struct{ key, value string }{
		{keyWapID, ch.WapID}, {keyStep, ch.Step}, {keySession, ch.Session()},
		{keyProcess, ch.ProcessName}, {keyValidTo, ch.ValidTo},
	} {
		if x.value != "" {
			out[x.key] = x.value
		}
	}
	return out, nil
}

// Keys of snapshot summaries (semantics.md section 7).
const (
	keyWapID          = "wap.id"
	keyPublishedWapID = "published-wap-id"
	keySource         = "source-snapshot-id"
	keySession        = "psyberg.session-id"
	keyStep           = "psyberg.step"
	keyProcess        = "psyberg.process-name"
	keyValidTo        = "psyberg.valid-to"
	keyReplace        = "replace-partitions"
	keySparkApp       = "spark.app.id"
	branchPrefix      = "psyberg_"
)

// Session is the id of the session that a change is staged for, "" for none.
func (ch Change) Session() string {
	switch {
	case ch.SessionID != "":
		return ch.SessionID
	case ch.Branch != "":
		if s, ok := strings.CutPrefix(ch.Branch, branchPrefix); ok {
			return s
		}
	}
	return ch.WapID
}
