// Package history draws what can happen to source tables, and to the process
// that reads them, as a list of plain events, and keeps every row of every
// version of a table in the plainest way there is: the naive model that what
// psyql loads is held against.
//
// Two sides bring the same events about. The model of package psyberg has
// tables in memory, their snapshots and manifests, and asks the package's own
// decisions, thousands of histories in seconds; engine/steps has real tables in
// a real catalog and runs the commands, for a smaller number of cases. Neither
// draws anything itself, so that what rapid shrinks is the list.
//
// Times are whole hours from 0 to Hours-1 of one day. A row's partition is its
// hour divided by four.
package history

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// Hours is how many hours events have times in; Partitions is how many
// partitions they lie in.
const (
	Hours      = 16
	Partitions = 4
)

// Kind is what happens.
type Kind string

// What can happen. Those of a table that an event names come first.
const (
	Append       Kind = "append"                     // rows of any hours
	AppendLate   Kind = "append late"                // rows of the first hours
	AppendMerge  Kind = "append and merge manifests" // as writers do after many commits
	AppendSkewed Kind = "append by a slow clock"     // Back seconds (ticks in the model) behind
	Overwrite    Kind = "overwrite"                  // rows that Filter names go, others come
	Dynamic      Kind = "dynamic overwrite"          // the partitions of the new rows are replaced
	Delete       Kind = "delete"                     // rows that Filter names go
	Compact      Kind = "compact"                    // files are joined, rows stay
	Manifests    Kind = "rewrite manifests"          //
	Empty        Kind = "empty"                      // an append of nothing
	Stage        Kind = "stage"                      // an append on no branch
	Publish      Kind = "publish staged"             // one that was staged; those that are left, later or never
	Branch       Kind = "branch"                     // an append on an audit branch
	PublishAll   Kind = "publish branch"             // the branch becomes the head, is replayed, or given up
	Expire       Kind = "expire"                     // old snapshots of the head's line
	ExpireStaged Kind = "expire staged"              // those on no branch
	Rollback     Kind = "rollback"                   //
	Evolve       Kind = "evolve partitions"          // there and back
	Schema       Kind = "evolve schema"              // a column comes; files have no bounds of the event time now, or again
	Stream       Kind = "stream"                     // goes on, stalls, or takes back until when it is complete
	Run          Kind = "session"                    // the process runs, and may crash
)

// Event is one thing that happens. What it refers to is named by numbers that
// mean something in whatever state the table is by then.
type Event struct {
	Kind  Kind
	Table int
	Cells []int // the hours of the rows that come
	Pick  int   // which batch, staged snapshot, ancestor; which partitions (Compact, as bits)
	Part  int   // Overwrite, Delete: a partition other than the first; 0: the batch that Pick names
	Merge bool  // Compact: all manifests into one
	Back  int   // AppendSkewed
	Until int   // Stream: complete up to this hour
	Run   Session
}

// Session is how a session of the process is run.
type Session struct {
	Changed   bool // load_type := 'changed'
	MaxHours  int  // 0: no limit
	Threshold int  // catchup_threshold in hours, -1: none
	Clip      bool // on_threshold := 'clip'
	Crash     int  // dies at this step, counted anew from 0 beyond the last; -1: does not
}

// Source is what is so of a table from the beginning.
type Source struct {
	Name string
	// Expires: old snapshots go; else the head may be rolled back. Not both: a
	// common ancestor that has expired stops every session, by design.
	Expires bool
	Says    string // how the stream says until when it is complete: argument, property, summary, kafka, nothing
}

// History is what was drawn.
type History struct {
	Sources []Source
	Events  []Event
	Last    Session // how the process runs in the end, when everything is complete
}

// Config is what is to be drawn.
type Config struct {
	Tables     int  // at most
	Parts      int  // of events: each has up to ten, about five
	AppendOnly bool // what a stateless process can follow, and whole files that go
}

// Each kind is drawn as often as it stands here. Nothing but appends shrinks
// further, so these come first.
var (
	kinds = []Kind{Append, Append, AppendLate, AppendMerge, AppendSkewed, Overwrite, Dynamic, Delete, Delete, Compact, Manifests, Empty,
		Stage, Stage, Publish, Branch, Branch, PublishAll, Expire, Expire, Expire, ExpireStaged, Evolve, Schema, Stream, Stream, Stream}
	appendKinds = []Kind{Append, Append, AppendLate, AppendMerge, AppendSkewed, Compact, Compact, Manifests, Empty, Stage, Stage, Publish,
		Branch, Branch, PublishAll, Evolve, Overwrite, Delete}
)

