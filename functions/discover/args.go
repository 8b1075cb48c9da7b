package discover

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

var (
	typeText     = arrow.BinaryTypes.String
	typeLong     = arrow.PrimitiveTypes.Int64
	typeBool     = arrow.FixedWidthTypes.Boolean
	typeInterval = arrow.FixedWidthTypes.MonthDayNanoInterval
)

// Positional is the first argument of every psyberg_* function that discovers.
var Positional = []surface.Arg{{Name: "src_tables", Type: typeText, Doc: "sources, separated by commas: 'ns.table', 'ns.table|event_ts' with its event-time column, 'ns.table@ref'; " +
	"NULL with session_id: those of the session", Optional: true}}

// Named are the named arguments that every psyberg_* function that discovers
// takes; those that a function does not need are ignored by it.
var Named = []surface.Arg{
	{Name: "process_name", Type: typeText, Doc: "whose watermarks, with hwm_table; with session_id, whose session, where the id is not unique"},
	{Name: "hwm_table", Type: typeText, Doc: "the watermark table; without it every source is a first run"},
	{Name: "start", Type: typeText, Doc: "where a first run starts: 'earliest' (default), 'latest', a timestamp with its offset, or a snapshot id"},
	{Name: "from_snapshot_id", Type: typeLong, Doc: "an explicit window of a single source: what came after this snapshot"},
	{Name: "to_snapshot_id", Type: typeLong, Doc: "the end of an explicit window; the pinned head where it is not given"},
	{Name: "on_gap", Type: typeText, Doc: "where the watermark has expired: 'error' (default) or 'recover'"},
	{Name: "on_rollback", Type: typeText, Doc: "where the watermark is no ancestor of the head: 'error' (default) or 'recover'"},
	{Name: "on_overwrite", Type: typeText, Doc: "stateless, where snapshots removed or replaced rows: 'error', 'skip' or 'added'"},
	{Name: "on_missing_bounds", Type: typeText, Doc: "where a file has no bounds of the event-time column: 'error' (default), 'partition' or 'read'"},
	{Name: "with_preexisting", Type: typeBool, Doc: "true: count the files of changed partitions that were there before"},
	{Name: "vtts", Type: surface.AnyType, Doc: "until when sources are complete: a timestamp for all, or a JSON object of timestamps by source"},
	{Name: "catchup_threshold", Type: typeInterval, Doc: "stateful: how far before valid_to a changed hour may lie; no limit where it is not given"},
	{Name: "on_threshold", Type: typeText, Doc: "for changed hours beyond it: 'error' (default) or 'clip'"},
	{Name: "load_type", Type: typeText, Doc: "stateful: 'range' (default), every hour, or 'changed', those that changed files cover and those never processed"},
	{Name: "max_hours", Type: typeLong, Doc: "stateful: at most so many hours from the first on"},
	{Name: "session_id", Type: typeText, Doc: "the session as it was recorded, instead of all arguments about windows and ranges"},
	{Name: "session_table", Type: typeText, Doc: "the session table, with session_id"},
}

// ParseRequest reads the arguments of such a function. Want and Pattern are
// the caller's to set.
func ParseRequest(args surface.Args) (Request, error) {
	p := parser{args: args}
	r := Request{
		ProcessName:     p.text("process_name"),
		HWMTable:        p.text("hwm_table"),
		SessionID:       p.text("session_id"),
		SessionTable:    p.text("session_table"),
		Start:           p.start(),
		FromSnapshot:    p.snapshot("from_snapshot_id"),
		ToSnapshot:      p.snapshot("to_snapshot_id"),
		RecoverGap:      p.choice("on_gap", "error", "recover") == "recover",
		RecoverRollback: p.choice("on_rollback", "error", "recover") == "recover",
		OnOverwrite:     psyberg.OnOverwrite(p.choice("on_overwrite", "error", "skip", "added")),
		OnMissing:       psyberg.OnMissingBounds(p.choice("on_missing_bounds", "error", "partition", "read")),
		WithPreexisting: p.bool("with_preexisting"),
		Clip:            p.choice("on_threshold", "error", "clip") == "clip",
		LoadType:        psyberg.LoadType(p.choice("load_type", "range", "changed")),
		MaxHours:        p.hours("max_hours"),
	}
	r.Threshold, r.HasThreshold = p.duration("catchup_threshold")
	r.Sources = p.sources(r.SessionID != "")
	if r.SessionID == "" { // a session has its own
		r.VTTS = p.vtts(r.Sources)
	}
	return r, p.err
}

// parser keeps the first error.
type parser struct {
	args surface.Args
	err  error
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) text(name string) string {
	s, _, err := p.args.Text(name)
	if err != nil {
		p.fail(err)
	}
	return s
}

