package functions

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"psyberg/functions/discover"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// partitionQuestion names partitions: by path, or by the keys of their URI.
type partitionQuestion struct {
	path string
	keys map[string]any // nil: by path; numbers as json.Number
}

func newPartitionQuestion(text string) (*partitionQuestion, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		path := strings.Trim(text, "/")
		if path != "" && !strings.Contains(path, "=") {
			return nil, fmt.Errorf("argument partition is %q, which is neither a path ('day=2023-09-14/hour=9') nor a URI; to ask about an hour, pass hour :=", text)
		}
		return &partitionQuestion{path: path}, nil
	}
	q := &partitionQuestion{}
	var err error
	if q.keys, err = uriKeys(text); err != nil {
		return nil, fmt.Errorf("argument partition is %q, which is no JSON object: %w", text, err)
	}
	return q, nil
}

func uriKeys(text string) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var keys map[string]any
	err := d.Decode(&keys)
	return keys, err
}

// names reports whether the question is about p. A URI may leave keys out; a
// path may be written as it is shown or without its encoding.
func (q *partitionQuestion) names(p psyberg.Partition) bool {
	if q.keys == nil {
		if plain, err := url.QueryUnescape(p.Path); err == nil && plain == q.path {
			return true
		}
		return p.Path == q.path
	}
	own, err := uriKeys(p.URI)
	if err != nil {
		return false
	}
	for name, want := range q.keys {
		if have, ok := own[name]; !ok || fmt.Sprint(have) != fmt.Sprint(want) {
			return false
		}
	}
	return true
}

// unknown returns a field that the question names and no source is partitioned
// by, "" where there is none.
func (q *partitionQuestion) unknown(fields []string) string {
	names := slices.Sorted(maps.Keys(q.keys))
	if first, _, ok := strings.Cut(q.path, "="); ok { // values may hold slashes
		names = []string{first}
		if plain, err := url.QueryUnescape(first); err == nil && slices.Contains(fields, plain) {
			return ""
		}
	}
	for _, name := range names {
		if !slices.Contains(fields, name) {
			return name
		}
	}
	return ""
}

// partitionRows answers about one partition, for each source.
func (q *whyQuery) partitionRows(ctx context.Context, found *discover.Result) ([]whyRow, error) {
	var fields []string
	for _, s := range found.Sources {
		for _, spec := range s.Table.Meta.Specs {
			for _, f := range spec.Fields {
				if !slices.Contains(fields, f.Name) {
					fields = append(fields, f.Name)
				}
			}
		}
	}
	if name := q.partition.unknown(fields); name != "" {
		return nil, fmt.Errorf("argument %s: no source has a partition field %q%s", q.subject, name, meta.Suggest(name, fields))
	}
	var out []whyRow
	for _, s := range found.Sources {
		var changed []psyberg.PartitionChange
		for _, p := range s.Changes.Partitions {
			if q.partition.names(p.Partition) {
				changed = append(changed, p)
			}
		}
		if len(changed) == 0 {
			out = append(out, q.unchangedRow(s))
		}
		for _, p := range changed {
			out = append(out, changedPartitionRow(s, p))
			if late := p.IsLate(coveredTo(s)); late != nil && *late {
				out = append(out, whyRow{src: s, included: true, cause: "late", partition: &p.Path, times: p.Events,
					reason: fmt.Sprintf("It came late: it holds event times from %s on, and the process had covered all before %s.", p.Events.Min, *coveredTo(s))})
			}
		}
		for _, f := range s.Changes.Files {
			if q.partition.names(f.Partition) {
				out = append(out, fileRow(s, f, true))
			}
		}
		in := func(f psyberg.File) bool { return q.partition.names(f.Partition) }
		others, err := q.touching(ctx, s, in)
		if err != nil {
			return nil, err
		}
		out = append(out, others...)
		if len(changed) == 0 {
			row, err := q.processed(ctx, s, in)
			if err != nil {
				return nil, err
			}
			out = append(out, row...)
		}
	}
	return out, nil
}

// changedPartitionRow is about a partition that changed.
func changedPartitionRow(s *discover.Source, p psyberg.PartitionChange) whyRow {
	r := whyRow{src: s, included: true, cause: "answer", partition: &p.Path, times: p.Events}
	if n := len(p.Snapshots); n > 0 {
		r.snap, _ = s.History.Get(p.Snapshots[n-1])
	}
	by := plural(int64(len(p.Snapshots)), "snapshot")
	switch {
	case len(p.Snapshots) == 1 && r.snap != nil:
		by = snapshotText(r.snap)
	case r.snap != nil:
		by += ", the last of them " + snapshotText(r.snap)
	}
	switch {
	case p.AddedFiles > 0 && p.RemovedFiles > 0:
		r.reason = fmt.Sprintf("It is part of the session: %s with %s added, and %s with %s removed, by %s.",
			plural(p.AddedFiles, "file"), plural(p.AddedRecords, "row"), plural(p.RemovedFiles, "file"), plural(p.RemovedRecords, "row"), by)
	case p.AddedFiles > 0:
		r.reason = fmt.Sprintf("It is part of the session: %s with %s added by %s.", plural(p.AddedFiles, "file"), plural(p.AddedRecords, "row"), by)
	case p.RemovedFiles > 0:
		r.reason = fmt.Sprintf("It is listed with added_files = 0: it only lost %s with %s, by %s.", plural(p.RemovedFiles, "file"), plural(p.RemovedRecords, "row"), by)
	default:
		r.reason = fmt.Sprintf("It is listed with added_files = 0: rows in it were deleted, or its files came and went within the window, by %s.", by)
	}
	return r
}

// unchangedRow is about a partition that no counted snapshot changed.
func (q *whyQuery) unchangedRow(s *discover.Source) whyRow {
	r := whyRow{src: s, cause: "answer"}
	switch {
	case s.Window.Baseline:
		r.reason = "It is not part of the session: this first run starts at 'latest', and nothing is read."
	case s.Window.Live:
		r.reason = fmt.Sprintf("It is not part of the session: it has no live file at the head (%s).", s.Window.Reason)
	default:
		r.reason = fmt.Sprintf("It is not part of the session: no snapshot that counts has changed it (%s).", s.Window.Reason)
	}
	if q.partition.keys != nil {
		return r
	}
	var known []string
	for _, p := range s.Changes.Partitions {
		known = append(known, p.Path)
	}
	if near := meta.NearMatches(q.partition.path, known); len(near) > 0 {
		r.reason += fmt.Sprintf(" Partitions that changed have similar names: %s.", strings.Join(slices.Compact(near), ", "))
	}
	return r
}
