package pattern

import (
	stdbytes "bytes" // bytes is an action
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"psyberg/internal/fence"
)

// field is a part of an entry, as a test makes and reads it.
type field struct {
	kind action // end is bytes that are the same
	n, k int    // n is 1 where the bytes are skipped, or a list's numbers have as many bytes each
	mask byte
	text []byte
}

func number(r *rand.Rand) int64 { return int64(r.Uint64()) >> r.IntN(64) }

// shape is a random list of fields.
func shape(r *rand.Rand) []field {
	out := make([]field, 1+r.IntN(12))
	for i := range out {
		f := &out[i]
		f.kind = action(r.IntN(int(actions)))
		switch f.kind {
		case end:
			f.text = make([]byte, 1+r.IntN(90))
			f.mask = []byte{0xff, 0x80, 0}[r.IntN(3)]
			f.n = r.IntN(2)
			for j := range f.text {
				f.text[j] = byte(r.Uint32())
			}
		case few:
			f.k = 1 + r.IntN(3)
		default:
			f.k = 1 + r.IntN(60)
			f.n = r.IntN(2)
		}
	}
	return out
}

// entry appends an entry of a shape.
func entry(r *rand.Rand, b []byte, shape []field) []byte {
	num := binary.AppendVarint
	for _, f := range shape {
		switch f.kind {
		case end:
			for _, c := range f.text {
				b = append(b, c&f.mask|byte(r.Uint32())&^f.mask)
			}
		case few:
			for range f.k {
				b = num(b, int64(int16(r.Uint32()))>>r.IntN(16))
			}
		case many:
			for range f.k {
				b = num(b, number(r))
			}
		case bytes:
			n := []int{0, 1, 63, 64, 200}[r.IntN(5)]
			b = append(num(b, int64(n)), make([]byte, n)...)
		case list:
			n := r.IntN(5)
			if b = num(b, int64(n)); n > 0 {
				for range n * f.k {
					v := number(r)
					if f.n == 1 && r.IntN(50) > 0 {
						v = 1<<25 | int64(r.Uint32())>>8
					}
					b = num(b, v)
				}
				b = append(b, 0)
			}
		}
	}
	return b
}

// build makes the pattern of a shape, and says at which places its fields begin.
func build(p *Pattern, shape []field) (at []Place) {
	p.Reset()
	for _, f := range shape {
		at = append(at, p.Here())
		switch f.kind {
		case end:
			if f.mask == 0 && f.n > 0 {
				p.Skip(len(f.text))
			} else {
				p.Same(f.text, f.mask)
			}
		case few:
			p.Numbers(f.k, true)
		case many:
			p.Numbers(f.k, false)
		case bytes:
			p.Bytes()
		case list:
			p.List(f.k)
		}
	}
	p.End()
	return at
}

// read reads an entry of a shape field by field, and says where these begin. It
// is nil for an entry that does not fit.
func read(b []byte, at int, shape []field) (places []int, to int) {
	ok := true
	long := func() int64 {
		for i := at; i < len(b); i++ {
			if b[i] < 0x80 {
				v, _ := binary.Varint(b[at : i+1])
				at = i + 1
				return v
			}
		}
		ok = false
		return 0
	}
	for _, f := range shape {
		places = append(places, at)
		switch from := at; f.kind {
		case end:
			for _, c := range f.text {
				ok = ok && at < len(b) && (b[at]^c)&f.mask == 0
				at++
			}
		case few, many:
			for range f.k {
				long()
			}
			ok = ok && (f.kind == many || at-from <= 8)
		case bytes:
			n := long()
			ok = ok && n >= 0 && at-from <= 2
			at += int(n)
		case list:
			n := long()
			if ok = ok && n >= 0 && n < 64 && at-from == 1; ok && n > 0 {
				for range int(n) * f.k {
					long()
				}
				ok = ok && at < len(b) && b[at] == 0
				at++
			}
		}
		if !ok || at > len(b) {
			return nil, 0
		}
	}
	return places, at
}

