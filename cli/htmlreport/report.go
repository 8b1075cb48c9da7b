package htmlreport

import "time"

// Report is what a page is about.
type Report struct {
	Process string
	At      time.Time // when it was gathered
	Version string
	// LookBack is the fixed look-back to compare with: asked for, or the
	// smallest that would have missed nothing of what came late.
	LookBack      time.Duration
	LookBackGiven bool
	Sessions      []*Session // in the order in which they began
	Left          int        // earlier sessions that are not shown
	Sources       []*Source
	Landings      []Landing
	Audits        []Audit
	Watermarks    []Watermark
	Notes         []string // what could not be read, and why
}

// Span is a half-open range of time; both zero: none.
type Span struct{ From, To time.Time }

// Empty reports whether there is no time in it.
func (s Span) Empty() bool { return !s.From.Before(s.To) }

// Hours is its length in hours.
func (s Span) Hours() float64 {
	if s.Empty() {
		return 0
	}
	return s.To.Sub(s.From).Hours()
}

// Session is one run of the process.
type Session struct {
	ID      string
	Status  string
	Began   time.Time
	Pattern int64 // 1 stateless, 2 stateful
	Load    Span  // hours to load: stateful
	Event   Span  // hours of the changed event times
	Covered time.Time
	Next    time.Time // what is covered once it is committed
	Clipped string
	Target  string
	Sources []SessionSource
	// Changed is what the sources added and removed.
	Partitions, Files, Records int64
	Bytes                      int64 // of the changed files: stateless
}

// Span is the hours that a session has to do with.
func (s *Session) Span() Span {
	if !s.Load.Empty() {
		return s.Load
	}
	return s.Event
}

// Late is the part of it before what was covered already.
func (s *Session) Late() Span {
	span := s.Span()
	if s.Covered.IsZero() || span.Empty() || !span.From.Before(s.Covered) {
		return Span{}
	}
	if span.To.After(s.Covered) {
		span.To = s.Covered
	}
	return span
}

// SessionSource is what a session knew of one source.
type SessionSource struct {
	Table, Verdict, DiscoveredBy string
	VTTS                         time.Time
	VTTSSource                   string
	Records                      int64
	Event                        Span
}

// Source is a source of the process.
type Source struct {
	Table, Column string
	// Hours are the live files by the hours of their event times.
	Hours []FileHours
}

// FileHours are files whose event times lie in the same hours.
type FileHours struct {
	Span  Span // whole hours
	Bytes int64
	Files int64
}

// Landing is a partition that a session found changed.
type Landing struct {
	Session, Source, Partition string
	Landed                     time.Time // last commit
	Event                      Span      // To is the greatest event time itself
	Records, Bytes             int64
	Late                       bool
	Covered                    time.Time
}

// Audit is one recorded audit.
type Audit struct {
	Session, Name, First string
	Blocking, Passed     bool
	Forced               bool
	Violations           int64
	At                   time.Time
}

// Watermark is how far the process is with one source.
type Watermark struct {
	Source, Session              string
	Snapshot                     int64
	SnapshotAt, ValidTo, MaxTime time.Time
	CommittedAt                  time.Time
}
