package manifest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// TestNumber: numbers of every length, at the end of the data and before it.
func TestNumber(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 20000 {
		v := int64(r.Uint64()) >> (i % 64)
		switch i {
		case 0:
			v = math.MinInt64
		case 1:
			v = math.MaxInt64
		}
		b := binary.AppendVarint(nil, v)
		n := len(b)
		for range pad + r.IntN(3) {
			b = append(b, byte(r.Uint32()))
		}
		s := scanner{}
		s.dec = newDec(b[:len(b)-pad])
		d := &s.dec
		s.run(joined([]fieldOp{{kind: opNumber, to: 1, required: noColumn}}))
		if d.err != nil || s.num[1] != v || !s.has[1] || d.pos != n {
			t.Fatalf("% x: %d, %d bytes, %v; want %d, %d bytes", b, s.num[1], d.pos, d.err, v, n)
		}
	}
}

// TestSkipOps: whatever the bytes, an op steps over as many as dec.skip does,
// or both refuse.
func TestSkipOps(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		"long":     `"long"`,
		"text":     `"string"`,
		"double":   `"double"`,
		"boolean":  `["null","boolean"]`,
		"optional": `["null","bytes"]`,
		"last":     `["int","null"]`,
		"longs":    `["null",{"type":"array","items":"long"}]`,
		"counts":   `["null",{"type":"array","items":{"type":"record","name":"p","fields":[{"name":"key","type":"int"},{"name":"value","type":"long"}]}}]`,
		"bounds":   `["null",{"type":"array","items":{"type":"record","name":"p","fields":[{"name":"key","type":"int"},{"name":"value","type":"bytes"}]}}]`,
	}
	r := rand.New(rand.NewPCG(3, 4))
	for name, typ := range types {
		schema, err := parseSchema([]byte(`{"type":"record","name":"r","fields":[{"name":"f","type":` + typ + `}]}`))
		if err != nil {
			t.Fatal(name, err)
		}
		f := schema.fields[0].typ
		ops := joined([]fieldOp{skipOp(f)})
		refused := 0
		for range 5000 {
			b := make([]byte, r.IntN(40))
			for j := range b {
				if b[j] = byte(r.IntN(12)); r.IntN(8) == 0 {
					b[j] = byte(r.Uint32())
				}
			}
			want := dec{b: b}
			want.skip(f, 0)
			s := scanner{learned: &learned{shapes: make([]shape, 1)}}
			s.dec = newDec(append(b, make([]byte, pad)...)[:len(b)])
			s.run(ops)
			got := &s.dec
			if (got.err == nil) != (want.err == nil) || got.err == nil && got.pos != want.pos {
				t.Fatalf("%s: % x: at %d, %v; dec.skip is at %d, %v", name, b, got.pos, got.err, want.pos, want.err)
			}
			if got.err != nil {
				refused++
			}
		}
		if refused == 5000 {
			t.Errorf("%s: everything is refused", name)
		}
	}
}
