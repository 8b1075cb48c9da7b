package meta

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestEightDigits: eight bytes at once are what they are one by one.
func TestEightDigits(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		n := r.Uint64N(100_000_000)
		text := fmt.Appendf(nil, "%08d", n)
		if !areDigits(text) || eightDigits(text) != n {
			t.Fatalf("%s: %v, %d", text, areDigits(text), eightDigits(text))
		}
	}
	for c := range 256 {
		for at := range 8 {
			text := []byte("09182736")
			text[at] = byte(c)
			if want := c >= '0' && c <= '9'; areDigits(text) != want {
				t.Errorf("%q: %v", text, !want)
			}
		}
	}
}

// TestIntegers: whole numbers of all lengths, and what does not fit.
func TestIntegers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	texts := []string{"0", "9223372036854775807", "9223372036854775808", "9999999999999999999", "18446744073709551615", "-9223372036854775808", "-9223372036854775809", "-1", "1e3", "1234567.0", "12345678.5"}
	for range 5000 {
		texts = append(texts, strconv.FormatUint(r.Uint64()>>r.UintN(64), 10))
	}
	for _, text := range texts {
		want, err := strconv.ParseInt(text, 10, 64)
		var got int64
		failed := try(func() {
			tr := newTree("x", []byte(text+","))
			got = tr.integer(tr.pass(0), "n")
		})
		if (failed == nil) != (err == nil) || err == nil && got != want {
			t.Errorf("%s is %d, %v; want %d, %v", text, got, failed, want, err)
		}
	}
}
