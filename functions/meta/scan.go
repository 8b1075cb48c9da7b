package meta

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unicode/utf8"
)

// span is a JSON value that was passed over: where it stands and what it is.
// It is half the size of what it would take to keep the value, and most values
// of a metadata.json are never asked for.
type span struct {
	start, end int  // bytes of the file
	kind       byte // { [ s(tring) n(umber) b(oolean); 0 for null, and for a member that is not there
	plain      bool // of text: the bytes between the quotes are the text
}

// peek returns the next byte that is no space, without taking it.
func (t *tree) peek() byte {
	for ; t.pos < len(t.data); t.pos++ {
		switch c := t.data[t.pos]; c {
		case ' ', '\n', '\r', '\t':
		default:
			return c
		}
	}
	t.cutShort()
	return 0
}

func (t *tree) cutShort() { t.failAt(len(t.data), "the file is cut short") }

func (t *tree) notJSON(what string) {
	t.failAt(t.pos, "not JSON: %s begins with character %q", what, t.data[t.pos])
}

// pass goes over the value at t.pos and checks that it is JSON (RFC 8259).
func (t *tree) pass(depth int) span {
	c := t.peek()
	if depth > maxDepth {
		t.failAt(t.pos, "nested deeper than %d levels", maxDepth)
	}
	s := span{start: t.pos, kind: c}
	switch c {
	case '"':
		return t.passText()
	case '{':
		t.object(func(span) { t.pass(depth + 1) })
	case '[':
		t.array(func() { t.pass(depth + 1) })
	case 't':
		s.kind = 'b'
		t.passWord("true")
	case 'f':
		s.kind = 'b'
		t.passWord("false")
	case 'n':
		s.kind = 0
		t.passWord("null")
	default:
		s.kind = 'n'
		t.passNumber()
	}
	s.end = t.pos
	return s
}

// object goes over an object and calls member with each key, at its value.
func (t *tree) object(member func(key span)) {
	t.pos++
	if t.peek() == '}' {
		t.pos++
		return
	}
	for {
		member(t.passKey())
		switch t.peek() {
		case ',':
			t.pos++
		case '}':
			t.pos++
			return
		default:
			t.notJSON("what follows an object's member")
		}
	}
}

// passKey goes over an object's key and the colon after it.
func (t *tree) passKey() span {
	if t.peek() != '"' {
		t.notJSON("an object's key")
	}
	key := t.passText()
	if t.pos >= len(t.data) || t.data[t.pos] != ':' { // most writers leave no space
		if t.peek() != ':' {
			t.notJSON("what follows a key")
		}
	}
	t.pos++
	return key
}

// array goes over an array and calls item at each value.
func (t *tree) array(item func()) {
	t.pos++
	if t.peek() == ']' {
		t.pos++
		return
	}
	for {
		item()
		switch t.peek() {
		case ',':
			t.pos++
		case ']':
			t.pos++
			return
		default:
			t.notJSON("what follows an array's item")
		}
	}
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// passText goes over a text, eight bytes at a time for as long as they are
// ASCII without quotes, backslashes and control characters.
func (t *tree) passText() span {
	s := span{start: t.pos, kind: 's', plain: true}
	b, i := t.data, t.pos+1
	for {
		for i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			// The high bit of a byte says: not ASCII, below a space, a quote, a
			// backslash. A borrow only reaches bytes after the first such one.
			quote, escape := w^'"'*everyByte, w^'\\'*everyByte
			m := (w | (w - ' '*everyByte) | (quote - everyByte) | (escape - everyByte)) & highBits
			if m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			t.cutShort()
		}
		switch c := b[i]; {
		case c == '"':
			t.pos = i + 1
			s.end = t.pos
			return s
		case c == '\\':
			s.plain = false
			i = t.passEscape(i)
		case c < ' ':
			t.pos = i
			t.failAt(i, "not JSON: a text with the control character %q", c)
		default:
			s.plain = s.plain && c < utf8.RuneSelf
			i++
		}
	}
}

// passEscape goes over the escape at i.
func (t *tree) passEscape(i int) int {
	if i+1 >= len(t.data) {
		t.cutShort()
	}
	switch t.data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(t.data) {
				t.cutShort()
			}
			switch c := t.data[k]; {
			case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			default:
				t.failAt(k, "not JSON: %q in a \\u escape", c)
			}
		}
		return i + 6
	}
	t.failAt(i, "not JSON: the escape \\%c", t.data[i+1])
	return 0
}

// areDigits reports whether the first eight bytes are digits: the upper half
// of each is 3, and stays 3 when 6 is added.
func areDigits(b []byte) bool {
	w := binary.LittleEndian.Uint64(b)
	const upper = 0xf0 * everyByte
	return w&upper == '0'*everyByte && (w+6*everyByte)&upper == '0'*everyByte
}

// eightDigits is the number that eight digits are: pairs, then fours, then
// all of them are added up at once.
func eightDigits(b []byte) uint64 {
	w := binary.LittleEndian.Uint64(b) - '0'*everyByte
	w = w*10 + w>>8 // in every second byte
	const pairs = 0x000000ff000000ff
	return (w&pairs*(100+1000000<<32) + w>>16&pairs*(1+10000<<32)) >> 32
}

func (t *tree) passWord(word string) {
	for i := range len(word) {
		if t.pos+i >= len(t.data) {
			t.cutShort()
		}
		if t.data[t.pos+i] != word[i] {
			t.notJSON("a value")
		}
	}
	t.pos += len(word)
}

// passNumber goes over -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (t *tree) passNumber() {
	i := t.pos
	if c := t.data[i]; '1' <= c && c <= '9' {
		for i+8 <= len(t.data) && areDigits(t.data[i:]) {
			i += 8
		}
		for ; i < len(t.data) && t.data[i]-'0' <= 9; i++ {
		}
		if i < len(t.data) && (t.data[i] == ',' || t.data[i] == '}') {
			t.pos = i // nearly all of them
			return
		}
		i = t.pos
	}
	at := func() byte {
		if i < len(t.data) {
			return t.data[i]
		}
		return 0
	}
	digits := func() {
		first := i
		for i < len(t.data) && t.data[i]-'0' <= 9 {
			i++
		}
		switch {
		case i > first:
		case i >= len(t.data):
			t.cutShort()
		default:
			t.notJSON("a value")
		}
	}
	if at() == '-' {
		i++
	}
	if at() == '0' {
		i++
	} else {
		digits()
	}
	if at() == '.' {
		i++
		digits()
	}
	if c := at(); c == 'e' || c == 'E' {
		i++
		if c := at(); c == '+' || c == '-' {
			i++
		}
		digits()
	}
	t.pos = i
}

// textOf returns the text of a string, a number or a boolean. What is no UTF-8
// becomes U+FFFD, as in encoding/json.
func (t *tree) textOf(s span) string {
	if s.kind != 's' {
		return string(t.data[s.start:s.end])
	}
	if s.plain {
		return string(t.data[s.start+1 : s.end-1])
	}
	var out string
	if err := json.Unmarshal(t.data[s.start:s.end], &out); err != nil {
		t.failAt(s.start, "not JSON: %v", err)
	}
	return out
}
