package psyberg

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseSources(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"ns.a", "[{ns.a  }]"},
		{"ns.a|event_ts, c.ns.b@audit", "[{ns.a  event_ts} {c.ns.b audit }]"},
		{"ns.a@b|s.ts,ns.a|ts", "[{ns.a b s.ts} {ns.a  ts}]"},
		{`"odd,ns"."a@b|c"|ts`, `[{"odd,ns"."a@b|c"  ts}]`},
		{"/w@h/metadata/3.metadata.json|ts", "[{/w@h/metadata/3.metadata.json  ts}]"},
		{"", "table name is missing"},
		{"ns.a,", "source 2: a table name is missing"},
		{"ns.a|", "no event-time column"},
		{"ns.a|b|c", "more than one column"},
		{"ns.a@", "no branch or tag"},
		{`ns."a`, "not closed"},
		{"ns.a|x,ns.a|y", "there twice"},
	} {
		got, err := ParseSources(tc.text)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q: %v, want %s", tc.text, err, tc.want)
			}
			continue
		}
		text := fmt.Sprintf("%v", raw(got))
		if text != tc.want {
			t.Errorf("%q: %s, want %s", tc.text, text, tc.want)
		}
	}
}

// raw strips the String method.
func raw(list []SourceName) []struct{ a, b, c string } {
	var out []struct{ a, b, c string }
	for _, s := range list {
		out = append(out, struct{ a, b, c string }{s.Table, s.Ref, s.EventColumn})
	}
	return out
}

func TestParseInstant(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"2023-09-14T22:00:00Z", "2023-09-14T22:00:00Z"},
		{"2023-09-14T22:00Z", "2023-09-14T22:00:00Z"},
		{"2023-09-14T22:00:00.25+02:00", "2023-09-14T20:00:00.25Z"},
		{"2023-09-14 21:00:00+00", "2023-09-14T21:00:00Z"},
		{"2023-09-14 21:00-0730", "2023-09-15T04:30:00Z"},
		{" 1969-12-31T23:59:59.999999z ", "1969-12-31T23:59:59.999999Z"},
		{"2023-09-14T22:00:00", "no offset from UTC"},
		{"2023-09-14", "no ISO 8601"},
		{"1694725250000", "no ISO 8601"},
		{"", "no ISO 8601"},
	} {
		got, err := ParseInstant(tc.text)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q: %v", tc.text, err)
			}
		} else if got.String() != tc.want {
			t.Errorf("%q: %s, want %s", tc.text, got, tc.want)
		}
	}
}

// What a parser accepts prints as a text that it reads the same.
func FuzzParseInstant(f *testing.F) {
	for _, s := range []string{"2023-09-14T22:00Z", "2023-09-14 21:00:00.000001+00", "0000-01-01T00:00:00-14:00", "x", "2023-09-14 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := ParseInstant(text)
		if err != nil {
			return
		}
		if y := at.Time().Year(); y < 0 || y > 9999 {
			return // an offset moved it out of the four digits that print
		}
		again, err := ParseInstant(at.String())
		if err != nil || again != at {
			t.Errorf("%q is %s, read again %s, %v", text, at, again, err)
		}
	})
}

// TestParseSourcesLong: what is too long for a name is refused in few words.
func TestParseSourcesLong(t *testing.T) {
	long := strings.Repeat("é", 5_000_000)
	for _, text := range []string{"ns.t|" + long, long, "ns.t," + long + "@x", `"` + long, "ns.a,ns.a," + strings.Repeat("ns.b,", 1_000_000)} {
		_, err := ParseSources(text)
		if err == nil || len(err.Error()) > 10_000 {
			t.Errorf("%d bytes: an error of %d bytes: %.200v", len(text), len(fmt.Sprint(err)), err)
		}
	}
}

func FuzzParseSources(f *testing.F) {
	for _, s := range []string{"ns.a|ts,ns.b@r", `"a,b"."c"`, ",|@", `"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseSources(text)
		if err == nil && len(list) == 0 {
			t.Errorf("%q: no source and no error", text)
		}
	})
}

func FuzzParseVTTS(f *testing.F) {
	for _, s := range []string{`{"ns.a": "2023-09-14T22:00Z"}`, `{"ns.a": null}`, `{}`, `{"ns.a": 3}`, `{"a`, "2023-09-14T22:00Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if arg, err := ParseVTTS(text, []SourceName{{Table: "ns.a"}}); err == nil && arg == nil {
			t.Errorf("%q: nothing and no error", text)
		}
	})
}

