package psyberg

import (
	"testing"
	"time"
)

func TestHourOf(t *testing.T) {
	for _, tc := range []struct {
		at   string
		want string
	}{
		{"2023-09-14T15:10:59Z", "2023-09-14-15"}, // epoch 1694704259: the published sample's "hour 3"
		{"2023-09-14T21:59:59.999999Z", "2023-09-14-21"},
		{"2023-09-14T22:00:00Z", "2023-09-14-22"},
		{"1969-12-31T23:59:59.999999Z", "1969-12-31-23"},
		{"1969-12-31T22:00:00Z", "1969-12-31-22"},
	} {
		at, err := time.Parse(time.RFC3339Nano, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		h := HourOf(InstantOf(at))
		if h.String() != tc.want {
			t.Errorf("HourOf(%s) = %s, want %s", tc.at, h, tc.want)
		}
		if i := InstantOf(at); i < h.Start() || i >= h.End() {
			t.Errorf("%s does not lie in [%s, %s)", i, h.Start(), h.End())
		}
	}
}

func TestHourRange(t *testing.T) {
	r := HourRange{From: 2, To: 7}
	if r.Len() != 5 || r.Empty() || r.Last() != 6 {
		t.Errorf("2..6: %d hours, last %d", r.Len(), r.Last())
	}
	if e := (HourRange{From: 3, To: 3}); !e.Empty() || e.Len() != 0 {
		t.Errorf("[3,3) is not empty")
	}
}

// TestHoursReadAgain: the session table keeps sets of hours as text; also what
// a broken clock has written is read again.
func TestHoursReadAgain(t *testing.T) {
	for _, r := range []HourRange{{0, 1}, {-3, 5}, {-20_000_000, -19_999_999}, {75_000_000, 75_000_002}, {2_000_000_000, 2_000_000_001}, {-2_000_000_000, 0}} {
		set := NewHourSet(r, HourRange{7, 9})
		if again, err := ParseHourSet(set.String()); err != nil || again.String() != set.String() || again.Len() != set.Len() {
			t.Errorf("%v prints %q, read again %v: %v", r, set, again, err)
		}
	}
	for _, bad := range []string{"x", "2023-09-14", "2023-9-14-09", "2023-09-14-24", "2023-02-30-00", "2023-09-14-02..2023-09-14-01", "2023-09-14-02,2023-09-14-03", "-", "---", "999999999-01-01-00"} {
		if set, err := ParseHourSet(bad); err == nil {
			t.Errorf("%q is read as %v", bad, set)
		}
	}
}