// TestWalk: entries that fit are found at the places that reading comes to, those
// that do not are not; the assembly says what the Go says.
func TestWalk(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var p Pattern
	found, stopped := 0, 0
	for range 4000 {
		sh := shape(r)
		at := build(&p, sh)
		var b []byte
		n := 1 + r.IntN(6)
		for range n {
			b = entry(r, b, sh)
		}
		whole := len(b)
		for range 100 {
			b = append(b, byte(r.Uint32()))
		}
		b = slices.Clip(b)
		for range r.IntN(2) * r.IntN(3) {
			b[r.IntN(max(whole, 1))] ^= 1 << r.IntN(8)
		}
		last := max(whole-r.IntN(2)*r.IntN(3), 0)
		from := 0
		most := 1 + r.IntN(8)
		places, again := make([]int32, most*p.Steps()), make([]int32, most*p.Steps())
		got, to := p.Walk(b, from, last, most, places)
		if n, after := p.portable(b, from, last, most, again); n != got || after != to {
			t.Fatalf("%d entries to %d; in Go %d to %d", got, to, n, after)
		}
		for i := range got {
			want, after := read(b[:last], from, sh)
			if want == nil {
				t.Fatalf("entry %d fits, and cannot be read", i)
			}
			for k, w := range want {
				step := i*p.Steps() + int(at[k].Step)
				if g := int(places[step] + at[k].Offset); g != w || places[step] != again[step] {
					t.Fatalf("field %d of entry %d is at %d, want %d", k, i, g, w)
				}
			}
			from = after
		}
		if from != to {
			t.Fatalf("%d entries end at %d, want %d", got, to, from)
		}
		found += got
		if got < min(n, most) {
			stopped++
			// What can be read, and is not near the end, fits.
			if _, after := read(b[:last], from, sh); after > 0 && after < whole-64 && b[max(last-1, 0)] < 0x80 {
				need := 0
				for _, s := range p.steps {
					need = max(need, int(s.need))
				}
				if after+need+64 < len(b) {
					t.Fatalf("an entry that can be read does not fit, from %d to %d of %d", from, after, whole)
				}
			}
		}
	}
	if found < 2000 || stopped < 500 {
		t.Errorf("%d entries were found, %d walks were stopped", found, stopped)
	}
}