func (p *parser) bool(name string) bool {
	b, _, err := p.args.Bool(name)
	if err != nil {
		p.fail(err)
	}
	return b
}

// choice returns one of the words; "" where the argument is not given.
func (p *parser) choice(name string, words ...string) string {
	s := p.text(name)
	if s == "" {
		return ""
	}
	for _, w := range words {
		if strings.EqualFold(s, w) {
			return w
		}
	}
	p.fail(fmt.Errorf("argument %s is %q, which is none of '%s'", name, s, strings.Join(words, "', '")))
	return ""
}

func (p *parser) snapshot(name string) *psyberg.SnapshotID {
	v, ok, err := p.args.Int(name)
	if err != nil {
		p.fail(err)
	}
	if !ok {
		return nil
	}
	id := psyberg.SnapshotID(v)
	return &id
}

func (p *parser) hours(name string) int {
	v, ok, err := p.args.Int(name)
	if err != nil {
		p.fail(err)
	}
	const most = 1 << 30
	if ok && (v < 1 || v > most) {
		p.fail(fmt.Errorf("argument %s is %d; it must be a positive number of hours", name, v))
	}
	return int(v)
}

// duration reads an INTERVAL. A month has no fixed length.
func (p *parser) duration(name string) (time.Duration, bool) {
	v, ok, err := p.args.Interval(name)
	switch {
	case err != nil:
		p.fail(err)
	case v.Months != 0:
		p.fail(fmt.Errorf("argument %s has months, whose length varies; write it in days or hours", name))
	}
	const maxDays = 36_525
	d := time.Duration(v.Days)*24*time.Hour + time.Duration(v.Micros)*time.Microsecond
	if ok && (v.Days < 0 || v.Days > maxDays || v.Micros < 0 || v.Micros > maxDays*microsPerDay) {
		p.fail(fmt.Errorf("argument %s must be between zero and 100 years", name))
	}
	return d, ok
}

func (p *parser) sources(optional bool) []psyberg.SourceName {
	var text string
	if len(p.args.Positional) > 0 {
		switch v := p.args.Positional[0].(type) {
		case string:
			text = v
		case nil:
		default:
			p.fail(fmt.Errorf("argument 1 (src_tables) is %T, not a VARCHAR", v))
		}
	}
	if strings.TrimSpace(text) == "" {
		if !optional {
			p.fail(fmt.Errorf("argument 1 (src_tables) is NULL or empty; write 'ns.table', 'ns.table|event_ts' or 'ns.table@ref', separated by commas"))
		}
		return nil
	}
	sources, err := psyberg.ParseSources(text)
	if err != nil {
		p.fail(err)
	}
	return sources
}

// start reads 'earliest', 'latest', a timestamp with its offset, or the id of
// a snapshot.
func (p *parser) start() psyberg.Start {
	text := strings.TrimSpace(p.text("start"))
	if id, err := strconv.ParseInt(text, 10, 64); err == nil {
		return psyberg.Start{Kind: psyberg.StartAfter, Snapshot: psyberg.SnapshotID(id)}
	}
	switch strings.ToLower(text) {
	case "", "earliest":
		return psyberg.Start{}
	case "latest":
		return psyberg.Start{Kind: psyberg.StartLatest}
	}
	at, err := psyberg.ParseInstant(text)
	if err != nil {
		p.fail(fmt.Errorf("argument start is %q, which is none of 'earliest', 'latest', a snapshot id, a timestamp: %w", text, err))
	}
	return psyberg.Start{Kind: psyberg.StartAt, At: at}
}

// vtts reads a TIMESTAMPTZ, its text, or a JSON object, STRUCT or MAP of them
// by source.
func (p *parser) vtts(sources []psyberg.SourceName) *psyberg.VTTSArgument {
	var text string
	switch v := p.args.Named["vtts"].(type) {
	case nil:
		return nil
	case time.Time:
		return psyberg.VTTSOf(psyberg.InstantOf(v))
	case string:
		text = v
	case map[string]any:
		text = p.object(v)
	case []surface.KeyValue:
		object := map[string]any{}
		for _, kv := range v {
			object[fmt.Sprint(kv.Key)] = kv.Value
		}
		text = p.object(object)
	default:
		p.fail(fmt.Errorf("argument vtts is %v; pass a timestamp for all sources, or a JSON object of timestamps by source", v))
	}
	if p.err != nil {
		return nil
	}
	arg, err := psyberg.ParseVTTS(text, sources)
	if err != nil {
		p.fail(err)
	}
	return arg
}

// object writes timestamps by source as the JSON that ParseVTTS reads.
func (p *parser) object(values map[string]any) string {
	for name, v := range values {
		if t, ok := v.(time.Time); ok {
			values[name] = psyberg.InstantOf(t).String()
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		p.fail(fmt.Errorf("argument vtts: %w", err))
	}
	return string(text)
}
