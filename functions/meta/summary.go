package meta

import (
	"bytes"
	"slices"

	"psyberg/psyberg"
)

// Summaries are two thirds of a long history, and hardly any of their texts is
// ever asked for: they are passed, and decoded when somebody asks.

// passed is what passing a summary has shown.
type passed struct {
	operation span // its value; kind 0 where there is none
	escaped   bool // some text of it is not plain
	nested    bool // some value is an object or an array
}

// rawSummary is a summary that was passed: an object of JSON whose values are
// texts, numbers, booleans and nulls.
type rawSummary struct {
	json    []byte
	escaped bool
}

// pair is a member of a summary.
type pair struct{ key, value span }

// pairsOf returns the members of an object that was passed before.
func (t *tree) pairsOf() (out []pair) {
	t.object(func(key span) { out = append(out, pair{key, t.pass(4)}) })
	return out
}

// Lookup implements psyberg.Texts. Of a key that is repeated the last counts,
// and a null is no text.
func (r *rawSummary) Lookup(key string) (text string, ok bool) {
	if key == "operation" || !r.escaped && !bytes.Contains(r.json, []byte(key)) {
		return "", false
	}
	t := tree{data: r.json}
	for _, p := range t.pairsOf() {
		if t.isText(p.key, key) {
			text, ok = "", p.value.kind != 0
			if ok {
				text = t.textOf(p.value)
			}
		}
	}
	return text, ok
}

func (t *tree) isText(s span, want string) bool {
	if s.plain {
		return string(t.data[s.start+1:s.end-1]) == want
	}
	return t.textOf(s) == want
}

// Map implements psyberg.Texts.
func (r *rawSummary) Map() map[string]string {
	t := tree{data: r.json}
	pairs := t.pairsOf()
	out := make(map[string]string, len(pairs))
	for _, p := range pairs {
		key := t.textOf(p.key)
		switch {
		case key == "operation":
		case p.value.kind == 0:
			delete(out, key)
		default:
			out[key] = t.textOf(p.value)
		}
	}
	return out
}

// summaryOf returns the summary at s without its operation. Numbers and
// booleans, as some writers leave them in summaries, are taken as text; nulls
// are left out.
func (t *tree) summaryOf(room *rawSummary, s span) (out psyberg.Summary, operation string) {
	if s.kind == 0 {
		return psyberg.Summary{}, ""
	}
	t.want(s, '{', "an object", "summary")
	if t.summary.nested {
		t.refuseNested(s)
	}
	*room = rawSummary{t.data[s.start:s.end:s.end], t.summary.escaped}
	if t.summary.operation.kind != 0 {
		operation = t.word(t.summary.operation)
	}
	return psyberg.SummaryFrom(room), operation
}

// refuseNested fails where a value that counts is an object or an array.
func (t *tree) refuseNested(s span) {
	after := t.pos
	defer func() { t.pos = after }()
	t.pos = s.start
	pairs := t.pairsOf()
	for i, p := range pairs {
		if p.value.kind != '{' && p.value.kind != '[' {
			continue
		}
		key := t.textOf(p.key)
		if !slices.ContainsFunc(pairs[i+1:], func(q pair) bool { return t.textOf(q.key) == key }) {
			t.failAt(p.value.start, "%q: the value of %q is not text", "summary", key)
		}
	}
}

// words are the operations that there are.
var words = []string{"append", "overwrite", "delete", "replace"}

// word is textOf without a copy of what it always is.
func (t *tree) word(s span) string {
	if s.plain {
		for _, w := range words {
			if string(t.data[s.start+1:s.end-1]) == w {
				return w
			}
		}
	}
	return t.textOf(s)
}

// shape is how the last object of a list was written. The objects of a history
// have the same members in the same order with the same spaces, so that most
// of what stands between their values need not be read but compared.
type shape struct{ leads []lead }

// lead is what stands before a member's value: all from the end of the value
// before it.
type lead struct {
	text   []byte
	name   string // the key
	plain  bool   // the key is plain
	fresh  bool   // was just made
	member int    // see record
	same   []byte // the last value, with its quotes, where it is long and plain
}

// step goes from the end of an object's value, or from its first byte, to
// its n-th value; it returns nil after the last one.
func (t *tree) step(sh *shape, n int) *lead {
	if n < len(sh.leads) {
		l := &sh.leads[n]
		if end := t.pos + len(l.text); end < len(t.data) && bytes.Equal(t.data[t.pos:end], l.text) {
			t.pos = end
			return l
		}
	}
	return t.newMember(sh, n)
}

func (t *tree) newMember(sh *shape, n int) *lead {
	from := t.pos
	switch c := t.peek(); {
	case n == 0:
		t.pos++
		if t.peek() == '}' {
			t.pos++
			return nil
		}
	case c == ',':
		t.pos++
	case c == '}':
		t.pos++
		return nil
	default:
		t.notJSON("what follows an object's member")
	}
	key := t.passKey()
	t.peek()
	sh.leads = append(sh.leads[:n], lead{text: t.data[from:t.pos], name: t.textOf(key), plain: key.plain, fresh: true})
	return &sh.leads[n]
}

// longText is from which length on a value is worth a comparison with the one
// before.
const longText = 24

// passSummary goes over a summary; t.summary is what it has shown.
func (t *tree) passSummary() span {
	s := span{start: t.pos, kind: '{'}
	t.summary = passed{}
	for n := 0; ; n++ {
		l := t.step(&t.shape, n)
		if l == nil {
			s.end = t.pos
			return s
		}
		var v span
		switch {
		case t.data[t.pos] != '"':
			v = t.pass(4)
			t.summary.nested = t.summary.nested || v.kind == '{' || v.kind == '['
			t.summary.escaped = t.summary.escaped || v.kind == 's' && !v.plain
		case len(l.same) > 0 && bytes.HasPrefix(t.data[t.pos:], l.same):
			v = span{start: t.pos, end: t.pos + len(l.same), kind: 's', plain: true}
			t.pos = v.end
		default:
			v = t.passText()
			if l.same = nil; v.plain && v.end-v.start > longText {
				l.same = t.data[v.start:v.end]
			}
			t.summary.escaped = t.summary.escaped || !v.plain
		}
		t.summary.escaped = t.summary.escaped || !l.plain
		if l.name == "operation" {
			t.summary.operation = v
		}
	}
}
