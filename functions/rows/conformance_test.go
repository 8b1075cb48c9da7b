package rows

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// refused are the tables of which some snapshots need files that are not read,
// and the error that says so. All their other snapshots must agree.
var refused = map[string]string{
	"conf.fmt_mixed":  "its format is ",                          // data files in Avro and ORC
	"conf.ops_mor_v2": "read delete file",                        // position deletes in Avro and ORC
	"conf.ops_eqdel":  "its format is ORC, only Parquet is read", // equality deletes in ORC
}

// TestRowsOfSparkTables: the rows of every retained snapshot of every table,
// their files and positions, are those that Spark reads.
func TestRowsOfSparkTables(t *testing.T) {
	a := openArchive(t, "spark")
	compared := 0
	for name := range a.locations {
		path := filepath.Join(a.dir, "expected", name, "at.jsonl")
		if _, err := os.Stat(path); err != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := map[psyberg.SnapshotID][]map[string]any{}
			eachLine(t, path, func(line []byte) {
				var l struct {
					At    []psyberg.SnapshotID
					Table string
					Row   map[string]any
				}
				decode(t, line, &l)
				if l.Table == "rows" {
					for _, id := range l.At {
						want[id] = append(want[id], l.Row)
					}
				}
			})
			tbl := a.table(t, name)
			if len(want) == 0 {
				t.Skip("Spark has no rows for it")
			}
			conn := openDuck(t)
			for _, s := range tbl.Meta.Snapshots {
				r := request(t, tbl, s)
				r.FilePath, r.Position = true, true
				if compare(t, conn, r, fmt.Sprintf("snapshot %d", s.ID), refused[name], want[s.ID]) {
					compared++
				}
			}
		})
	}
	if compared < 250 && !t.Failed() {
		t.Errorf("only %d snapshots compared", compared)
	}
}

// TestRowsOfPyIcebergTables: likewise, as PyIceberg's own scan reads them.
func TestRowsOfPyIcebergTables(t *testing.T) {
	a := openArchive(t, "pyiceberg")
	var tables []struct{ Key, Name, NS string }
	data, err := os.ReadFile(filepath.Join(a.dir, "expected", "tables.json"))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, data, &tables)
	compared := 0
	for _, table := range tables {
		t.Run(table.Key, func(t *testing.T) {
			want := pyIcebergRows(t, filepath.Join(a.dir, "expected", table.Name))
			if len(want) == 0 {
				t.Skip("PyIceberg has no rows for it")
			}
			tbl, conn := a.table(t, table.NS+"."+table.Name), openDuck(t)
			for id, rows := range want {
				s, ok := tbl.Meta.Snapshot(id)
				if !ok {
					t.Fatalf("no snapshot %d", id)
				}
				if compare(t, conn, request(t, tbl, s), fmt.Sprintf("snapshot %d", id), "", rows) {
					compared++
				}
			}
		})
	}
	if compared < 190 && !t.Failed() {
		t.Errorf("only %d snapshots compared", compared)
	}
}

// pyIcebergRows returns the rows of each snapshot, also of those with none.
func pyIcebergRows(t *testing.T, dir string) map[psyberg.SnapshotID][]map[string]any {
	t.Helper()
	want := map[psyberg.SnapshotID][]map[string]any{}
	path := filepath.Join(dir, "inspect.jsonl")
	if _, err := os.Stat(path); err != nil {
		path += ".gz"
	}
	eachLine(t, path, func(line []byte) {
		var l struct {
			T        string
			Snapshot *psyberg.SnapshotID `json:"snapshot_id"`
			Row      map[string]any
		}
		if decode(t, line, &l); l.T != "rows" {
			return
		}
		rows := want[*l.Snapshot] // a snapshot without rows is there too
		if l.Row != nil {
			rows = append(rows, l.Row)
		}
		want[*l.Snapshot] = rows
	})
	return want
}

// compare runs the scan and compares its rows with the expected ones, by the
// columns of the scan. It reports false where the scan was refused with the
// words of mayFail.
func compare(t *testing.T, conn *sql.Conn, r Request, what, mayFail string, want []map[string]any) bool {
	t.Helper()
	loadVectors(t, conn, r)
	query, err := SQL(context.Background(), r)
	if err != nil {
		if mayFail == "" || !strings.Contains(err.Error(), mayFail) {
			t.Errorf("%s: %v", what, err)
		}
		return false
	}
	got, err := fetch(conn, query, r.Schema)
	if err != nil {
		t.Errorf("%s: %v\n%s", what, err, query)
		return true
	}
	types := map[string]*meta.Type{}
	names := []string{}
	for _, f := range r.Schema.Fields {
		types[f.Name] = &f.Type
		names = append(names, f.Name)
	}
	if r.FilePath {
		names = append(names, "_file", "_pos")
	}
	var wanted []string
	for _, row := range want {
		out := map[string]any{}
		for _, n := range names {
			v, ok := row[n]
			if !ok {
				t.Fatalf("%s: the expected row has no %q", what, n)
			}
			out[n] = plainNumbers(v, types[n])
		}
		b, _ := json.Marshal(out)
		wanted = append(wanted, string(b))
	}
	if d := diff(got, wanted); d != "" {
		t.Errorf("%s: %d rows, want %d\n%s\n%.3000s", what, len(got), len(wanted), d, query)
	}
	return true
}

func fetch(conn *sql.Conn, query string, s *meta.Schema) ([]string, error) {
	rows, err := conn.QueryContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range into {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := map[string]any{}
		for i, n := range names {
			if i < len(s.Fields) {
				row[n] = canon(s.Fields[i].Type, values[i])
			} else {
				row[n] = values[i]
			}
		}
		b, err := json.Marshal(row)
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, rows.Err()
}

func decode(t testing.TB, line []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

func eachLine(t testing.TB, path string, fn func([]byte)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		fn(s.Bytes())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
}
