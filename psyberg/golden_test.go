package psyberg

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// day is 2023-09-14T00:00:00Z.
var day = HourOf(InstantOf(time.Date(2023, 9, 14, 0, 0, 0, 0, time.UTC)))

// hours returns a change set whose files cover these hours of the day.
func hours(list ...int) *ChangeSet {
	c := &ChangeSet{}
	for _, h := range list {
		c.Hours = c.Hours.Union(NewHourSet(HourRange{day + Hour(h), day + Hour(h) + 1}))
	}
	return c
}

func source(name string, completeHour int, changes *ChangeSet) SourceChange {
	return SourceChange{Source: SourceName{Table: name}, Window: &Window{Verdict: OK}, Changes: changes,
		VTTS: VTTS{At: (day + Hour(completeHour)).End(), Source: "argument vtts"}}
}

func validTo(h int) *Instant { return instantPtr((day + Hour(h)).Start()) }

// show prints a plan: status, hours, and the next valid_to, by hour of the day.
func show(p *RangePlan) string {
	var b strings.Builder
	b.WriteString(string(p.Status))
	for _, it := range p.Iterations() {
		fmt.Fprintf(&b, " %d", it.Hour-day)
	}
	if p.NextValidTo != nil {
		fmt.Fprintf(&b, " then %d:00", HourOf(*p.NextValidTo)-day)
	}
	return b.String()
}

