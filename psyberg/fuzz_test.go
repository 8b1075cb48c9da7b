package psyberg

import (
	"reflect"
	"testing"
)

// What these parsers read was written by others: none may panic, and what is
// read prints and reads again as the same.

func FuzzParseHourSet(f *testing.F) {
	for _, s := range []string{"", "2023-09-14-02", "2023-09-14-02..2023-09-14-06, 2023-09-14-09", "2023-09-14-06..2023-09-14-02", "..", "x, y", "0000-01-01-00..9999-12-31-23"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		set, err := ParseHourSet(text)
		if err != nil {
			return
		}
		again, err := ParseHourSet(set.String())
		if err != nil || !reflect.DeepEqual(set, again) {
			t.Errorf("%q is %s, read again %s: %v", text, set, again, err)
		}
	})
}

func FuzzSummaries(f *testing.F) {
	f.Add("added-data-files=1,added-records=2,added-files-size=3", "1", "d=2023-09-14/h=5")
	f.Add("", "0", "")
	f.Add("added-data-files=x", "99999999999999999999", "d=%ZZ/h=")
	f.Fuzz(func(t *testing.T, counts, changed, path string) {
		s := &Snapshot{ID: 1, Operation: "append", Summary: SummaryOf(map[string]string{summaryChanged: changed, "partitions." + path: counts,
			SummaryValidTo: counts, SummaryKafkaValid: changed})}
		Classify(s)
		parseCounts(counts)
		partitionSummaries(s)
		ReadPath([]PathSpec{{Fields: []PathField{{Name: "d"}, {Name: "h"}}}}, path)
		h := NewHistory("u", 2, []*Snapshot{s})
		if _, err := ResolveVTTS(VTTSInput{Source: SourceName{Table: "t"}, History: h, Head: PinOf(1), Property: &path}); err == nil && counts == "" && changed == "" && path == "" {
			t.Error("a VTTS of nothing")
		}
	})
}
