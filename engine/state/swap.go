package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"

	"psyberg/engine/catalog"
	"psyberg/functions/meta"
)

// errMoved: somebody changed the partition between reading and writing.
var errMoved = errors.New("rows moved")

var swapSummary = map[string]string{"psyberg.state": "true"}

// swap writes rows in place of those of p that are no history, if the files of
// the partition are still those of p. Rows with a final status go to history;
// small files of it are merged on the way.
func (s *Store) swap(ctx context.Context, table string, def tableDef, process string, p *part, encode func() ([]row, error)) error {
	all, err := encode()
	if err != nil {
		return fmt.Errorf("write %s %s: %w", def.what, table, err)
	}
	sw := catalog.Swap{Field: partitionField, Value: process, Seen: p.live.Locations(), Kept: p.kept(), Summary: maps.Clone(swapSummary)}
	groups := map[string][]row{} // by final status; "" are the others
	for _, r := range append(all, p.mixed...) {
		status := ""
		if def.isFinal(r) {
			status = r.text("status")
		}
		if def.bySession {
			status = ofOthers // to every other session, from now on
		}
		groups[status] = append(groups[status], r)
	}
	policy := policyOf(p.live.Table.Meta)
	for _, status := range slices.Sorted(maps.Keys(groups)) {
		write := groups[status]
		if merged := policy.merge(p.history, status, int64(len(write))); len(merged) > 0 {
			old, err := s.rowsOf(ctx, p, def, func(f iceberg.DataFile) bool { return slices.Contains(merged, f.FilePath()) })
			if err != nil {
				return fmt.Errorf("write %s %s: merge files: %w", def.what, table, err)
			}
			write = append(old, write...)
			sw.Kept = slices.DeleteFunc(sw.Kept, func(l string) bool { return slices.Contains(merged, l) })
		}
		file, err := s.write(ctx, table, def, process, write)
		if err != nil {
			return errors.Join(fmt.Errorf("write %s %s: %w", def.what, table, err), s.remove(ctx, table, sw.Added))
		}
		sw.Added = append(sw.Added, file)
	}
	_, err = s.cat.ReplaceRows(ctx, table, sw)
	switch {
	case err == nil:
		s.tidy(ctx, table)
		return nil
	case errors.Is(err, catalog.ErrConflict): // known not to be in the table: nobody names the files
		err = errors.Join(fmt.Errorf("%w: %w", errMoved, err), s.remove(ctx, table, sw.Added))
	}
	return fmt.Errorf("write %s %s: %w", def.what, table, err)
}

func (s *Store) remove(ctx context.Context, table string, files []iceberg.DataFile) error {
	var errs error
	for _, f := range files {
		errs = errors.Join(errs, s.cat.RemoveFile(context.WithoutCancel(ctx), table, f.FilePath()))
	}
	return errs
}

// rowsOf reads some of the files.
func (s *Store) rowsOf(ctx context.Context, p *part, def tableDef, which func(iceberg.DataFile) bool) ([]row, error) {
	query, err := s.selectRows(ctx, p.live.Only(which), def, "")
	if err != nil {
		return nil, err
	}
	out, err := s.collect(ctx, query, def)
	order(out)
	return out, err
}

// policy is what keeps a table small, by its properties.
type policy struct {
	mergeFiles    int   // psyberg.merge.min-files; 0: never
	mergeRows     int64 // psyberg.merge.max-rows
	keepSnapshots int   // history.expire.min-snapshots-to-keep; 0: all
	keepAge       time.Duration
}

// The defaults. Every change of a row's status is a snapshot, and the rows
// themselves are the history, so that an old snapshot is of use only to a
// statement that reads it just now; one that finds its files gone reads again.
const (
	propMergeFiles = "psyberg.merge.min-files"
	propMergeRows  = "psyberg.merge.max-rows"
	propKeep       = "history.expire.min-snapshots-to-keep"
	propKeepAge    = "history.expire.max-snapshot-age-ms"
	propGC         = "gc.enabled"
)

var defaults = map[string]string{
	"format-version":                             "2",
	"write.parquet.compression-codec":            "zstd",
	"write.metadata.previous-versions-max":       "20",
	"write.metadata.delete-after-commit.enabled": "true",
	propKeep:       "20",
	propKeepAge:    "0",
	propMergeFiles: "8",
	propMergeRows:  "4096",
}

// policyOf reads the properties of a table; what is not there or no number has
// the default.
func policyOf(m *meta.Metadata) policy {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(m.Properties[name], 10, 64)
		if err != nil || n < 0 {
			n, _ = strconv.ParseInt(defaults[name], 10, 64)
		}
		return n
	}
	p := policy{mergeFiles: int(number(propMergeFiles)), mergeRows: number(propMergeRows), keepSnapshots: int(number(propKeep)),
		keepAge: time.Duration(number(propKeepAge)) * time.Millisecond}
	if m.Properties[propGC] == "false" {
		p.keepSnapshots = 0
	}
	return p
}

// merge chooses the files of history with a status that are written again
// together with n more rows. Files are merged with those of their own size, so
// that a row is written again as often as the logarithm of the history is long.
func (p policy) merge(history []historyFile, status string, n int64) []string {
	if status == "" || p.mergeFiles < 2 {
		return nil
	}
	size := func(rows int64) int {
		k := 0
		for ; rows >= int64(p.mergeFiles); rows /= int64(p.mergeFiles) {
			k++
		}
		return k
	}
	var out []string
	for {
		var same []string
		sum := n
		for _, f := range history {
			if f.status == status && size(f.rows) == size(n) && !slices.Contains(out, f.location) {
				same, sum = append(same, f.location), sum+f.rows
			}
		}
		if len(same)+1 < p.mergeFiles || sum > p.mergeRows {
			return out
		}
		out, n = append(out, same...), sum
	}
}

// tidy expires the table's old snapshots, a few at a time, so that one
// change in five pays for it. Nothing depends on it.
func (s *Store) tidy(ctx context.Context, table string) {
	if err := s.Expire(ctx, table); err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "old snapshots of a table could not be removed; the next change tries again", "table", table, "error", err)
	}
}
