package rows

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	_ "github.com/duckdb/duckdb-go/v2"
	_ "modernc.org/sqlite"

	"psyberg/functions/manifest"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/internal/testtables"
	"psyberg/psyberg"
)

func TestMain(m *testing.M) { testtables.Main(m) }

// archive is the files of one archive, mapped from /warehouse/<suite>.
type archive struct {
	suite, dir string
	locations  map[string]string // ns.table -> metadata.json
}

func openArchive(t testing.TB, suite string) *archive {
	t.Helper()
	a := &archive{suite: suite, dir: testtables.Unpack(t, suite), locations: map[string]string{}}
	db, err := sql.Open("sqlite", filepath.Join(a.dir, "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT table_namespace || '.' || table_name, metadata_location FROM iceberg_tables`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, location string
		if err := rows.Scan(&name, &location); err != nil {
			t.Fatal(err)
		}
		a.locations[name] = location
	}
	if err := rows.Err(); err != nil || len(a.locations) == 0 {
		t.Fatalf("catalog of %s: %d tables, %v", suite, len(a.locations), err)
	}
	return a
}

func (a *archive) Local(location string) (string, error) {
	rest, ok := strings.CutPrefix(plainPath(location), "/warehouse/"+a.suite+"/")
	if !ok {
		return "", fmt.Errorf("%s is not below /warehouse/%s", location, a.suite)
	}
	return filepath.Join(a.dir, rest), nil
}

func (a *archive) Read(_ context.Context, location string, _ int64) ([]byte, error) {
	path, err := a.Local(location)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (a *archive) table(t testing.TB, name string) *surface.Table {
	t.Helper()
	location, ok := a.locations[name]
	if !ok {
		t.Fatalf("no table %s", name)
	}
	data, err := a.Read(context.Background(), location, -1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := meta.Parse(location, data)
	if err != nil {
		t.Fatal(err)
	}
	return &surface.Table{Name: name, Location: location, Meta: m, Files: a}
}

// request builds the scan of a snapshot from its manifests.
func request(t testing.TB, tbl *surface.Table, s *psyberg.Snapshot) Request {
	t.Helper()
	r := Request{Table: tbl, Schema: tbl.Meta.SchemaOf(s)}
	read := func(location string) []byte {
		data, err := tbl.Files.Read(context.Background(), location, -1)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var files []manifest.File
	if s.ManifestList != "" {
		var err error
		if files, err = manifest.ReadList(s.ManifestList, read(s.ManifestList)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range s.Manifests {
		files = append(files, manifest.File{Path: path})
	}
	for _, f := range files {
		addEntries(t, &r, f, read(f.Path))
	}
	// As iceberg_rows has them.
	slices.SortFunc(r.Data, func(a, b DataFile) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Deletes, func(a, b DeleteFile) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset))
	})
	if len(r.Data) == 0 {
		r.Deletes = nil
	}
	return r
}

func addEntries(t testing.TB, r *Request, f manifest.File, data []byte) {
	t.Helper()
	spec, ok := r.Table.Meta.Spec(int(f.SpecID))
	if !ok {
		t.Fatalf("no spec %d", f.SpecID)
	}
	bound := r.Table.Meta.Bind(spec)
	req := &manifest.Request{Live: true, Columns: []manifest.Column{
		manifest.FileContent, manifest.FilePath, manifest.FileFormat, manifest.Partition, manifest.SequenceNumber,
		manifest.EqualityIDs, manifest.ReferencedDataFile, manifest.ContentOffset, manifest.ContentSizeInBytes, manifest.ValueCounts,
	}}
	for _, b := range bound {
		req.Partition = append(req.Partition, manifest.PartitionField{ID: b.ID, Name: b.Name, Type: meta.ArrowType(b.Result)})
	}
	err := manifest.Scan(context.Background(), f, data, req, memory.DefaultAllocator, func(b arrow.RecordBatch) error {
		for i := range int(b.NumRows()) {
			var tuple []meta.Value
			for j := range bound {
				v, err := meta.ValueAt(bound[j].Result, b.Column(3).(*array.Struct).Field(j), i)
				if err != nil {
					return err
				}
				tuple = append(tuple, v)
			}
			addEntry(r, f, b, i, tuple)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func addEntry(r *Request, f manifest.File, b arrow.RecordBatch, i int, tuple []meta.Value) {
	text := func(n int) string {
		if b.Column(n).IsNull(i) {
			return ""
		}
		return b.Column(n).(*array.String).Value(i)
	}
	number := func(n int) int64 {
		if b.Column(n).IsNull(i) {
			return 0
		}
		return b.Column(n).(*array.Int64).Value(i)
	}
	content := b.Column(0).(*array.Int32).Value(i)
	if content == 0 {
		d := DataFile{Path: text(1), Format: text(2), SpecID: int(f.SpecID), Partition: tuple, Sequence: psyberg.SequenceNumber(number(4))}
		if counts := b.Column(9).(*array.Map); !counts.IsNull(i) {
			d.Columns = map[int]bool{}
			from, to := counts.ValueOffsets(i)
			for k := from; k < to; k++ {
				d.Columns[int(counts.Keys().(*array.Int32).Value(int(k)))] = true
			}
		}
		r.Data = append(r.Data, d)
		return
	}
	d := DeleteFile{
		Path: text(1), Format: text(2), SpecID: int(f.SpecID), Partition: tuple, Sequence: psyberg.SequenceNumber(number(4)),
		Referenced: text(6), Offset: number(7), Length: number(8),
	}
	switch {
	case content == 2:
		d.Content = EqualityDeletes
		ids := b.Column(5).(*array.List)
		from, to := ids.ValueOffsets(i)
		for k := from; k < to; k++ {
			d.EqualityIDs = append(d.EqualityIDs, int(ids.ListValues().(*array.Int32).Value(int(k))))
		}
	case strings.EqualFold(d.Format, "puffin"):
		d.Content = DeletionVector
	}
	r.Deletes = append(r.Deletes, d)
}

// openDuck opens a session with a stand-in for the raw function of
// VectorFunction: a macro over a table of positions, which loadVectors fills
// through the real decoder.
func openDuck(t testing.TB) *sql.Conn {
	t.Helper()
	db, err := sql.Open("duckdb", "?autoinstall_known_extensions=false&autoload_known_extensions=false")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	for _, q := range []string{
		"SET TimeZone = 'UTC'",
		"CREATE TEMP TABLE vectors (path VARCHAR, start BIGINT, size BIGINT, pos BIGINT)",
		`CREATE TEMP MACRO psyql_iceberg_deletion_vectors(t, list) AS TABLE
			SELECT v.file, x.pos FROM (SELECT unnest(list, recursive := true)) AS v
			JOIN vectors AS x ON x.path = v.path AND x.start = v."offset" AND x.size = v.length`,
	} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

func loadVectors(t testing.TB, conn *sql.Conn, r Request) {
	t.Helper()
	for _, d := range r.Deletes {
		if d.Content != DeletionVector {
			continue
		}
		data, err := r.Table.Files.Read(context.Background(), d.Path, -1)
		if err != nil {
			t.Fatal(err)
		}
		v, err := vectorOf(data, d.Offset, d.Length)
		if err != nil {
			t.Fatal(err)
		}
		v.Positions(func(p []int64) bool {
			for _, x := range p {
				if _, err = conn.ExecContext(context.Background(), "INSERT INTO vectors SELECT ?, ?, ?, ? WHERE NOT EXISTS (FROM vectors WHERE path = ? AND start = ? AND pos = ?)",
					d.Path, d.Offset, d.Length, x, d.Path, d.Offset, x); err != nil {
					t.Fatal(err)
				}
			}
			return true
		})
	}
}
