package discover

import (
	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// interest is which live data files a change set asks about: those of the
// partitions that changed, since delete files apply to their own partition's
// files and preexisting files are counted by partition.
type interest struct {
	everything bool
	partitions map[int32][][]meta.Value // tuples by spec
}

// interestOf collects the partitions of entries that may count. An equality
// delete of an unpartitioned spec applies to the whole table.
func (d *decoder) interestOf(w *psyberg.Window, entries []psyberg.Entry) interest {
	in := interest{partitions: map[int32][][]meta.Value{}}
	of := map[psyberg.SnapshotID]bool{}
	for _, s := range append(counted(w.Snapshots), counted(w.Withdrawn)...) {
		of[s.ID] = true
	}
	seen := map[tupleID]bool{}
	for _, e := range entries {
		if !of[e.Snapshot] && !w.Live {
			continue
		}
		if e.Content == psyberg.EqualityDeletes && e.Partition.Unpartitioned {
			return interest{everything: true}
		}
		if k := (tupleID{e.Partition.SpecID, e.Partition.URI}); !seen[k] {
			seen[k] = true
			id := int32(e.Partition.SpecID)
			in.partitions[id] = append(in.partitions[id], d.tuple(e.Partition))
		}
	}
	return in
}

// in keeps the manifests that may hold a file of a partition of interest.
func (in interest) in(d *decoder, files []manifest.File) []manifest.File {
	if in.everything {
		return files
	}
	var out []manifest.File
	for _, f := range files {
		s, ok := d.specs[f.SpecID]
		if !ok { // reading it will say so
			out = append(out, f)
			continue
		}
		for _, values := range in.partitions[f.SpecID] {
			if s.mayHold(f, values) {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

// mayHold reports whether a manifest can hold files of a partition, by the
// summaries in its list. What cannot be told may.
func (s *spec) mayHold(f manifest.File, values []meta.Value) bool {
	if len(f.Partitions) != len(s.fields) {
		return true
	}
	for i, v := range values {
		if s.fields[i].Transform.Kind != meta.TransformVoid && !mayEqual(s.fields[i].Result, f.Partitions[i], v) {
			return false
		}
	}
	return true
}

func mayEqual(t meta.Type, sum manifest.FieldSummary, v meta.Value) bool {
	switch {
	case v.IsNull():
		return sum.ContainsNull
	case v.IsNaN():
		return sum.ContainsNaN == nil || *sum.ContainsNaN
	case v.Kind != t.Kind || sum.Lower == nil || sum.Upper == nil:
		return true
	}
	lower, err := meta.DecodeBound(t, sum.Lower)
	if err != nil {
		return true
	}
	upper, err := meta.DecodeBound(t, sum.Upper)
	if err != nil {
		return true
	}
	if t.Kind == meta.KindString || t.Kind == meta.KindBinary || t.Kind == meta.KindFixed {
		// Bounds may be truncated: a lower one to a prefix, which still is one;
		// an upper one rounded up, or by a careless writer not.
		cut := v
		cut.Bytes = v.Bytes[:min(len(v.Bytes), len(upper.Bytes))]
		return meta.Compare(lower, v) <= 0 && meta.Compare(cut, upper) <= 0
	}
	return meta.Compare(lower, v) <= 0 && meta.Compare(v, upper) <= 0
}
