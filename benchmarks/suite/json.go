package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"psyberg/benchmarks/measure"
	"psyberg/benchmarks/tables"
	"psyberg/functions/meta"
)

// ScanJSON passes over JSON text once and counts its values: it finds the ends
// of strings as fast as bytes can be searched, and does nothing with them.
// It is the yardstick for readers of metadata.json, no validator.
func ScanJSON(b []byte) (values int, err error) {
	depth := 0
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '"':
			for {
				n := bytes.IndexByte(b[i+1:], '"')
				if n < 0 {
					return values, errors.New("scan JSON: a string has no end")
				}
				i += 1 + n
				k := i - 1
				for b[k] == '\\' {
					k--
				}
				if (i-1-k)%2 == 0 {
					break
				}
			}
			values++
		case '{', '[':
			depth++
			values++
		case '}', ']':
			depth--
		case ',', ':', ' ', '\n', '\r', '\t':
		default:
			for i+1 < len(b) && b[i+1] != ',' && b[i+1] != '}' && b[i+1] != ']' {
				i++
			}
			values++
		}
		i++
	}
	if depth != 0 {
		return values, fmt.Errorf("scan JSON: %d brackets are left open", depth)
	}
	return values, nil
}

func jsonRows(ctx context.Context, e *env) ([]Row, error) {
	t, err := e.table(ctx, tables.T4(e.Down, 1))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(t.Metadata)
	if err != nil {
		return nil, err
	}
	samples, err := measure.Alternate(2*e.Rounds, measure.ByFile("parse", 1, func(done func()) error {
		m, err := meta.Parse(t.Metadata, text)
		if err == nil && len(m.Snapshots) != len(t.Snapshots) {
			err = fmt.Errorf("%d snapshots, want %d", len(m.Snapshots), len(t.Snapshots))
		}
		done()
		return err
	}), measure.ByFile("scan", 1, func(done func()) error { _, err := ScanJSON(text); done(); return err }))
	if err != nil {
		return nil, err
	}
	return []Row{{Measure: "metadata.json", What: fmt.Sprintf("%s: %d snapshots, %.1f MB", t.Config.Name, len(t.Snapshots), float64(len(text))/1e6),
		Value: measure.Times(samples[0], samples[1]), Unit: "x a scan", Limit: 3,
		Note: fmt.Sprintf("%s CPU, %s of it beside the parsing, the scan %s (%.0f MB/s); %s", ms(samples[0].Needs()), ms(samples[0].Rest()), ms(samples[1].Limit()),
			float64(len(text))/1e6/samples[1].Limit().Seconds(), measure.Scatter(samples[0], samples[1]))}}, nil
}
