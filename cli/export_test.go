package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// TestArrowFile: Arrow's own reader finds what the query said.
func TestArrowFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.arrow")
	code, _, errs := runInside("--format", "arrow", "-o", path, "--log-level", "warn",
		"-c", "SELECT i AS id, {'at': TIMESTAMPTZ '2023-09-14 15:10:59+00', 'tags': [i::VARCHAR, NULL]} AS s FROM range(70000) t(i)")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := ipc.NewFileReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.Schema().String(); !strings.Contains(got, "id: type=int64") || !strings.Contains(got, "at: timestamp[us, tz=UTC]") {
		t.Errorf("schema %s", got)
	}
	rows := int64(0)
	for i := range r.NumRecords() {
		batch, err := r.RecordBatch(i)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if got := batch.Column(1).ValueStr(7); !strings.Contains(got, "2023-09-14") || !strings.Contains(got, `["7",null]`) {
				t.Errorf("row 7: %s", got)
			}
		}
		rows += batch.NumRows()
	}
	if rows != 70000 || r.NumRecords() != 2 {
		t.Errorf("%d rows in %d batches", rows, r.NumRecords())
	}
}
