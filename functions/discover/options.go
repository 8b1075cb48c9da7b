package discover

import (
	"encoding/json"
	"fmt"
	"strconv"

	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Options returns the arguments that decide about windows and change sets, as
// a session records them (psyberg.SessionRow.Options): a JSON object by
// argument name, without those that have their default; {} where all have.
// Beside the arguments stands what a recovery after a gap needs and no column
// has: the sequence numbers of the expired watermarks, by source.
func (r Request) Options() string {
	out := map[string]any{}
	put := func(name, value string) {
		if value != "" && value != "error" {
			out[name] = value
		}
	}
	switch r.Start.Kind {
	case psyberg.StartLatest:
		put("start", "latest")
	case psyberg.StartAt:
		put("start", r.Start.At.String())
	case psyberg.StartAfter:
		put("start", strconv.FormatInt(int64(r.Start.Snapshot), 10))
	}
	if r.RecoverGap {
		put("on_gap", "recover")
	}
	if r.RecoverRollback {
		put("on_rollback", "recover")
	}
	put("on_overwrite", string(r.OnOverwrite))
	put("on_missing_bounds", string(r.OnMissing))
	if len(r.gaps) > 0 {
		out[gapsOption] = r.gaps
	}
	text, err := json.Marshal(out) // keys in order
	if err != nil {
		panic(err) // text and numbers always encode
	}
	return string(text)
}

const gapsOption = "hwm_sequence_numbers"

// asRecorded is the request with the choices that the session was made with.
// What a row without options must have chosen is told by its verdict.
func (r Request) asRecorded(row *psyberg.SessionRow) (Request, error) {
	p := parser{args: surface.Args{Named: map[string]any{}}}
	if row.Options != "" {
		if err := json.Unmarshal([]byte(row.Options), &p.args.Named); err != nil {
			return r, fmt.Errorf("read options %q of session %q: %w", row.Options, row.Session, err)
		}
	}
	r.Start = p.start()
	r.RecoverGap = row.Verdict == psyberg.ExpiredGap || p.choice("on_gap", "error", "recover") == "recover"
	r.RecoverRollback = row.Verdict == psyberg.RolledBack || p.choice("on_rollback", "error", "recover") == "recover"
	r.OnOverwrite = psyberg.OnOverwrite(p.choice("on_overwrite", "error", "skip", "added"))
	r.OnMissing = psyberg.OnMissingBounds(p.choice("on_missing_bounds", "error", "partition", "read"))
	var gaps struct {
		Numbers map[string]psyberg.SequenceNumber `json:"hwm_sequence_numbers"`
	}
	if row.Options != "" {
		if err := json.Unmarshal([]byte(row.Options), &gaps); err != nil {
			return r, fmt.Errorf("read options %q of session %q: %w", row.Options, row.Session, err)
		}
	}
	r.gaps = gaps.Numbers
	if row.Verdict == psyberg.FirstRun && row.DiscoveredBy == psyberg.LevelLive && !r.RecoverGap {
		r.Start = psyberg.Start{} // a time before every snapshot: it stays so when the oldest have expired
	}
	if p.err != nil {
		return r, fmt.Errorf("read options %q of session %q: %w", row.Options, row.Session, p.err)
	}
	return r, nil
}
