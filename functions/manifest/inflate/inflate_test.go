package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"psyberg/internal/sample"
)

// std is what compress/flate makes of src, up to limit bytes.
func std(src []byte, limit int) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(src))
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(out) > limit {
		return nil, ErrLimit
	}
	return out, err
}

// check compares the decoders on one input, with room enough and with room
// for nothing, behind bytes that are there already.
func check(t testing.TB, src []byte) {
	t.Helper()
	const limit = 1 << 20
	want, wantErr := std(src, limit)
	before := []byte("before")
	for i := range 3 * len(ways()) {
		spare, way := []int{0, 400, 1 << 16}[i%3], ways()[i/3]
		dst := append(make([]byte, 0, len(before)+spare), before...)
		got, err := way.decode(dst, src, limit)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%s, spare %d: %v, compress/flate says %v; input %x", way.name, spare, err, wantErr, cut(src))
		}
		if !bytes.HasPrefix(got, before) {
			t.Fatalf("%s, spare %d: what was there is gone", way.name, spare)
		}
		if err == nil && !bytes.Equal(got[len(before):], want) {
			t.Fatalf("%s, spare %d: other bytes than compress/flate's; input %x", way.name, spare, cut(src))
		}
		if err != nil && len(got) != len(before) {
			t.Fatalf("%s, spare %d: %d bytes with an error", way.name, spare, len(got))
		}
	}
}

func cut(b []byte) []byte { return b[:min(len(b), 2000)] }

func deflated(t testing.TB, raw []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write(raw); err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestI1_Equal: whatever level wrote it, what comes out is what went in.
func TestI1_Equal(t *testing.T) {
	t.Parallel()
	for i, raw := range sample.Texts() {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			src := deflated(t, raw, level)
			for _, way := range ways() {
				got, err := way.decode(nil, src, max(len(raw), 1<<17))
				if err != nil || !bytes.Equal(got, raw) {
					t.Fatalf("text %d of %d bytes, level %d, %s: %v, %d bytes", i, len(raw), level, way.name, err, len(got))
				}
			}
			if len(raw) < 20000 {
				check(t, append(src, "after"...))
			}
		}
	}
}

// TestI1_Damaged: cut and changed inputs are refused or read as compress/flate does.
func TestI1_Damaged(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	all := sample.Texts()
	for range 4000 {
		raw := all[r.IntN(len(all))]
		src := bytes.Clone(deflated(t, raw[:min(len(raw), 3000)], r.IntN(12)-2))
		for range r.IntN(4) {
			src[r.IntN(min(len(src), 1+r.IntN(len(src))))] ^= 1 << r.IntN(8)
		}
		if r.IntN(3) == 0 {
			src = src[:r.IntN(len(src)+1)]
		}
		check(t, src)
	}
}

// bitWriter writes a stream by hand.
type bitWriter struct {
	b []byte
	n int
}