func TestR5_VTTS(t *testing.T) {
	snaps := chain(1, 2, 3)
	set := func(id int, key, value string) {
		sum := snaps[id-1].Summary.Map()
		sum[key] = value
		snaps[id-1].Summary = SummaryOf(sum)
	}
	set(1, SummaryKafkaValid, "1694728800000") // 2023-09-14T22:00:00Z
	set(2, SummaryKafkaValid, "1694725200000") // 21:00, newer: this one counts
	set(1, SummaryValidTo, "2023-09-14T23:00Z")
	h := NewHistory("u", 2, snaps)
	src := SourceName{Table: "ns.a"}
	arg := func(text string) *VTTSArgument {
		a, err := ParseVTTS(text, []SourceName{src, {Table: "ns.b"}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	text := func(s string) *string { return &s }
	max := instantPtr((day + 7).Start() + 5)
	for _, tc := range []struct {
		name string
		in   VTTSInput
		want string
	}{
		{"argument", VTTSInput{Argument: arg("2023-09-14 20:30:00+00"), Property: text("2023-09-14T10:00Z")}, "2023-09-14T20:30:00Z argument vtts, hour 19"},
		{"argument by source", VTTSInput{Argument: arg(`{"ns.a":"2023-09-14T20:00Z"}`)}, "2023-09-14T20:00:00Z argument vtts, hour 19"},
		{"argument for another source", VTTSInput{Argument: arg(`{"ns.b":"2023-09-14T20:00Z"}`), MaxEvent: max}, "2023-09-14T07:00:00Z greatest event time seen, hour 6"},
		{"newest ancestor that carries it, least of the keys", VTTSInput{Head: PinOf(3), History: h}, "2023-09-14T21:00:00Z summary kafka.connect.valid-through-ts of snapshot 2, hour 20"},
		{"property is least", VTTSInput{Head: PinOf(3), History: h, Property: text("2023-09-14T20:59:59Z")}, "2023-09-14T20:59:59Z property psyberg.valid-to, hour 19"},
		{"property is not least", VTTSInput{Head: PinOf(3), History: h, Property: text("2023-09-15T00:00Z")}, "2023-09-14T21:00:00Z summary kafka.connect.valid-through-ts of snapshot 2, hour 20"},
		{"other head", VTTSInput{Head: PinOf(1), History: h}, "2023-09-14T22:00:00Z summary kafka.connect.valid-through-ts of snapshot 1, hour 21"},
		{"greatest event time: its hour is incomplete", VTTSInput{MaxEvent: max}, "2023-09-14T07:00:00Z greatest event time seen, hour 6"},
		{"damaged property", VTTSInput{Property: text("yesterday"), MaxEvent: max}, "PSY_NO_VTTS yesterday"},
		{"none", VTTSInput{}, "PSY_NO_VTTS tried psyberg.valid-to kafka.connect.valid-through-ts vtts"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.Source = src
			v, err := ResolveVTTS(tc.in)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatal(err)
				}
				for _, word := range strings.Fields(tc.want) {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("error %v does not say %s", err, word)
					}
				}
				return
			}
			if got := fmt.Sprintf("%s %s, hour %d", v.At, v.Source, v.LastCompleteHour()-day); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestParseVTTSErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"ns.z": "2023-09-14T20:00Z"}`: "none of the sources",
		`{"ns.a": "x"}`:                 "no ISO 8601",
		`{"ns.a": 5}`:                   "no JSON object",
		`{} {}`:                         "more text",
		`noon`:                          "no ISO 8601",
	} {
		if _, err := ParseVTTS(text, []SourceName{{Table: "ns.a"}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestKafkaMillisOutOfRange(t *testing.T) {
	if _, err := parseValidThrough(fmt.Sprint(int64(math.MaxInt64))); err == nil {
		t.Error("no error for a time that no Instant holds")
	}
	at, err := parseValidThrough("2023-09-14T22:00Z")
	if err != nil || at != InstantOf(time.Date(2023, 9, 14, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("%s, %v", at, err)
	}
}
