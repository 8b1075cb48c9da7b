package tables

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Partition is a row of an answer: one partition, what is in it.
type Partition struct {
	Hour        int64  // landing hour since 1970: landing_date*24 + landing_hour
	Batch       string // "" in tables that are not wide
	Files       int64
	Bytes       int64
	First, Last int64 // event_ts, microseconds since 1970
}

// Question is one that is asked of every table.
type Question string

// The questions. Each is answered by partitions; a reader counts as right when
// Digest of its rows is the one that the generator knows.
const (
	Q1 Question = "Q1" // all live partitions: files and bytes
	Q2 Question = "Q2" // partitions of the last landing_date: files, first and last event_ts
	Q3 Question = "Q3" // partitions of the files that the last ten snapshots added: files, first and last event_ts
)

// Answer is what is right.
type Answer struct {
	Rows   int    `json:"rows"`
	Files  int64  `json:"files"`
	Bytes  int64  `json:"bytes,omitempty"`
	Digest string `json:"digest"`
}

// Digest is the answer as rows in a fixed order, hashed. The text of a row is
// "hour|batch|files|bytes" for Q1 and "hour|batch|files|first|last" for others.
func Digest(q Question, rows []Partition) Answer {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b Partition) int {
		if a.Hour != b.Hour {
			return int(a.Hour - b.Hour)
		}
		return strings.Compare(a.Batch, b.Batch)
	})
	h := sha256.New()
	a := Answer{Rows: len(rows)}
	for _, r := range rows {
		a.Files += r.Files
		if q == Q1 {
			a.Bytes += r.Bytes
			fmt.Fprintf(h, "%d|%s|%d|%d\n", r.Hour, r.Batch, r.Files, r.Bytes)
		} else {
			fmt.Fprintf(h, "%d|%s|%d|%d|%d\n", r.Hour, r.Batch, r.Files, r.First, r.Last)
		}
	}
	a.Digest = hex.EncodeToString(h.Sum(nil)[:8])
	return a
}

// tally adds files up by partition.
type tally map[int64]*Partition // by hour*4 + batch

func (t tally) add(f *file, wide bool) {
	k := f.hour*4 + int64(f.batch)
	p := t[k]
	if p == nil {
		p = &Partition{Hour: f.hour, First: f.min, Last: f.max}
		if wide {
			p.Batch = string(batchName(nil, f.hour, f.batch))
		}
		t[k] = p
	}
	p.Files++
	p.Bytes += f.bytes
	p.First, p.Last = min(p.First, f.min), max(p.Last, f.max)
}

func (t tally) merge(o tally) {
	for k, v := range o {
		p := t[k]
		if p == nil {
			c := *v
			t[k] = &c
			continue
		}
		p.Files += v.Files
		p.Bytes += v.Bytes
		p.First, p.Last = min(p.First, v.First), max(p.Last, v.Last)
	}
}

func (t tally) rows(keep func(*Partition) bool) []Partition {
	var rows []Partition
	for _, p := range t {
		if keep == nil || keep(p) {
			rows = append(rows, *p)
		}
	}
	return rows
}
