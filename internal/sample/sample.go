// Package sample has bytes for tests of decompressors.
package sample

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// Texts are bytes of many kinds: none, one, periods of every near distance, like a
// manifest's entries, long and far repeats, few and many symbols, noise.
func Texts() [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := [][]byte{{}, []byte("a"), make([]byte, 100000), Entries(400)}
	for p := 1; p <= 80; p++ {
		out = append(out, bytes.Repeat(Entries(1)[:p], 3000/p))
	}
	for i := range 120 {
		b := make([]byte, r.IntN(2<<(i%18)))
		symbols, far := 1+r.IntN(256), 1+r.IntN(1<<(i%17))
		for j := 0; j < len(b); j++ {
			if j > far && r.IntN(6) == 0 {
				back := 1 + r.IntN(far)
				for n := r.IntN(300); n > 0 && j < len(b); n-- {
					b[j] = b[j-back]
					j++
				}
				continue
			}
			b[j] = byte(r.ExpFloat64() * float64(symbols) / 5)
		}
		out = append(out, b)
	}
	noise := make([]byte, 200000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return append(out, noise)
}

// Entries are n records as a manifest has them: a long path of which little is
// new, numbers, bounds.
func Entries(n int) []byte {
	r := rand.New(rand.NewPCG(7, 8))
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, "\x02\x02s3://warehouse/db/events/data/event_hour=%d/%05d-%d-%016x%016x.parquet\x0ePARQUET", 400000+i/20, i%20, i, r.Uint64(), r.Uint64())
		b = binary.AppendVarint(b, int64(r.IntN(1<<20)))
		b = binary.AppendVarint(b, int64(r.IntN(1<<28)))
		for c := range 8 {
			b = append(b, byte(2*c), 0x10)
			b = binary.LittleEndian.AppendUint64(b, 1<<40+uint64(i)<<20+uint64(r.IntN(1<<18)))
		}
	}
	return b
}
