package unsnap

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
	"pgregory.net/rapid"

	"psyberg/internal/sample"
)

// ways are the loops that there are here, and none: every element alone.
var ways = []struct {
	name string
	loop loop
}{
	{"fast", fast},
	{"portable", portable},
	{"no loop", func(_, _ []byte, in, out int) (int, int) { return in, out }},
}

// naive decodes as the description of the format reads, byte by byte. s2: is a
// copy1 with an offset of 0 in it, which s2 reads as something else?
func naive(src []byte) (out []byte, s2, ok bool) {
	n, k := binary.Uvarint(src)
	if k <= 0 || k > 5 || n >= 1<<32 {
		return nil, false, false
	}
	src = src[k:]
	take := func(k int) (v int) { // k bytes, or -1
		if k > len(src) {
			src = nil
			return -1
		}
		for i := range k {
			v |= int(src[i]) << (8 * i)
		}
		src = src[k:]
		return v
	}
	for len(src) > 0 {
		tag, length, offset := take(1), 0, 0
		switch tag & 3 {
		case 0:
			length = tag >> 2
			if length >= 60 {
				length = take(length - 59)
			}
			if length < 0 || length >= len(src) || len(out)+length+1 > int(n) {
				return out, s2, false
			}
			out, src = append(out, src[:length+1]...), src[length+1:]
			continue
		case 1:
			length, offset = tag>>2&7+4, take(1)
			if offset >= 0 {
				offset |= tag >> 5 << 8
			}
			s2 = s2 || offset == 0
		case 2:
			length, offset = tag>>2+1, take(2)
		case 3:
			length, offset = tag>>2+1, take(4)
		}
		if offset <= 0 || offset > len(out) || len(out)+length > int(n) {
			return out, s2, false
		}
		for range length {
			out = append(out, out[len(out)-offset])
		}
	}
	return out, s2, len(out) == int(n)
}

// sentinel is what must be left behind the output.
const sentinel = 0xa5

// failer is a test, one of rapid's, too.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// check compares all ways with naive, and naive with klauspost's, on one block.
func check(t failer, src []byte) {
	t.Helper()
	n, headErr := Len(src)
	if n > 1<<24 {
		return // nobody has room for it
	}
	want, s2, ok := naive(src)
	if theirs, err := snappy.Decode(nil, src); !s2 && ((err == nil) != ok || ok && !bytes.Equal(theirs, want)) {
		t.Fatalf("klauspost says %v, %d bytes; want %v, %d; block %x", err, len(theirs), ok, len(want), cut(src))
	}
	if headErr != nil {
		if _, err := Decode(nil, src); ok || err == nil {
			t.Fatalf("%v, want %v; block %x", err, ok, cut(src))
		}
		return
	}
	_, size, _ := header(src)
	room := bytes.Repeat([]byte{sentinel}, n+200)
	for _, way := range ways {
		dst := room[:n:n]
		if got := decode(dst, src[size:], way.loop); got != ok {
			t.Fatalf("%s: %v, want %v; block %x", way.name, got, ok, cut(src))
		}
		if ok && !bytes.Equal(dst, want) {
			t.Fatalf("%s: other bytes; block %x", way.name, cut(src))
		}
		for i, b := range room[n:] {
			if b != sentinel {
				t.Fatalf("%s: byte %d behind the output was written; block %x", way.name, i, cut(src))
			}
		}
	}
	got, err := Decode(nil, src)
	if (err == nil) != ok || ok && !bytes.Equal(got, want) {
		t.Fatalf("Decode: %v, want %v; block %x", err, ok, cut(src))
	}
}

func cut(b []byte) []byte { return b[:min(len(b), 2000)] }

// placed calls f with elements in the middle of a block, where there is room
// around them, and where they end it. The 200 bytes before them are prefix.
func placed(n int, elements string, f func(src []byte, end bool)) {
	f(block(200+n, lit(prefix), elements), true)
	f(block(400+n, lit(prefix), elements, lit(prefix)), false)
}

var prefix = strings.Repeat("The quick brown fox jumps over the lazy dog 0123456789 ", 4)[:200]

