package unsnap

import (
	"bytes"
	"testing"

	"psyberg/internal/sample"
)

// FuzzDecode: any bytes, as they are and behind what there may be copied from.
func FuzzDecode(f *testing.F) {
	for _, raw := range sample.Texts() {
		if len(raw) < 4000 {
			for _, src := range packed(raw) {
				f.Add(src)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		check(t, src)
		between(t, src)
		out, _, _ := naive(block(1<<20, lit(prefix), string(src)))
		for _, n := range []int{len(out), len(out) + 200} {
			framed := block(n, lit(prefix), string(src), lit(prefix))
			check(t, framed)
			between(t, framed)
		}
	})
}

// FuzzRoundTrip: any text by any encoder.
func FuzzRoundTrip(f *testing.F) {
	for _, raw := range sample.Texts() {
		if len(raw) < 4000 {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, src := range packed(raw) {
			if got, err := Decode(nil, src); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("%d bytes: %v, %d bytes", len(raw), err, len(got))
			}
			check(t, src)
		}
	})
}
