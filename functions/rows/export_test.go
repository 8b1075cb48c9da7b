package rows

import (
	"context"
	"testing"

	"psyberg/psyberg"
)

// PlanOf is the SQL of every retained snapshot of a table as the conformance
// tests run it, with the error where a scan is refused.
func PlanOf(t testing.TB, suite, table string) map[psyberg.SnapshotID]string {
	a := openArchive(t, suite)
	tbl := a.table(t, table)
	out := map[psyberg.SnapshotID]string{}
	for _, s := range tbl.Meta.Snapshots {
		text, err := SQL(context.Background(), request(t, tbl, s))
		if err != nil {
			text = err.Error()
		}
		out[s.ID] = text
	}
	return out
}

// TablesOf are the names of a suite's tables.
func TablesOf(t testing.TB, suite string) []string {
	return sortedKeys(openArchive(t, suite).locations)
}
