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
func (r Request) Options() string {
	out := map[string]string{}
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
	text, err := json.Marshal(out) // keys in order
	if err != nil {
		panic(err) // a map of strings always encodes
	}
	return string(text)
}

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
	if p.err != nil {
		return r, fmt.Errorf("read options %q of session %q: %w", row.Options, row.Session, p.err)
	}
	return r, nil
}
