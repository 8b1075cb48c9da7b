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