// TestWalk_Next: where the next entry is looked for is of no concern to what is
// found: not where its mark is found too early or not at all, nor where lengths go
// up and down. Where entries are alike it is found; where it hardly ever is, it is
// not looked for any more.
func TestWalk_Next(t *testing.T) {
	t.Parallel()
	const alike = "in all the same, more than is compared at a time"
	const walks, most = 40, 40
	same := func(int) uint64 { return 1 << 60 }
	between := func(least, most int) func(r *rand.Rand, _ int) int {
		return func(r *rand.Rand, _ int) int { return least + r.IntN(most-least+1) }
	}
	for _, c := range []struct {
		name   string
		id     func(entry int) uint64
		length func(r *rand.Rand, entry int) int // of a text
		fill   byte                              // that it is made of
		missed [2]int                            // so often of 1000 at least, and at most
	}{
		{"alike", same, between(300, 340), 'x', [2]int{0, 4}},
		{"short", same, between(0, 20), 'x', [2]int{0, 4}},
		{"empty", same, between(0, 0), 'x', [2]int{0, 4}},
		{"equal", same, between(200, 200), 'x', [2]int{0, 4}},
		{"a few longer ones", same, func(r *rand.Rand, i int) int {
			if i%100 < 3 {
				return 600
			}
			return between(100, 120)(r, i)
		}, 'x', [2]int{10, 50}},
		{"of any length", same, between(0, 2000), 'x', [2]int{900, 1000}},
		{"of several snapshots", func(i int) uint64 { return 1<<60 | uint64(i/50)*0x3a5e9c7b1 }, between(300, 340), 'x', [2]int{10, 30}},
		{"each of another", func(i int) uint64 { return 1<<60 | uint64(i)*0x3a5e9c7b1 }, between(300, 340), 'x', [2]int{900, 1000}},
		{"the mark is in the text", same, between(300, 340), 0x80, [2]int{200, 400}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, 8))
			var p Pattern
			p.Reset()
			p.Same([]byte{2, 2}, 0xff)
			p.Same(binary.AppendUvarint(nil, 1<<60), 0x80)
			p.Bytes()
			p.Same([]byte(alike), 0xff)
			p.End()
			var b []byte
			var begins []int
			for i := range walks * most {
				begins = append(begins, len(b))
				b = append(b, 2, 2)
				b = binary.AppendUvarint(b, c.id(i))
				n := c.length(r, i)
				b = binary.AppendVarint(b, int64(n))
				b = append(b, stdbytes.Repeat([]byte{c.fill}, n)...)
				b = append(b, alike...)
			}
			begins = append(begins, len(b))
			last := len(b)
			b = append(b, make([]byte, 100)...)
			places := make([]int32, most*p.Steps())
			pass := func(before func()) {
				for i := 0; i < walks*most; i += most {
					before()
					if n, to := p.Walk(b, begins[i], last, most, places); n != most || to != begins[i+most] {
						t.Fatalf("%d entries to %d, want %d to %d", n, to, most, begins[i+most])
					}
					for j := range most {
						if got := places[j*p.Steps()]; int(got) != begins[i+j] {
							t.Fatalf("entry %d begins at %d, want %d", i+j, got, begins[i+j])
						}
					}
				}
			}
			pass(func() { p.next.seen = 0 })
			if p.next.lines == 0 && p.next.after == 0 {
				t.Skip("the next one is not looked for: there is no assembly")
			}
			if got := int(p.next.missed) * 1000 / (walks * most); got < c.missed[0] || got > c.missed[1] {
				t.Errorf("%d of 1000 were elsewhere, want %v", got, c.missed)
			}
			p.next.missed = 0
			pass(func() {})
			if off := p.next.mark == 0; off != (c.missed[1] > 500) {
				t.Errorf("not looked for any more is %v", off)
			}
		})
	}
}

// TestWalk_NearTheEnd: nothing is read behind the bytes, wherever they end.
func TestWalk_NearTheEnd(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	var p Pattern
	f := fence.Get()
	defer f.Put()
	for range 300 {
		sh := shape(r)
		build(&p, sh)
		var b []byte
		for range 3 {
			b = entry(r, b, sh)
		}
		places := make([]int32, 3*p.Steps())
		for n := 1; n < len(b); n++ {
			c := f.Last(n)
			copy(c, b)
			got, to := p.Walk(c, 0, n, 3, places)
			if want, after := p.portable(b[:n:n], 0, n, 3, places); got != want || to != after {
				t.Fatalf("%d entries to %d; in Go %d to %d", got, to, want, after)
			}
		}
	}
}

// TestChange: other bytes are the same afterwards.
func TestChange(t *testing.T) {
	t.Parallel()
	var p Pattern
	p.Reset()
	p.Same(make([]byte, 40), 0)
	p.Bytes()
	p.Same([]byte("0123456789012345678901234567890123456789"), 0xff)
	at := p.Here()
	p.Same([]byte("partition"), 0xff)
	p.Same([]byte{7}, 0)
	p.End()
	b := append(make([]byte, 40), 0)
	b = append(b, "0123456789012345678901234567890123456789another!!7"...)
	n := len(b)
	b = append(b, make([]byte, 200)...)
	places := make([]int32, p.Steps())
	if got, _ := p.Walk(b, 0, n, 1, places); got != 0 {
		t.Error("another partition fits")
	}
	p.Change(at, []byte("another!!"))
	if got, to := p.Walk(b, 0, n, 1, places); got != 1 || to != n || places[at.Step]+at.Offset != 81 {
		t.Errorf("%d entries to %d, want 1 to %d", got, to, n)
	}
}

