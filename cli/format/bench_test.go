package format

import (
	"io"
	"testing"
)

// repeated is one row, many times.
type repeated struct {
	*fixed
	row []any
	n   int
}

func (r *repeated) Next() ([]any, error) {
	if r.n--; r.n < 0 {
		return nil, io.EOF
	}
	return r.row, nil
}

// BenchmarkRow is the time of one row of three columns, one of them nested.
func BenchmarkRow(b *testing.B) {
	columns := []Column{{"i", "BIGINT"}, {"text", "VARCHAR"}, {"s", "STRUCT(a BIGINT, b BIGINT[])"}}
	row := []any{int64(123456789), "row number 123456789", Struct{[]string{"a", "b"}, []any{int64(1), []any{int64(1), int64(2)}}}}
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			w, err := New(name, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := w.Write(io.Discard, &repeated{&fixed{columns: columns}, row, b.N}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