// step is more than 1 where not everything is to be tried.
func step() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// TestU1_Table: what each kind of element says, and what is refused.
func TestU1_Table(t *testing.T) {
	t.Parallel()
	const abc = "abcdefghij"
	for _, c := range []struct {
		name string
		src  []byte
		want string // "refused" is none
	}{
		{"nothing", block(0), ""},
		{"a literal", block(10, lit(abc)), abc},
		{"two literals", block(13, lit(abc), lit("xyz")), abc + "xyz"},
		{"the longest short literal", block(60, lit(prefix[:60])), prefix[:60]},
		{"a literal with a byte of length", block(61, lit(prefix[:61])), prefix[:61]},
		{"with two, one would do", block(61, longLit(2, prefix[:61])), prefix[:61]},
		{"with three", block(61, longLit(3, prefix[:61])), prefix[:61]},
		{"with four", block(61, longLit(4, prefix[:61])), prefix[:61]},
		{"with four, of one byte", block(1, longLit(4, "x")), "x"},
		{"a copy1", block(14, lit(abc), back1(4, 10)), abc + "abcd"},
		{"the longest copy1", block(21, lit(abc), back1(11, 10)), abc + abc + "a"},
		{"a copy2", block(11, lit(abc), back2(1, 10)), abc + "a"},
		{"the longest copy2", block(74, lit(abc), back2(64, 10)), strings.Repeat(abc, 7) + "abcd"},
		{"a copy4", block(15, lit(abc), back4(5, 5)), abc + "fghij"},
		{"the longest copy4", block(74, lit(abc), back4(64, 1)), abc + strings.Repeat("j", 64)},
		{"a copy of a copy", block(20, lit(abc), back1(4, 10), back2(6, 4)), abc + "abcdabcdab"},
		{"a length in more bytes than it needs", append([]byte{0x8a, 0x00}, lit(abc)...), abc},

		{"no length", nil, "refused"},
		{"a length that does not end", []byte{0x80, 0x80}, "refused"},
		{"a length of six bytes", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, "refused"},
		{"a length of more than 32 bits", []byte{0x80, 0x80, 0x80, 0x80, 0x10}, "refused"},
		{"shorter than it says", block(11, lit(abc)), "refused"},
		{"longer than it says", block(9, lit(abc)), "refused"},
		{"an element after the last", block(10, lit(abc), lit("x")), "refused"},
		{"a byte after the last", block(10, lit(abc), "\x00"), "refused"},
		{"a literal cut off", block(10, lit(abc)[:8]), "refused"},
		{"a literal without its length", block(10, lit(abc), "\xf0"), "refused"},
		{"a literal without half of its length", block(10, lit(abc), "\xf4\x00"), "refused"},
		{"a literal of 4 GB", block(10, lit(abc), "\xfc\xff\xff\xff\xff", prefix), "refused"},
		{"a literal longer than the output", block(50, lit(abc), lit(prefix)), "refused"},
		{"a copy1 cut off", block(14, lit(abc), back1(4, 10)[:1]), "refused"},
		{"a copy2 cut off", block(14, lit(abc), back2(4, 10)[:2]), "refused"},
		{"a copy4 cut off", block(14, lit(abc), back4(4, 10)[:4]), "refused"},
		{"a copy first", block(4, back1(4, 1)), "refused"},
		{"a copy from before the beginning", block(14, lit(abc), back1(4, 11)), "refused"},
		{"a copy4 from far before it", block(14, lit(abc), back4(4, -1)), "refused"},
		{"a copy1 from nowhere, S2's repetition", block(18, lit(abc), back1(4, 10), back1(4, 0)), "refused"},
		{"a copy2 from nowhere", block(14, lit(abc), back2(4, 0)), "refused"},
		{"a copy4 from nowhere", block(14, lit(abc), back4(4, 0)), "refused"},
		{"a copy longer than the output", block(13, lit(abc), back1(4, 10)), "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, c.src)
			got, err := Decode(nil, c.src)
			if (err != nil) != (c.want == "refused") || err == nil && string(got) != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestU1_Roomy: the same faults where a loop meets them, far from both ends.
func TestU1_Roomy(t *testing.T) {
	t.Parallel()
	for name, element := range map[string]string{
		"copy1 from nowhere": back1(4, 0), "copy2 from nowhere": back2(4, 0), "copy4 from nowhere": back4(4, 0),
		"copy1 from before the beginning": back1(4, 301), "copy2 from before": back2(64, 301), "copy4 from before": back4(64, 301), "from far before": back4(64, -1),
		"a literal longer than the rest": "\xf4\xff\x7f", "a literal of 4 GB": "\xfc\xff\xff\xff\xff", "one less": "\xfc\xfe\xff\xff\xff",
	} {
		for _, behind := range []string{lit("x"), back1(4, 100)} {
			n, _, _ := naive(block(1<<20, lit(prefix+prefix[:100]), element))
			src := block(len(n)+1000, lit(prefix+prefix[:100]), element, behind, strings.Repeat(lit("yz"), 500))
			check(t, src)
			if _, err := Decode(nil, src); err == nil {
				t.Errorf("%s: it was read", name)
			}
		}
	}
}

// TestU1_Literals of every length up to 300 and around what a byte more of
// length is for.
func TestU1_Literals(t *testing.T) {
	t.Parallel()
	text := make([]byte, 1<<17)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	lengths := []int{1 << 10, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 17}
	for n := range 300 {
		lengths = append(lengths, n+1)
	}
	for _, n := range lengths {
		placed(n, lit(string(text[:n])), func(src []byte, _ bool) { check(t, src) })
		for size := 1; size <= 4; size++ {
			if n-1 < 1<<(8*size) {
				placed(n, longLit(size, string(text[:n])), func(src []byte, _ bool) { check(t, src) })
			}
		}
	}
}

// TestU1_Overlaps: copies of every length from every near offset, in each kind
// that can say so, one after the other and behind a literal.
func TestU1_Overlaps(t *testing.T) {
	t.Parallel()
	for offset := 1; offset <= 150; offset += step() {
		for n := 1; n <= 64; n++ {
			kinds := []string{back2(n, offset), back4(n, offset)}
			if n >= 4 && n <= 11 {
				kinds = append(kinds, back1(n, offset))
			}
			for _, k := range kinds {
				placed(3*n+1, k+k+lit("x")+k, func(src []byte, _ bool) { check(t, src) })
			}
		}
	}
}

// TestU1_Far: every bit of an offset counts.
func TestU1_Far(t *testing.T) {
	t.Parallel()
	text := make([]byte, 1<<17+100)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	for bit := range 17 {
		for _, offset := range []int{1 << bit, 1<<bit + 1, 1<<(bit+1) - 1} {
			parts := []string{lit(string(text)), back4(64, offset)}
			n := len(text) + 64
			if offset < 1<<16 {
				parts, n = append(parts, back2(64, offset)), n+64
			}
			if offset < 1<<11 {
				parts, n = append(parts, back1(11, offset)), n+11
			}
			check(t, block(n+300, append(parts, lit(string(text[:300])))...))
		}
	}
}

// packed are blocks of raw by the encoders at hand.
func packed(raw []byte) [][]byte {
	return [][]byte{snappy.Encode(nil, raw), s2.EncodeSnappyBetter(nil, raw), s2.EncodeSnappyBest(nil, raw)}
}

// TestU1_Equal: whatever encoder wrote it, what comes out is what went in.
func TestU1_Equal(t *testing.T) {
	t.Parallel()
	for i, raw := range sample.Texts() {
		for j, src := range packed(raw) {
			if got, err := Decode(nil, src); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("text %d of %d bytes, encoder %d: %v, %d bytes", i, len(raw), j, err, len(got))
			}
			check(t, src)
		}
	}
}

// TestU1_Damaged: cut and changed blocks.
func TestU1_Damaged(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	all := sample.Texts()
	for range 4000 / step() {
		raw := all[r.IntN(len(all))]
		src := damaged(r, packed(raw[:min(len(raw), 3000)])[r.IntN(3)])
		check(t, src)
	}
}

func damaged(r *rand.Rand, src []byte) []byte {
	src = bytes.Clone(src)
	for range r.IntN(4) {
		src[r.IntN(1+r.IntN(len(src)))] ^= 1 << r.IntN(8)
	}
	if r.IntN(3) == 0 {
		src = src[:r.IntN(len(src)+1)]
	}
	return src
}

// TestU1_Elements: any sequence of elements, most of them such as make sense.
func TestU1_Elements(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var parts []string
		out := 0
		for range rapid.IntRange(0, 200).Draw(t, "elements") {
			most := max(out, 1)
			switch near := min(most, 80); rapid.IntRange(0, 9).Draw(t, "offset") {
			case 0:
				most = 1 << 16 // maybe from before the beginning
			case 1, 2, 3, 4:
				most = near
			}
			offset := rapid.IntRange(0, 1<<16).Draw(t, "distance")%most + 1
			n := rapid.IntRange(1, 64).Draw(t, "length")
			switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
			case kind < 3 || out == 0:
				if kind == 0 {
					n = rapid.IntRange(1, 400).Draw(t, "long")
				}
				parts = append(parts, lit(strings.Repeat(prefix, 2)[:n]))
			case kind == 3:
				n = 4 + n%8
				parts = append(parts, back1(n, offset%2048))
			case kind == 4:
				parts = append(parts, back4(n, offset))
			default:
				parts = append(parts, back2(n, offset%65536))
			}
			out += n
		}
		for d := -1; d <= 1; d++ {
			check(t, block(max(out+d, 0), parts...))
		}
	})
}

// TestReuse: memory with room enough is used, whatever its length, and nothing
// is allocated.
func TestReuse(t *testing.T) {
	raw := sample.Entries(300)
	src := snappy.Encode(nil, raw)
	buf := make([]byte, 7, len(raw))
	n := testing.AllocsPerRun(100, func() {
		out, err := Decode(buf, src)
		if err != nil || &out[0] != &buf[0] || len(out) != len(raw) {
			t.Fatal("not into the buffer", err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
