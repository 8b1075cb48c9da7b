package meta

import (
	"slices"
	"testing"
)

func TestNearMatches(t *testing.T) {
	columns := []string{"id", "event_ts", "landing_ts", "account_id", "location", "location.lat", "location.lon"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"evnt_ts", []string{"event_ts"}},
		{"event_st", []string{"event_ts"}},
		{"EVENT_TS", []string{"event_ts"}},
		{"lat", []string{"location.lat"}},
		{"location.lot", []string{"location.lat", "location.lon"}},
		{"account", []string{"account_id"}},
		{"zebra", nil},
		{"", nil},
	} {
		got := NearMatches(c.name, columns)
		if len(c.want) == 0 && len(got) > 0 || len(c.want) > 0 && (len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want)) {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := Suggest("zebra", columns[:2]); got != `; there is "id", "event_ts"` {
		t.Error(got)
	}
	if got := Suggest("zebra", nil); got != "; there is none" {
		t.Error(got)
	}
}
