package psyberg

// RecordedPlan returns the range of a session as its rows recorded it, so that
// a session looks the same whenever it is asked about. rows are those of one
// session; its status is READY, NOTHING_TO_DO or BASELINE, however far the
// session has come since.
func RecordedPlan(rows []SessionRow) *RangePlan {
	p := &RangePlan{Status: StatusNothingToDo}
	for i, r := range rows {
		if i == 0 || r.ValidTo != nil && (p.validTo == nil || *r.ValidTo < *p.validTo) {
			p.validTo = r.ValidTo
		}
		if r.VTTS != nil {
			if h := (VTTS{At: *r.VTTS}).LastCompleteHour(); p.LimitedBy.Table == "" || h < p.Upper {
				p.Upper, p.LimitedBy = h, r.Source
			}
		}
		p.Clipped = p.Clipped.Union(r.ClippedHours)
		p.sources = append(p.sources, r.Source)
		p.changed = append(p.changed, r.ChangedHours)
	}
	if len(rows) == 0 {
		return p
	}
	p.NextValidTo = rows[0].NextValidTo
	switch load := rows[0].LoadHours; {
	case load != nil && !load.Empty():
		p.Status, p.Range, p.Upper = StatusReady, *load, load.Last()
		p.Hours = NewHourSet(p.Range)
		if rows[0].LoadType == LoadChanged {
			p.Hours = p.changedHours().Within(p.Range)
		}
	case p.NextValidTo != nil:
		p.Status = StatusBaseline
	}
	return p
}