// Draw draws a history. The events come in parts of their own, since rapid
// makes a list about five long, and takes single events out of one where it
// shrinks.
func Draw(t *rapid.T, c Config) History {
	var h History
	for i, expires := range rapid.SliceOfN(rapid.Bool(), 1, c.Tables).Draw(t, "sources that expire") {
		h.Sources = append(h.Sources, Source{fmt.Sprint("t", i), expires && !c.AppendOnly,
			rapid.SampledFrom([]string{"argument", "property", "summary", "kafka", "nothing"}).Draw(t, "says")})
	}
	one := rapid.Custom(func(t *rapid.T) Event { return event(t, c, h.Sources) })
	for range c.Parts {
		h.Events = append(h.Events, rapid.SliceOfN(one, 0, 10).Draw(t, "events")...)
	}
	h.Last = Session{Changed: rapid.Bool().Draw(t, "last load"), MaxHours: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "last max_hours"), Threshold: -1, Crash: -1}
	return h
}

// even is a number below n, each as likely as the others: rapid's own numbers
// are small ones mostly, so that what stands last in a list hardly happens.
func even(t *rapid.T, n int, label string) int {
	x := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(t, label) {
		x *= 2
		if bit {
			x++
		}
	}
	return x % n
}

func event(t *rapid.T, c Config, sources []Source) Event {
	if even(t, 4, "run") == 3 {
		return Event{Kind: Run, Run: session(t)}
	}
	of := kinds
	if c.AppendOnly {
		of = appendKinds
	}
	e := Event{Kind: of[even(t, len(of), "kind")], Table: even(t, len(sources), "table")}
	if !sources[e.Table].Expires && (e.Kind == Expire || e.Kind == ExpireStaged) {
		e.Kind = Rollback
	}
	any := rapid.IntRange(0, Hours-1)
	switch e.Kind {
	case Append, AppendMerge, AppendSkewed, Stage, Branch, Overwrite:
		e.Cells = rapid.SliceOfN(any, 1, 4).Draw(t, "hours")
	case AppendLate:
		e.Cells = rapid.SliceOfN(rapid.IntRange(0, 3), 1, 3).Draw(t, "hours")
	case Dynamic: // the first partition has a row that stays
		e.Cells = rapid.SliceOfN(rapid.IntRange(4, Hours-1), 1, 3).Draw(t, "hours")
	case Stream:
		e.Until = even(t, Hours+1, "complete")
	}
	switch e.Kind {
	case AppendSkewed:
		e.Back = rapid.IntRange(1, 50).Draw(t, "back")
	case Overwrite, Delete, Publish, Expire, Rollback, Compact:
		e.Pick = rapid.IntRange(0, 15).Draw(t, "pick")
		e.Part = rapid.IntRange(0, Partitions-1).Draw(t, "partition")
		e.Merge = rapid.Bool().Draw(t, "merge")
	}
	if c.AppendOnly && (e.Kind == Overwrite || e.Kind == Delete) {
		e.Part = max(e.Part, 1) // files of one partition go whole: on_overwrite := 'added' would load again what a rewritten file keeps
	}
	return e
}

func session(t *rapid.T) Session {
	s := Session{Changed: rapid.Bool().Draw(t, "changed"), MaxHours: rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "max_hours"), Threshold: -1, Crash: -1}
	if even(t, 4, "threshold given") == 3 {
		s.Threshold, s.Clip = even(t, 7, "threshold"), rapid.Bool().Draw(t, "clip")
	}
	if rapid.Bool().Draw(t, "crashes") {
		s.Crash = even(t, 26, "crash")
	}
	return s
}

// String is the event as a person reads it.
func (e Event) String() string {
	if e.Kind == Run {
		return fmt.Sprintf("session %+v", e.Run)
	}
	b := []string{string(e.Kind), "of", fmt.Sprint("t", e.Table)}
	if len(e.Cells) > 0 {
		b = append(b, fmt.Sprint("hours ", e.Cells))
	}
	switch e.Kind {
	case Overwrite, Delete:
		b = append(b, fmt.Sprintf("partition %d or batch %d", e.Part, e.Pick))
	case Publish, Expire, Rollback:
		b = append(b, fmt.Sprint("number ", e.Pick))
	case AppendSkewed:
		b = append(b, fmt.Sprint("by ", e.Back))
	case Stream:
		b = append(b, fmt.Sprint("complete to ", e.Until))
	}
	return strings.Join(b, " ")
}
