package state

import (
	"strings"
	"testing"

	"psyberg/psyberg"
)

// TestForeignRows: what another program wrote into the session table is an
// error that names the column, never a panic later.
func TestForeignRows(t *testing.T) {
	for _, tc := range []struct {
		change row
		want   string // in the error; "" is none
	}{
		{row{}, ""},
		{row{"load_from_date": date(1), "load_from_hour": int64(5), "load_to_date": date(1), "load_to_hour": int64(5)}, ""},
		{row{"load_from_date": date(1), "load_from_hour": int64(5), "load_to_date": date(1), "load_to_hour": int64(4)}, "column load_to_hour: the range ends"},
		{row{"from_event_date": date(1), "from_event_hour": int64(0)}, ""},
		{row{"clipped_hours": "yesterday"}, "column clipped_hours"},
		{row{"processing_uris": "{}"}, "column processing_uris is no JSON array"},
	} {
		r := row{"process_name": "p", "session_id": "s", "source_table": "t"}
		for k, v := range tc.change {
			r[k] = v
		}
		s, err := decodeSession(r)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%v: %v", tc.change, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%v: %v, want %s", tc.change, err, tc.want)
		case err == nil:
			psyberg.RecordedPlan([]psyberg.SessionRow{s}) // panics on an empty range
		}
	}
}
