package inflate

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// way is a way to decode.
type way struct {
	name   string
	decode func(dst, src []byte, limit int) ([]byte, error)
}

// ways are all that there are here: alone, by either loop, and in either place
// beside another stream, which is longer, shorter, damaged, or the same. What the
// other one says is looked at, too.
var ways = sync.OnceValue(func() []way {
	all := []way{{"plain", func(dst, src []byte, limit int) ([]byte, error) { return inflate(dst, src, limit, true) }}}
	if !hasFast {
		return all
	}
	all = append(all, way{"fast", Append})
	var b testing.B
	long := bytes.Repeat([]byte("a longer text, 0123456789; "), 400)
	for i := range long {
		if i%7 == 0 {
			long[i] = byte(i * i >> 5)
		}
	}
	damaged := deflated(&b, long, 6)
	damaged[len(damaged)/2] ^= 0x55
	for name, beside := range map[string][]byte{"long": deflated(&b, long, 9), "short": deflated(&b, long[:90], 6), "damaged": damaged, "itself": nil} {
		all = append(all,
			way{"before " + name, func(dst, src []byte, limit int) ([]byte, error) {
				other := either(beside, src)
				out, its, err, itsErr := AppendTwo(dst, src, nil, other, limit)
				alike(other, its, itsErr, limit)
				return out, err
			}},
			way{"behind " + name, func(dst, src []byte, limit int) ([]byte, error) {
				other := either(beside, src)
				its, out, itsErr, err := AppendTwo(nil, other, dst, src, limit)
				alike(other, its, itsErr, limit)
				return out, err
			}})
	}
	return all
})

func either(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// alike panics where a stream says something else in company than it does alone.
func alike(src, got []byte, gotErr error, limit int) {
	want, wantErr := inflate(nil, src, limit, true)
	if !errors.Is(gotErr, wantErr) || !bytes.Equal(got, want) {
		panic(fmt.Sprintf("beside another: %d bytes and %v, alone %d and %v", len(got), gotErr, len(want), wantErr))
	}
}

// TestAppendTwo_Reuse: buffers that are large enough are used, and nothing is allocated.
func TestAppendTwo_Reuse(t *testing.T) {
	raw := bytes.Repeat([]byte("manifest entry "), 4000)
	src := deflated(t, raw, 6)
	a, b := make([]byte, 0, len(raw)+slackOut), make([]byte, 10, len(raw)+10+slackOut)
	n := testing.AllocsPerRun(100, func() {
		out0, out1, err0, err1 := AppendTwo(a, src, b, src, len(raw))
		if err0 != nil || err1 != nil || &out0[0] != &a[:1][0] || &out1[0] != &b[0] || !bytes.Equal(out0, raw) || !bytes.Equal(out1[10:], raw) {
			t.Fatal("not into the buffers", err0, err1)
		}
	})
	if n > 0.5 { // a collection may empty the pool
		t.Errorf("%v allocations", n)
	}
}
