package manifest

import (
	"encoding/binary"
	"fmt"
	"testing"
)

// TestTemplate: what fits a template can be read as what it was learned from,
// whichever byte is another one.
func TestTemplate(t *testing.T) {
	t.Parallel()
	num := binary.AppendVarint
	head := num(num(num(nil, 1), 1), 1<<62)
	head = append(num(num(head, 1), 7), 0, 0)
	pairs := func(b []byte, n int, bytes bool) []byte {
		b = num(num(b, 1), int64(n))
		for i := range n {
			if b = num(b, int64(1+40*i)); bytes {
				b = append(num(b, int64(i)), make([]byte, i)...)
			} else {
				b = num(b, 1<<(3*i)-i64(i))
			}
		}
		return num(b, 0)
	}
	number, none := []byte{2}, []byte{0}
	number = num(number, -1<<63)
	for name, c := range map[string]struct {
		field []byte
		read  func(*learner)
	}{
		"head":    {head, (*learner).head},
		"numbers": {pairs(nil, 12, false), func(l *learner) { l.pairs(false, nil) }},
		"count":   {pairs(nil, 12, false), func(l *learner) { l.pairs(false, []pick{{key: 121}}) }},
		"other":   {pairs(nil, 3, false), func(l *learner) { l.pairs(false, []pick{{key: 2}}) }},
		"bytes":   {pairs(nil, 5, true), func(l *learner) { l.pairs(true, nil) }},
		"picked":  {pairs(nil, 5, true), func(l *learner) { l.pairs(true, []pick{{key: 81}}) }},
		"one":     {append(pairs(nil, 1, false), pairs(nil, 1, true)...), func(l *learner) { l.pairs(false, nil); l.pairs(true, nil) }},
		"absent":  {none, func(l *learner) { l.pairs(false, nil) }},
		"empty":   {[]byte{2, 0}, func(l *learner) { l.pairs(false, nil) }},
		"longest": {number, func(l *learner) { l.long(); l.say(0xff); l.number() }},
	} {
		l := &learner{dec: dec{b: c.field}}
		c.read(l)
		var tp template
		if !tp.learn(l) || tp.length != len(c.field) {
			t.Fatalf("%s: nothing learned of % x: %v at %d", name, c.field, l.err, l.pos)
		}
		b := append(append([]byte{}, c.field...), make([]byte, maxTemplate)...)
		fits := func() bool { return le.Uint64(b)&tp.mask == tp.value && tp.rest(b, 8) }
		if !fits() {
			t.Errorf("%s: does not fit what it was learned from", name)
		}
		others := 0
		for i := range c.field {
			for v := range 256 {
				if b[i] = byte(v); fits() {
					others++
					again := &learner{dec: dec{b: b[:len(c.field)]}}
					if c.read(again); again.err != nil || again.pos != len(c.field) {
						t.Errorf("%s: fits % x, which is not well-formed", name, again.b)
					}
				}
			}
			b[i] = c.field[i]
		}
		for i := len(c.field); i < len(b); i++ {
			b[i] = 0xff
		}
		if !fits() {
			t.Errorf("%s: bytes behind the field count", name)
		}
		if more := others - len(c.field); more < 0 || (more == 0) != (len(c.field) < 3) {
			t.Errorf("%s: fits %d other fields", name, more)
		}
		tp.forget()
		if fits() {
			t.Errorf("%s: fits when forgotten", name)
		}
	}
}

func i64(i int) int64 { return int64(i) }

// TestTemplate_GivesUp: what does not fit is not learned for ever.
func TestTemplate_GivesUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ every, least, most int64 }{{1, 10, 200}, {2, 10, 200}, {30, 300, 400}} {
		t.Run(fmt.Sprint(c.every), func(t *testing.T) {
			t.Parallel()
			var tp template
			learned := int64(0)
			for entry := int64(0); entry < 10_000; entry += c.every {
				if tp.may(entry) {
					learned++
				}
			}
			if learned < c.least || learned > c.most {
				t.Errorf("learned %d times, want %d to %d", learned, c.least, c.most)
			}
		})
	}
}
