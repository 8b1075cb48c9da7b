package manifest

import (
	"sync"
	"testing"
)

// TestPlansAreForTheirRequest: many scans at once, of more requests than plans
// are kept: nobody gets the plan of another's request.
func TestPlansAreForTheirRequest(t *testing.T) {
	schema, err := parseSchema([]byte(`{"type": "record", "name": "manifest_entry", "fields": [
		{"name": "status", "type": "int", "field-id": 0},
		{"name": "data_file", "field-id": 2, "type": {"type": "record", "name": "r2", "fields": [
			{"name": "file_path", "type": "string", "field-id": 100},
			{"name": "file_format", "type": "string", "field-id": 101},
			{"name": "partition", "field-id": 102, "type": {"type": "record", "name": "r102", "fields": []}},
			{"name": "record_count", "type": "long", "field-id": 103},
			{"name": "file_size_in_bytes", "type": "long", "field-id": 104}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				rows := 1 + (i*(g+1))%(len(plans.kept)+4)
				p, err := planFor(schema, &Request{Columns: []Column{RecordCount}, BatchRows: rows})
				if err != nil {
					t.Error(err)
					return
				}
				if p.lay.batchRows != rows {
					t.Errorf("asked for batches of %d rows, got the plan for %d", rows, p.lay.batchRows)
					return
				}
			}
		})
	}
	wg.Wait()
}
