package peers

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/io"

	"psyberg/benchmarks/tables"
)

// icebergGo answers with iceberg-go's own iterator over entries, asked for as
// little as it can be.
func icebergGo(_ context.Context, t *tables.Table, q tables.Question) ([]tables.Partition, error) {
	f, err := os.Open(t.Lists[len(t.Lists)-1])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	manifests, err := iceberg.ReadManifestList(f)
	if err != nil {
		return nil, err
	}
	type key struct {
		hour  int64
		batch string
	}
	sums := map[key]*tables.Partition{}
	for _, m := range manifests {
		entries := iceberg.EntriesWithProjection(io.LocalFS{}, m, true, iceberg.ManifestEntryProjection{IncludePruningStats: q == tables.Q2})
		for e, err := range entries {
			if err != nil {
				return nil, err
			}
			d := e.DataFile()
			part := d.Partition()
			date, err := number(part[1000])
			if err != nil {
				return nil, err
			}
			hour, err := number(part[1001])
			if err != nil {
				return nil, err
			}
			k := key{hour: date*24 + hour}
			if q == tables.Q2 && tables.Date(k.hour) != t.LastDay {
				continue
			}
			k.batch, _ = part[1002].(string)
			p := sums[k]
			if p == nil {
				p = &tables.Partition{Hour: k.hour, Batch: k.batch, First: 1<<63 - 1, Last: -1 << 63}
				sums[k] = p
			}
			p.Files++
			p.Bytes += d.FileSizeBytes()
			if q == tables.Q2 {
				p.First = min(p.First, int64(binary.LittleEndian.Uint64(d.LowerBoundValues()[tables.EventColumn])))
				p.Last = max(p.Last, int64(binary.LittleEndian.Uint64(d.UpperBoundValues()[tables.EventColumn])))
			}
		}
	}
	var rows []tables.Partition
	for _, p := range sums {
		rows = append(rows, *p)
	}
	return rows, nil
}

func number(v any) (int64, error) {
	switch x := v.(type) {
	case int32:
		return int64(x), nil
	case int:
		return int64(x), nil
	case int64:
		return x, nil
	case iceberg.Date:
		return int64(x), nil
	}
	return 0, fmt.Errorf("a partition value is a %T", v)
}
