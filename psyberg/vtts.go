package psyberg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PropertyValidTo is the table property that a process's commit sets on its
// target: the VTTS for those downstream.
const PropertyValidTo = "psyberg.valid-to"

// VTTS is a valid-to timestamp: every row of the source with event time before
// At has landed.
type VTTS struct {
	At     Instant
	Source string // vtts_source: what said so
}

// vttsGuess is the Source of a VTTS that nothing says: it is only seen.
const vttsGuess = "greatest event time seen"

// Said reports whether somebody says that the source is complete up to At: an
// argument, a property, a summary. The greatest event time seen is a guess,
// good enough to plan with, not to be passed on.
func (v VTTS) Said() bool { return v.Source != "" && v.Source != vttsGuess }

// ValidTo is the exclusive end of the last complete hour: what a process that
// has taken everything from the source has covered.
func (v VTTS) ValidTo() Instant { return HourOf(v.At).Start() }

// LastCompleteHour returns the last hour that ends at or before v.
func (v VTTS) LastCompleteHour() Hour { return HourOf(v.At) - 1 }

// VTTSArgument is the vtts argument: one instant for all sources, or one each.
type VTTSArgument struct {
	All      *Instant
	BySource map[string]Instant // by the source's name as given, with its @ref
}

// VTTSOf is a vtts argument that holds for every source.
func VTTSOf(at Instant) *VTTSArgument { return &VTTSArgument{All: &at} }

// ParseVTTS reads the text of a vtts argument: an instant (ParseInstant), or a
// JSON object of instants by source; null there is as if not given. Sources
// that are not in src_tables are an error.
func ParseVTTS(text string, sources []SourceName) (*VTTSArgument, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		at, err := ParseInstant(text)
		if err != nil {
			return nil, fmt.Errorf("read vtts: %w", err)
		}
		return VTTSOf(at), nil
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	var raw map[string]*string
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("read vtts: %q is no JSON object of timestamps by source: %w", text, err)
	}
	if dec.More() {
		return nil, fmt.Errorf("read vtts: %q has more text after the JSON object", text)
	}
	arg := &VTTSArgument{BySource: map[string]Instant{}}
	for name, value := range raw {
		if !slices.ContainsFunc(sources, func(s SourceName) bool { return s.String() == name }) {
			return nil, fmt.Errorf("read vtts: %q is none of the sources %s", name, sourceList(sources))
		}
		if value == nil {
			continue
		}
		at, err := ParseInstant(*value)
		if err != nil {
			return nil, fmt.Errorf("read vtts of %q: %w", name, err)
		}
		arg.BySource[name] = at
	}
	return arg, nil
}

func sourceList(sources []SourceName) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = strconv.Quote(s.String())
	}
	return strings.Join(names, ", ")
}

// For returns what the argument says about a source.
func (a *VTTSArgument) For(s SourceName) (Instant, bool) {
	if a == nil {
		return 0, false
	}
	if a.All != nil {
		return *a.All, true
	}
	at, ok := a.BySource[s.String()]
	return at, ok
}

// instantLayouts are ISO 8601 with an offset, seconds optional; a fraction may
// follow the seconds (time.Parse takes one unasked).
var instantLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z0700",
	"2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07",
}

// ParseInstant reads ISO 8601 with an offset: 2023-09-14T22:00Z,
// 2023-09-14 22:00:00.5+02:00. A T or one space parts date and time, seconds
// are optional, the offset is not.
func ParseInstant(text string) (Instant, error) {
	s := strings.TrimSpace(text)
	if len(s) > 10 && (s[10] == ' ' || s[10] == 't') {
		s = s[:10] + "T" + strings.TrimLeft(s[11:], " ")
	}
	if strings.HasSuffix(s, "z") {
		s = s[:len(s)-1] + "Z"
	}
	for _, layout := range instantLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return InstantOf(t), nil
		}
	}
	if _, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
		return 0, fmt.Errorf("%q has no offset from UTC: write it as %sZ", text, s)
	}
	return 0, fmt.Errorf("%q is no ISO 8601 timestamp with an offset, such as 2023-09-14T22:00:00Z", text)
}

// parseValidThrough reads kafka.connect.valid-through-ts: epoch milliseconds,
// or ISO 8601 as newer sinks print it.
func parseValidThrough(text string) (Instant, error) {
	if ms, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		const most = 253402300799999 // the end of year 9999
		if ms < -most || ms > most {
			return 0, fmt.Errorf("%q is no plausible time in epoch milliseconds", text)
		}
		return InstantOfMillis(ms), nil
	}
	return ParseInstant(text)
}

// VTTSInput is what ResolveVTTS looks at.
type VTTSInput struct {
	Source   SourceName
	Argument *VTTSArgument // nil: not given
	Property *string       // the table's psyberg.valid-to
	History  *History
	Head     Pin
	// MaxEvent is the greatest event-time bound seen in counted snapshots so
	// far: the greater of the watermark's and the window's.
	MaxEvent *Instant
}

// ResolveVTTS finds a source's VTTS (R5). The argument decides alone; else the
// least of the table's property and of the newest ancestors of the head whose
// summaries carry one; else the start of the hour of the greatest event time
// seen, which itself counts as incomplete. None is PSY_NO_VTTS, listing what
// was tried.
func ResolveVTTS(in VTTSInput) (VTTS, error) {
	if at, ok := in.Argument.For(in.Source); ok {
		return VTTS{at, "argument vtts"}, nil
	}
	var best *VTTS
	take := func(text, source string, parse func(string) (Instant, error)) error {
		at, err := parse(text)
		if err != nil {
			return &Error{Code: CodeNoVTTS, Op: "resolve VTTS", Object: in.Source.object(),
				Cause: fmt.Sprintf("%s: %v", source, err), Advice: "correct it, or pass vtts"}
		}
		if best == nil || at < best.At {
			best = &VTTS{at, source}
		}
		return nil
	}
	if in.Property != nil {
		if err := take(*in.Property, "property "+PropertyValidTo, ParseInstant); err != nil {
			return VTTS{}, err
		}
	}
	if in.Head.Has && in.History != nil {
		line := in.History.Line(in.Head.ID).Snapshots
		for _, key := range []string{SummaryValidTo, SummaryKafkaValid} {
			parse := ParseInstant
			if key == SummaryKafkaValid {
				parse = parseValidThrough
			}
			i := slices.IndexFunc(line, func(s *Snapshot) bool { return s.Summary.Get(key) != "" })
			if i < 0 {
				continue
			}
			if err := take(line[i].Summary.Get(key), fmt.Sprintf("summary %s of snapshot %d", key, line[i].ID), parse); err != nil {
				return VTTS{}, err
			}
		}
	}
	if best != nil {
		return *best, nil
	}
	if in.MaxEvent != nil {
		return VTTS{HourOf(*in.MaxEvent).Start(), vttsGuess}, nil
	}
	return VTTS{}, &Error{Code: CodeNoVTTS, Op: "resolve VTTS", Object: in.Source.object(),
		Cause: fmt.Sprintf("nothing says until when it is complete: tried the argument vtts, the table property %s, "+
			"the summaries %s and %s of the head's ancestors, and the greatest event time seen",
			PropertyValidTo, SummaryValidTo, SummaryKafkaValid),
		Advice: "pass vtts"}
}
