package manifest

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// TestInflaters: every deflate block of both engines' files comes out the same
// of all inflaters, and is refused by all when it is cut short.
func TestInflaters(t *testing.T) {
	defer SetInflater(OwnInflater)
	blocks := 0
	for _, suite := range []string{"pyiceberg", "spark"} {
		for i, p := range avroFiles(t, suite, func(string) bool { return true }) {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			c, err := open("file", p, data)
			if err != nil || c.codec.name != "deflate" || i%4 != 0 {
				continue
			}
			for b, ok, err := c.next(); ok && err == nil; b, ok, err = c.next() {
				blocks++
				sameInflated(t, p, b.packed)
				if _, _, err := unflate(nil, b.packed[:len(b.packed)/2], maxBlock); !errors.Is(err, errShort) {
					t.Errorf("%s: a block cut short: %v", p, err)
				}
			}
		}
	}
	if blocks < 1000 {
		t.Errorf("only %d blocks", blocks)
	}
}

func sameInflated(t *testing.T, name string, packed []byte) {
	t.Helper()
	var first []byte
	for _, inf := range []Inflater{StandardInflater, KlauspostInflater, OwnInflater} {
		SetInflater(inf)
		raw, _, err := unflate(nil, packed, maxBlock)
		if err != nil {
			t.Fatalf("%s: inflater %d: %v", name, inf, err)
		}
		if first == nil {
			first = raw
		}
		if !bytes.Equal(raw, first) {
			t.Fatalf("%s: inflater %d: other bytes than the standard library's", name, inf)
		}
	}
}