func (w *bitWriter) put(v uint64, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// header writes a dynamic block's head with these lengths of codes, each
// length written as it is, with a code of five bits.
func (w *bitWriter) header(lits, dists []uint8) {
	w.put(1|2<<1, 3)
	w.put(uint64(len(lits)-257), 5)
	w.put(uint64(len(dists)-1), 5)
	w.put(15, 4)
	for _, s := range preOrder { // 16 symbols of 4 bits: 0 to 15
		if s < 16 {
			w.put(4, 3)
		} else {
			w.put(0, 3)
		}
	}
	for _, l := range append(append([]uint8{}, lits...), dists...) {
		for i := range 4 {
			w.put(uint64(l>>(3-i)&1), 1)
		}
	}
}

// lengths of 257 and more symbols, a few of them used.
func lengths(n int, used map[int]uint8) []uint8 {
	l := make([]uint8, n)
	for s, v := range used {
		l[s] = v
	}
	return l
}

// TestI1_OddCodes: codes that are not complete, and symbols without meaning.
func TestI1_OddCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lits  []uint8
		dists []uint8
		body  uint64
		bits  int
	}{
		"end only":                       {lengths(257, map[int]uint8{256: 1}), []uint8{0}, 0, 1},
		"end only, the other code":       {lengths(257, map[int]uint8{256: 1}), []uint8{0}, 1, 30},
		"no end":                         {lengths(257, map[int]uint8{65: 1}), []uint8{0}, 0, 30},
		"no code at all":                 {lengths(257, nil), []uint8{0}, 0, 30},
		"two bits only":                  {lengths(257, map[int]uint8{256: 2}), []uint8{0}, 0, 30},
		"incomplete":                     {lengths(257, map[int]uint8{65: 2, 66: 2, 256: 2}), []uint8{0}, 3, 30},
		"too many":                       {lengths(257, map[int]uint8{65: 1, 66: 1, 256: 1}), []uint8{0}, 3, 30},
		"a match without distances":      {lengths(258, map[int]uint8{65: 2, 66: 2, 256: 2, 257: 2}), []uint8{0}, 0b11_00, 40},
		"a match, one distance":          {lengths(258, map[int]uint8{65: 2, 66: 2, 256: 2, 257: 2}), []uint8{1}, 0b01_0_11_00, 40},
		"a match, the distance not used": {lengths(258, map[int]uint8{65: 2, 66: 2, 256: 2, 257: 2}), []uint8{1}, 0b1_11_00, 40},
		"31 distances":                   {lengths(257, map[int]uint8{256: 1}), lengths(31, map[int]uint8{0: 1}), 0, 40},
		"287 lengths":                    {lengths(287, map[int]uint8{256: 1}), []uint8{1}, 0, 40},
		"15 bits":                        {lengths(257, map[int]uint8{0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 9, 9: 10, 10: 11, 11: 12, 12: 13, 13: 14, 14: 15, 256: 15}), []uint8{0}, 0x3fff_7fff, 60},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pad := range []int{0, 64} { // in the careful loop, and in the fast one
				w := bitWriter{}
				w.header(c.lits, c.dists)
				w.put(c.body, c.bits)
				check(t, append(w.b, make([]byte, pad)...))
			}
		})
	}
	for sym, body := range map[string]uint64{"286": 0b01100011, "287": 0b11100011} { // fixed codes 11000110, 11000111
		w := bitWriter{}
		w.put(1|1<<1, 3)
		w.put(body, 8)
		w.put(0, 400)
		if _, err := Append(nil, w.b, 1000); !errors.Is(err, ErrCorrupt) {
			t.Errorf("symbol %s: %v", sym, err)
		}
		check(t, w.b)
	}
	for dist := range uint64(32) { // a literal, then a match of 3 at every distance code
		w := bitWriter{}
		w.put(1|1<<1, 3)
		w.put(0b00001100, 8)
		w.put(0b1000000, 7)
		w.put(dist, 5)
		w.put(0, 400)
		check(t, w.b)
	}
}

// TestI2_Limit: output ends at the limit, however much more there is, and
// memory with it.
func TestI2_Limit(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte("0123456789"), 100000)
	src := deflated(t, raw, 9)
	for _, limit := range []int{0, 1, 2, 999, 1000, len(raw) - 1} {
		got, err := Append(nil, src, limit)
		if !errors.Is(err, ErrLimit) {
			t.Errorf("limit %d: %v", limit, err)
		}
		if cap(got) > 4*limit+4*len(src)+4*slackOut {
			t.Errorf("limit %d: %d bytes were taken", limit, cap(got))
		}
	}
	if got, err := Append(nil, src, len(raw)); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("limit as large as the output: %v", err)
	}
}

// TestReuse: a buffer that is large enough is used, and nothing is allocated.
func TestReuse(t *testing.T) {
	raw := bytes.Repeat([]byte("manifest entry "), 4000)
	src := deflated(t, raw, 6)
	buf := make([]byte, 0, len(raw)+slackOut)
	n := testing.AllocsPerRun(100, func() {
		out, err := Append(buf, src, len(raw))
		if err != nil || &out[0] != &buf[:1][0] {
			t.Fatal("not into the buffer", err)
		}
	})
	if n > 0.5 { // a collection may empty the pool
		t.Errorf("%v allocations", n)
	}
}

// FuzzDecode: any bytes are read or refused as compress/flate does.
func FuzzDecode(f *testing.F) {
	for i, raw := range sample.Texts() {
		if len(raw) < 4000 {
			f.Add(deflated(f, raw, i%12-2))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) < 1<<16 {
			check(t, src)
			between(t, src)
			bothBetween(t, src)
		}
	})
}

// FuzzRoundTrip: any text, at any level, in parts flushed one by one.
func FuzzRoundTrip(f *testing.F) {
	for i, raw := range sample.Texts() {
		if len(raw) < 4000 {
			f.Add(raw, uint8(i), uint16(i*31))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, level uint8, part uint16) {
		if len(raw) > 1<<17 {
			return
		}
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, int(level%12)-2)
		if err != nil {
			t.Fatal(err)
		}
		for rest := raw; len(rest) > 0; rest = rest[min(len(rest), int(part)+1):] {
			if _, err := w.Write(rest[:min(len(rest), int(part)+1)]); err != nil {
				t.Fatal(err)
			}
			if part%5 == 0 && b.Len() < 1<<16 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, way := range ways() {
			got, err := way.decode(nil, b.Bytes(), max(len(raw), 1<<17))
			if err != nil || !bytes.Equal(got, raw) {
				t.Fatal(fmt.Sprintf("%s, %d bytes of %d: ", way.name, len(got), len(raw)), err)
			}
		}
	})
}
