package psyberg

import (
	"net/url"
	"strconv"
	"strings"
)

// SummaryPrefix begins the key of a partition's summary.
const SummaryPrefix = "partitions."

// partitionCounts are what one partition's summary may say for it to equal
// what the manifests would. A key that is none of these (delete files) needs
// the manifests.
type partitionCounts struct {
	addedFiles, addedRecords, addedBytes, removedFiles, removedRecords int64
}

// parseCounts reads added-data-files=1,added-records=2,added-files-size=3. ok
// is false for anything that is not exactly counts of data files.
func parseCounts(text string) (c partitionCounts, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		name, number, found := strings.Cut(part, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		if !found || err != nil || n < 0 {
			return c, false
		}
		switch name {
		case "added-data-files":
			c.addedFiles = n
		case "added-records":
			c.addedRecords = n
		case "added-files-size":
			c.addedBytes = n
		case "deleted-data-files":
			c.removedFiles = n
		case "deleted-records":
			c.removedRecords = n
		case "removed-files-size":
		default:
			return c, false
		}
	}
	// A summary of a partition that counts no file is one of another kind of
	// change: let the manifests tell.
	return c, c.addedFiles > 0 || c.removedFiles > 0
}

// partitionSummaries returns the partition summaries of s by path; ok is false
// where they are not all there: their number must be changed-partition-count.
func partitionSummaries(s *Snapshot) (map[string]partitionCounts, bool) {
	out := map[string]partitionCounts{}
	for key, value := range s.Summary.Map() {
		path, is := strings.CutPrefix(key, SummaryPrefix)
		if !is {
			continue
		}
		c, ok := parseCounts(value)
		if !ok {
			return nil, false
		}
		out[path] = c
	}
	want := s.Count(summaryChanged)
	return out, want != nil && *want > 0 && int64(len(out)) == *want
}

// SummarizeChanges makes the change set of a window from snapshot summaries
// alone; ok is false where they cannot tell exactly what the manifests would
// (C2), and the caller goes on to the next level. resolve parses a path back
// to the one partition that it can mean; it refuses paths that may mean two.
// Times are never known at this level: ask only where none are needed.
func SummarizeChanges(h *History, w *Window, resolve func(path string) (Partition, bool)) (*ChangeSet, bool) {
	if w.Live || len(w.Withdrawn) > 0 {
		return nil, false
	}
	out := &ChangeSet{Source: w.Source, Level: LevelSummary}
	parts := map[partitionID]*PartitionChange{}
	for _, s := range w.Snapshots {
		if !s.Counted {
			continue
		}
		sums, ok := partitionSummaries(s.Snapshot)
		if !ok {
			return nil, false
		}
		for path, c := range sums {
			p, ok := resolve(path)
			if !ok {
				return nil, false
			}
			have := parts[p.id()]
			if have == nil {
				have = &PartitionChange{Partition: p}
				parts[p.id()] = have
			}
			if c.removedFiles > 0 && have.AddedFiles > 0 {
				return nil, false // they may cancel out
			}
			have.Snapshots = append(have.Snapshots, s.ID)
			have.AddedFiles += c.addedFiles
			have.AddedRecords += c.addedRecords
			have.AddedBytes += c.addedBytes
			have.RemovedFiles += c.removedFiles
			have.RemovedRecords += c.removedRecords
			out.ChangedFiles += c.addedFiles + c.removedFiles
			out.ChangedRecords += c.addedRecords + c.removedRecords
		}
	}
	out.Partitions = finishPartitions(h, w, parts)
	return out, true
}

// PathKind says how far the text of a partition value in a path can be read
// back.
type PathKind int

// The kinds.
const (
	PathPlain  PathKind = iota // the text is exact, and "null" is only ever a null (int, long, bool, date, uuid, hour ...)
	PathText                   // the text is exact, but the value may itself be "null" (string, binary)
	PathLossy                  // the text is not certain to be exact (float, double, timestamps, unknown transforms)
	PathAlways                 // always null (void)
)

// PathField is a partition field as a path shows it.
type PathField struct {
	Name string
	Kind PathKind
}

// PathSpec is a partition spec as paths show it.
type PathSpec struct {
	ID     int
	Fields []PathField
}

// PathValue is one value of a path, decoded.
type PathValue struct {
	Null bool
	Text string
}

// ReadPath parses a partition path back to the values of the one spec that it
// can be of. ok is false where none fits, more than one does, or a value may
// mean two things.
func ReadPath(specs []PathSpec, path string) (spec int, values []PathValue, ok bool) {
	segments := strings.Split(path, "/")
	for _, s := range specs {
		v, fits, exact := s.read(segments)
		if !fits {
			continue
		}
		if !exact || ok {
			return 0, nil, false
		}
		spec, values, ok = s.ID, v, true
	}
	return spec, values, ok
}

// read reports whether the names fit s, and whether the values are exact.
func (s PathSpec) read(segments []string) (values []PathValue, fits, exact bool) {
	if len(segments) != len(s.Fields) {
		return nil, false, false
	}
	exact = true
	for i, segment := range segments {
		f := s.Fields[i]
		name, value, found := strings.Cut(segment, "=")
		plain, err := url.QueryUnescape(name)
		if !found || err != nil || plain != f.Name {
			return nil, false, false
		}
		text, err := url.QueryUnescape(value)
		null := text == "null"
		if err != nil || f.Kind == PathLossy || f.Kind == PathText && null || f.Kind == PathAlways && !null {
			exact = false
		}
		values = append(values, PathValue{Null: null, Text: text})
	}
	return values, true, exact
}
