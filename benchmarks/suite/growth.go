package suite

import (
	"context"
	"fmt"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
)

// growthRows is what a question costs as the table grows: the plot's points.
func growthRows(ctx context.Context, e *env) ([]Row, error) {
	var rows []Row
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	before := 0
	for _, c := range growthTables(e.Down) {
		if c.Entries() == before { // the smallest there is
			continue
		}
		before = c.Entries()
		t, err := e.table(ctx, c)
		if err != nil {
			return rows, err
		}
		// Half as often: the last table takes longest of all, and the axes are logarithmic.
		samples, limit, err := e.against(max(1, e.Rounds/2), c.Codec, t.Manifests, asks(ctx, s, t, tables.Q1, q1(t)), asks(ctx, s, t, tables.Q3, q3(t)))
		if err != nil {
			return rows, err
		}
		point := func(name string, s measure.Sample) Row {
			return Row{Measure: "growth", What: fmt.Sprintf("%d files: %s", c.Entries(), name), Value: float64(s.Whole()) / 1e6, Unit: "ms CPU"}
		}
		rows = append(rows, point("limit", limit), point("Q1", samples[0]), point("Q3", samples[1]))
	}
	return rows, nil
}
