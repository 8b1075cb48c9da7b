package psyberg

import "testing"

// TestR6_AGapIsNotPassedOver: what a gap has hidden is not seen to be nothing: a
// session that loads nothing leaves the watermark before it, whatever is counted,
// so that the hours are rebuilt when upper reaches them.
func TestR6_AGapIsNotPassedOver(t *testing.T) {
	t.Parallel()
	to := instantPtr(Hour(5).Start())
	for _, c := range []struct {
		what string
		row  SessionRow
		want bool
	}{
		{"a gap, nothing loaded, nothing live", SessionRow{Pattern: Stateful, Verdict: ExpiredGap}, true},
		{"a gap, loaded", SessionRow{Pattern: Stateful, Verdict: ExpiredGap, NextValidTo: to}, false},
		{"a gap of a stateless process", SessionRow{Pattern: Stateless, Verdict: ExpiredGap}, false},
		{"nothing that counts", SessionRow{Pattern: Stateful, Verdict: OK}, false},
		{"changes that wait", SessionRow{Pattern: Stateful, Verdict: OK, ChangedPartitions: 1}, true},
		{"files that wait", SessionRow{Pattern: Stateful, Verdict: OK, ChangedFiles: 1}, true},
		{"changes, loaded", SessionRow{Pattern: Stateful, Verdict: OK, ChangedFiles: 1, NextValidTo: to}, false},
	} {
		c.row.Process, c.row.Session, c.row.Source = "p", "s2", SourceName{Table: "a"}
		old, end := SnapshotID(1), SnapshotID(5)
		c.row.HWMSnapshot, c.row.EndSnapshot = &old, &end
		stored := []WatermarkRow{{Process: "p", Source: c.row.Source, HWMSnapshot: &old, Session: "s1", ValidTo: instantPtr(Hour(15).Start())}}
		marks, _, err := MoveWatermarks([]SessionRow{c.row}, stored, 0)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if stays := *marks[0].HWMSnapshot == old; stays != c.want || c.row.WatermarkStays() != c.want {
			t.Errorf("%s: the watermark stays %v, want %v", c.what, stays, c.want)
		}
	}
}