// Golden case (a) of semantics.md, section 5: the catch-up.
func TestR1_GoldenCatchUp(t *testing.T) {
	plan, err := PlanRange([]SourceChange{
		source("plan_fact", 6, hours(2, 6)),
		source("cancel_fact", 7, hours(5, 6, 7)),
		source("signup_fact", 6, hours(3, 6)),
	}, RangeOptions{ValidTo: validTo(6)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(plan), "READY 2 3 4 5 6 then 7:00"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	for i, want := range []string{"2 late plan_fact", "3 late signup_fact", "4 late", "5 late cancel_fact", "6 plan_fact cancel_fact signup_fact"} {
		it := plan.Iterations()[i]
		got := fmt.Sprint(int(it.Hour - day))
		if it.Late {
			got += " late"
		}
		for _, s := range it.Sources {
			got += " " + s.Table
		}
		if got != want || it.N != i+1 {
			t.Errorf("iteration %d: %s, want %s", it.N, got, want)
		}
	}
	// Hour 7 of cancels is the next session's, although its watermark moved.
	next, err := PlanRange([]SourceChange{source("plan_fact", 7, nil), source("cancel_fact", 7, nil), source("signup_fact", 7, nil)},
		RangeOptions{ValidTo: plan.NextValidTo})
	if err != nil || show(next) != "READY 7 then 8:00" {
		t.Errorf("next session: %s, %v", show(next), err)
	}
}

// Golden case (b): cancel_fact_load on 2023-09-14. Its published sample prints
// these hours on a 12-hour clock, 3 to 9.
func TestR1_GoldenCancelFactLoad(t *testing.T) {
	span := func(from, to int64) *ChangeSet {
		r := TimeRange{InstantOfMillis(from * 1000), InstantOfMillis(to * 1000)}
		return &ChangeSet{Events: &r, Hours: HoursOf(r)}
	}
	plan, err := PlanRange([]SourceChange{
		source("raw_cancels", 21, span(1694704259, 1694728799)),
		source("cancel_request_fact", 22, span(1694725250, 1694728799)),
	}, RangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := show(plan), "READY 15 16 17 18 19 20 21 then 22:00"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if plan.LimitedBy.Table != "raw_cancels" {
		t.Errorf("limited by %s", plan.LimitedBy)
	}
}

func TestR_Ranges(t *testing.T) {
	baseline := source("a", 4, nil)
	baseline.Window = &Window{Verdict: FirstRun, Baseline: true}
	recovered := source("a", 6, hours(4))
	recovered.Window = &Window{Verdict: ExpiredGap, Recovered: true}
	recovered.Earliest = instantPtr((day + 1).Start() + 5)
	for _, tc := range []struct {
		name    string
		sources []SourceChange
		opt     RangeOptions
		want    string
	}{
		{"first run: from the earliest live hour", []SourceChange{source("a", 4, hours(2, 3, 4, 9))}, RangeOptions{}, "READY 2 3 4 then 5:00"},
		{"first run: nothing live", []SourceChange{source("a", 4, nil)}, RangeOptions{}, "NOTHING_TO_DO"},
		{"baseline", []SourceChange{baseline}, RangeOptions{}, "BASELINE then 5:00"},
		{"a source without news holds upper back", []SourceChange{source("a", 8, hours(7)), source("b", 6, nil)}, RangeOptions{ValidTo: validTo(6)}, "READY 6 then 7:00"},
		{"R2: hours in which nothing happened are processed once", []SourceChange{source("a", 8, nil)}, RangeOptions{ValidTo: validTo(6)}, "READY 6 7 8 then 9:00"},
		{"R3: valid_to goes back when a VTTS does", []SourceChange{source("a", 3, hours(2))}, RangeOptions{ValidTo: validTo(6)}, "READY 2 3 then 4:00"},
		{"a change above upper waits", []SourceChange{source("a", 4, hours(5))}, RangeOptions{ValidTo: validTo(6)}, "NOTHING_TO_DO"},
		{"nothing new", []SourceChange{source("a", 5, nil)}, RangeOptions{ValidTo: validTo(6)}, "NOTHING_TO_DO"},
		{"R4: max_hours", []SourceChange{source("a", 9, hours(2))}, RangeOptions{ValidTo: validTo(6), MaxHours: 3}, "READY 2 3 4 then 5:00"},
		{"load_type changed", []SourceChange{source("a", 7, hours(2, 4))}, RangeOptions{ValidTo: validTo(6), LoadType: LoadChanged}, "READY 2 4 6 7 then 8:00"},
		{"clip", []SourceChange{source("a", 7, hours(0, 1, 4))}, RangeOptions{ValidTo: validTo(6), HasThreshold: true, Threshold: 3 * time.Hour, Clip: true}, "READY 4 5 6 7 then 8:00"},
		{"clip keeps what was never processed", []SourceChange{source("a", 7, hours(1))}, RangeOptions{ValidTo: validTo(6), HasThreshold: true, Clip: true}, "READY 6 7 then 8:00"},
		{"threshold", []SourceChange{source("a", 7, hours(0, 1, 4))}, RangeOptions{ValidTo: validTo(6), HasThreshold: true, Threshold: 3 * time.Hour}, "PSY_CATCHUP_THRESHOLD"},
		{"threshold met exactly", []SourceChange{source("a", 7, hours(3))}, RangeOptions{ValidTo: validTo(6), HasThreshold: true, Threshold: 3 * time.Hour}, "READY 3 4 5 6 7 then 8:00"},
		{"recovered: every hour from the earliest live one", []SourceChange{recovered}, RangeOptions{ValidTo: validTo(5)}, "READY 1 2 3 4 5 6 then 7:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := PlanRange(tc.sources, tc.opt)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || string(e.Code) != tc.want {
					t.Fatal(err)
				}
				return
			}
			if got := show(p); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestR_ClippedHoursAreListed(t *testing.T) {
	opt := RangeOptions{ValidTo: validTo(6), HasThreshold: true, Threshold: 3 * time.Hour}
	sources := []SourceChange{source("a", 7, hours(0, 1, 4)), source("b", 7, hours(2))}
	_, err := PlanRange(sources, opt)
	if want := `"a": 2023-09-14-00..2023-09-14-01; "b": 2023-09-14-02`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not name %s", err, want)
	}
	opt.Clip = true
	p, err := PlanRange(sources, opt)
	if err != nil || p.Clipped.String() != "2023-09-14-00..2023-09-14-02" || p.Clipped.Len() != 3 {
		t.Errorf("clipped %s, %v", p.Clipped, err)
	}
}
