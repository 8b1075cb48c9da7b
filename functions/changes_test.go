package functions

import (
	"fmt"
	"testing"

	"psyberg/functions/surface"
)

func changesArgs(table string, from, to any, pairs ...any) surface.Args {
	a := named(table, pairs...)
	a.Positional = append(a.Positional, from, to)
	return a
}

// TestPyIcebergChanges: the changes of a snapshot are, by PyIceberg's own
// decoder, the entries of its manifests that it added or deleted itself.
func TestPyIcebergChanges(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	c := newChecker(t, w.suite)
	for _, tab := range pyTables(t, w) {
		table, err := w.Load(t.Context(), tab.name)
		if err != nil {
			t.Fatal(err)
		}
		for id, entries := range tab.at("raw_entries") {
			var want []map[string]any
			for _, e := range entries {
				if wholeNumber(e["snapshot_id"]) != id || wholeNumber(e["status"]) == 0 {
					continue
				}
				row := map[string]any{"change": "ADDED", "content": "DATA", "snapshot_id": e["snapshot_id"], "data_sequence_number": e["sequence_number"]}
				if wholeNumber(e["status"]) == 2 {
					row["change"] = "REMOVED"
				}
				for _, same := range []string{"file_path", "file_format", "spec_id", "record_count", "file_size_in_bytes"} {
					row[same] = e[same]
				}
				want = append(want, row)
			}
			var parent any
			for _, s := range table.Meta.Snapshots {
				if int64(s.ID) == id && s.HasParent {
					parent = int64(s.Parent)
				}
			}
			c.rows(tab.name, "iceberg_changes", fmt.Sprint("of ", id), call(t, w, "iceberg_changes", changesArgs(tab.name, parent, id)), want)
		}
	}
}

// TestChangesWindow: what (from, to] is, and what is refused.
func TestChangesWindow(t *testing.T) {
	w := openWarehouse(t, "pyiceberg")
	expired, err := w.Load(t.Context(), "conf.expired")
	if err != nil {
		t.Fatal(err)
	}
	life, err := w.Load(t.Context(), "life.signup_fact")
	if err != nil {
		t.Fatal(err)
	}
	side, err := w.Load(t.Context(), "conf.rolled_back")
	if err != nil {
		t.Fatal(err)
	}
	at := func(t *surface.Table, i int) int64 { return int64(t.Meta.SnapshotLog[i].SnapshotID) }
	last := len(life.Meta.SnapshotLog) - 1
	var orphan int64 // not an ancestor of the current snapshot
	for _, s := range side.Meta.Snapshots {
		if !side.Meta.AncestorOf(s.ID, side.Meta.CurrentSnapshotID) {
			orphan = int64(s.ID)
		}
	}
	first := expired.Meta.Snapshots[0]
	for _, tc := range []struct {
		name, table string
		from, to    any
		pairs       []any
		rows        int // -1: an error with the text
		error       string
	}{
		{"everything", "life.signup_fact", nil, nil, nil, 6, ""},
		{"nothing", "life.signup_fact", at(life, last), nil, nil, 0, ""},
		{"the last", "life.signup_fact", at(life, last-1), nil, nil, 1, ""},
		{"up to the pinned one", "life.signup_fact", nil, nil, []any{"snapshot_id", at(life, 0)}, 1, ""},
		{"an argument beats the pin", "life.signup_fact", nil, at(life, last), []any{"snapshot_id", at(life, 0)}, 6, ""},
		{"the wrong way round", "life.signup_fact", at(life, last), at(life, 0), nil, -1, "is no ancestor of"},
		{"abandoned by a rollback", "conf.rolled_back", orphan, nil, nil, -1, "is no ancestor of"},
		{"of an unknown snapshot", "life.signup_fact", int64(7), nil, nil, -1, "find snapshot 7 of table"},
		{"to an unknown snapshot", "life.signup_fact", nil, int64(7), nil, -1, "find snapshot 7 of table"},
		{"of an empty table", "conf.empty_v2", nil, nil, nil, 0, ""},
		{"of an empty table since", "conf.empty_v2", int64(7), nil, nil, -1, "the table has no snapshot"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows, err := tryCall(find(t, w, "iceberg_changes"), changesArgs(tc.table, tc.from, tc.to, tc.pairs...))
			if tc.rows < 0 && !contains(err, tc.error) || tc.rows >= 0 && (err != nil || len(rows) != tc.rows) {
				t.Errorf("%d rows, %v; want %d, %q", len(rows), err, tc.rows, tc.error)
			}
		})
	}
	if first.HasParent {
		t.Error("PyIceberg's expiry left a parent: the case below is another")
	}
	if _, err := tryCall(find(t, w, "iceberg_changes"), changesArgs("conf.expired", int64(first.ID)+1, nil)); !contains(err, "retained snapshots (expired, or of another table)") {
		t.Errorf("since an expired snapshot whose name is lost: %v", err)
	}
}

// TestChangesAfterExpiry: Java leaves the expired parent's name: (from, to] can
// be told though from is gone, but not across a gap.
func TestChangesAfterExpiry(t *testing.T) {
	w := openWarehouse(t, "spark")
	table, err := w.Load(t.Context(), "conf.hist_expired_mor")
	if err != nil {
		t.Fatal(err)
	}
	var oldest, head int64
	var named int64
	for s := range table.Meta.Ancestors(table.Meta.CurrentSnapshotID) {
		if head == 0 {
			head = int64(s.ID)
		}
		oldest = int64(s.ID)
		if named = 0; s.HasParent {
			named = int64(s.Parent)
		}
	}
	if named == 0 {
		t.Fatal("no snapshot's parent has expired")
	}
	all := call(t, w, "iceberg_changes", changesArgs("conf.hist_expired_mor", nil, nil))
	since := call(t, w, "iceberg_changes", changesArgs("conf.hist_expired_mor", named, nil))
	if d := sameRows(since, all); d != "" || len(all) == 0 {
		t.Errorf("since the expired parent of %d: %s", oldest, d)
	}
	_, err = tryCall(find(t, w, "iceberg_changes"), changesArgs("conf.hist_expired_mor", int64(12345), nil))
	if !contains(err, fmt.Sprintf("the ancestry of %d ends at %d", head, oldest)) || !contains(err, fmt.Sprintf("parent %d has expired", named)) || !contains(err, "[PSY_EXPIRED_GAP]") {
		t.Errorf("since what nobody knows: %v", err)
	}
}

// TestChangesEventTimes: '|column' after the name shows the event times' range.
func TestChangesEventTimes(t *testing.T) {
	w := openWarehouse(t, "spark")
	for _, r := range call(t, w, "iceberg_changes", changesArgs("life.signup_fact|event_ts", nil, nil, "bounds", []any{"event_ts"})) {
		b := r["bounds"].(map[string]any)["event_ts"].(map[string]any)
		if r["min_event_ts"] == nil || r["min_event_ts"] != b["min"] || r["max_event_ts"] != b["max"] || r["source_table"] != "life.signup_fact" {
			t.Errorf("%v", r)
		}
	}
	for column, want := range map[string]string{"event_t": `no such column; did you mean "event_ts"?`, "customer_id": `is of type long, not a timestamp or a date`} {
		if _, err := tryCall(find(t, w, "iceberg_changes"), changesArgs("life.signup_fact|"+column, nil, nil)); !contains(err, want) {
			t.Errorf("%s: %v", column, err)
		}
	}
}