// TestSizes: the assembly learns how long lists are, by how many items they have,
// and takes no list of another length for one of these.
func TestSizes(t *testing.T) {
	t.Parallel()
	var p Pattern
	p.Reset()
	p.List(1)
	p.End()
	list := func(b []byte, v ...int64) []byte {
		b = binary.AppendVarint(b, int64(len(v)))
		for _, v := range v {
			b = binary.AppendVarint(b, v)
		}
		return append(b, 0)
	}
	var b []byte
	for range 3 {
		b = list(list(list(b, 4, 20_000_000), 4), 4, 30_000_000)
	}
	b = list(list(b, 20_000_000, 4), 1<<40, 4) // of as many bytes as before, and of more
	n := len(b)
	b = append(b, make([]byte, 100)...)
	places := make([]int32, 20*p.Steps())
	got, to := p.Walk(b, 0, n, 11, places)
	if got != 11 || to != n {
		t.Errorf("%d lists end at %d, want 11 at %d", got, to, n)
	}
	if want := [2 * sizes]uint8{2: 2, 4: 8}; p.steps[0].sizes != want && p.steps[0].sizes != ([2 * sizes]uint8{}) {
		t.Errorf("the sizes are %v, want %v, or none where there is no assembly", p.steps[0].sizes, want)
	}
	// The last list of two has one of six bytes first.
	if want := [sizes]uint32{2: 0x1f}; p.steps[0].goOn != want && p.steps[0].goOn != ([sizes]uint32{}) {
		t.Errorf("the bytes that go on are %#x, want %#x", p.steps[0].goOn, want)
	}
	odd := list(nil, 4, 20_000_000)
	odd[len(odd)-2] |= 0x80 // the 0 belongs to the number
	odd = append(odd, make([]byte, 100)...)
	if got, to := p.Walk(odd, 0, len(odd), 1, places); got != 1 || to != 8 {
		t.Errorf("%d lists to %d, want one to 8", got, to)
	}
}

// TestPairs: two numbers of all lengths, whatever follows them.
func TestPairs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	var b []byte
	var places []int32
	var want [2][]int64
	for range 5000 {
		n := r.IntN(50)
		v, u := int64(r.Uint64())>>(14+n), int64(r.Uint64())>>(63-n)
		at := len(b)
		if b = binary.AppendVarint(binary.AppendVarint(b, v), u); len(b)-at > 8 {
			b = b[:at]
			continue
		}
		places = append(places, int32(at-3), -1)
		want[0], want[1] = append(want[0], v), append(want[1], u)
	}
	b = append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	got, again := [2][]int64{make([]int64, len(want[0])), make([]int64, len(want[0]))}, [2][]int64{make([]int64, len(want[0])), make([]int64, len(want[0]))}
	Pairs(b, places, 2, 3, got[0], got[1])
	portablePairs(b, places, 2, 3, again[0], again[1])
	for i := range want {
		if len(want[i]) < 1000 || !slices.Equal(got[i], want[i]) || !slices.Equal(again[i], want[i]) {
			t.Errorf("number %d of %d pairs is not what was written", i, len(want[i]))
		}
	}
	Pairs(nil, nil, 2, 3, nil, nil)
	defer func() {
		if recover() == nil {
			t.Error("a place behind the bytes is read")
		}
	}()
	Pairs(b, []int32{int32(len(b))}, 1, 0, make([]int64, 1), make([]int64, 1))
}

// TestTooLong: what holds more than patterns are to hold fits nothing.
func TestTooLong(t *testing.T) {
	t.Parallel()
	var p Pattern
	for _, build := range []func(){func() { p.Same(make([]byte, maxChunks*chunk+1), 0xff) }, func() {
		for range maxSteps {
			p.Bytes()
		}
	}} {
		p.Reset()
		build()
		p.End()
		b := make([]byte, 2*maxChunks*chunk)
		if n, _ := p.Walk(b, 0, len(b), 1, make([]int32, p.Steps())); n != 0 || !p.TooLong() {
			t.Error("it fits")
		}
	}
	p.Reset()
	if n, _ := p.Walk(make([]byte, 100), 0, 100, 1, make([]int32, p.Steps())); n != 0 {
		t.Error("a pattern without an end fits")
	}
}
