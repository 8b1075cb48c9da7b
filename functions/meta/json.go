package meta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// DamagedError says that a metadata file is not what the spec says, and where.
type DamagedError struct {
	File   string // as Parse was told
	Offset int64  // bytes into the (inflated) JSON text
	What   string
}

// Code is the code by which scripts tell this error apart (cli.md).
func (e *DamagedError) Code() string { return "PSY_DAMAGED" }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("read metadata %q at byte %d: %s [PSY_DAMAGED]", e.File, e.Offset, e.What)
}

// node is a JSON value that knows where it stood.
type node struct {
	start, end int64
	kind       byte // { [ s(tring) n(umber) b(oolean) 0 for null
	text       string
	keys       []string // of an object, in file order
	members    map[string]*node
	items      []*node
}

// maxDepth is far more than a schema has that anyone can read: a nested type
// takes three levels.
const maxDepth = 300

// tree reads data into nodes. Of a key that is repeated the last one counts.
type tree struct {
	file string
	data []byte
	dec  *json.Decoder
}

func newTree(file string, data []byte) *tree {
	t := &tree{file: file, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	t.dec.UseNumber()
	return t
}

// failAt stops Parse with an error; Parse recovers it.
func (t *tree) failAt(offset int64, format string, args ...any) {
	panic(&DamagedError{File: t.file, Offset: offset, What: fmt.Sprintf(format, args...)})
}

func (t *tree) fail(n *node, format string, args ...any) { t.failAt(n.start, format, args...) }

// token reads one token and says where it begins.
func (t *tree) token() (json.Token, int64) {
	start := t.dec.InputOffset()
	for start < int64(len(t.data)) && bytes.IndexByte([]byte(" \t\r\n,:"), t.data[start]) >= 0 {
		start++
	}
	tok, err := t.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			t.failAt(int64(len(t.data)), "the file is cut short")
		}
		t.failAt(start, "not JSON: %v", err)
	}
	return tok, start
}

func (t *tree) document() *node {
	n := t.value(0)
	rest := bytes.TrimLeft(t.data[t.dec.InputOffset():], " \t\r\n\x00")
	if len(rest) > 0 {
		t.failAt(int64(len(t.data)-len(rest)), "text after the end of the JSON object")
	}
	return n
}

func (t *tree) value(depth int) *node {
	tok, start := t.token()
	return t.finish(tok, start, depth)
}

func (t *tree) finish(tok json.Token, start int64, depth int) *node {
	if depth > maxDepth {
		t.failAt(start, "nested deeper than %d levels", maxDepth)
	}
	n := &node{start: start}
	switch v := tok.(type) {
	case nil:
	case bool:
		n.kind, n.text = 'b', strconv.FormatBool(v)
	case string:
		n.kind, n.text = 's', v
	case json.Number:
		n.kind, n.text = 'n', v.String()
	case json.Delim:
		n.kind = byte(v)
		t.members(n, depth)
	}
	n.end = t.dec.InputOffset()
	return n
}

func (t *tree) members(n *node, depth int) {
	if n.kind == '{' {
		n.members = map[string]*node{}
	}
	for {
		tok, start := t.token()
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			return
		}
		if n.kind == '[' {
			n.items = append(n.items, t.finish(tok, start, depth+1))
			continue
		}
		key, ok := tok.(string)
		if !ok {
			t.failAt(start, "an object's key is not text")
		}
		if _, again := n.members[key]; !again {
			n.keys = append(n.keys, key)
		}
		n.members[key] = t.value(depth + 1)
	}
}

// get returns a member, nil where it is missing or an explicit null.
func (n *node) get(key string) *node {
	if m := n.members[key]; m != nil && m.kind != 0 {
		return m
	}
	return nil
}

func (t *tree) want(n *node, kind byte, what, key string) {
	if n.kind != kind {
		t.fail(n, "%q is not %s", key, what)
	}
}

func (t *tree) str(n *node, key string) string {
	m := n.get(key)
	if m == nil {
		return ""
	}
	t.want(m, 's', "text", key)
	return m.text
}

// number returns an integer member; ok is false where it is missing or null.
func (t *tree) number(n *node, key string) (v int64, ok bool) {
	m := n.get(key)
	if m == nil {
		return 0, false
	}
	return t.integer(m, key), true
}

func (t *tree) integer(m *node, key string) int64 {
	t.want(m, 'n', "a whole number", key)
	v, err := strconv.ParseInt(m.text, 10, 64)
	if err != nil {
		t.fail(m, "%q: %s is not a 64-bit whole number", key, m.text)
	}
	return v
}

// id returns a 32-bit member, or otherwise where it is missing.
func (t *tree) id(n *node, key string, otherwise int) int {
	v, ok := t.number(n, key)
	if !ok {
		return otherwise
	}
	return t.small(n.get(key), key, v)
}

func (t *tree) small(m *node, key string, v int64) int {
	if v < math.MinInt32 || v > math.MaxInt32 {
		t.fail(m, "%q: %d does not fit 32 bits", key, v)
	}
	return int(v)
}

func (t *tree) optional(n *node, key string) *int64 {
	if v, ok := t.number(n, key); ok {
		return &v
	}
	return nil
}

func (t *tree) needID(n *node, key string) int {
	t.need(n, key)
	return t.id(n, key, 0)
}

func (t *tree) needNumber(n *node, key string) int64 {
	t.need(n, key)
	v, _ := t.number(n, key)
	return v
}

func (t *tree) needStr(n *node, key string) string {
	t.need(n, key)
	return t.str(n, key)
}

func (t *tree) need(n *node, key string) {
	if n.get(key) == nil {
		t.fail(n, "%q is missing", key)
	}
}

func (t *tree) boolean(n *node, key string) bool {
	m := n.get(key)
	if m == nil {
		return false
	}
	t.want(m, 'b', "true or false", key)
	return m.text == "true"
}

// list returns the items of a list member, none where it is missing or null.
func (t *tree) list(n *node, key string) []*node {
	m := n.get(key)
	if m == nil {
		return nil
	}
	t.want(m, '[', "a list", key)
	return m.items
}

// objects is list where every item must be an object.
func (t *tree) objects(n *node, key string) []*node {
	items := t.list(n, key)
	for _, item := range items {
		t.want(item, '{', "a list of objects", key)
	}
	return items
}

// texts returns a member that is an object of texts. Numbers and booleans, as
// some writers leave them in summaries, are taken as text; nulls are left out.
func (t *tree) texts(n *node, key string) map[string]string {
	out := map[string]string{}
	m := n.get(key)
	if m == nil {
		return out
	}
	t.want(m, '{', "an object", key)
	for k, v := range m.members {
		switch v.kind {
		case 0:
		case 's', 'n', 'b':
			out[k] = v.text
		default:
			t.fail(v, "%q: the value of %q is not text", key, k)
		}
	}
	return out
}

// raw returns the JSON text of a member, nil where it is missing or null.
func (t *tree) raw(n *node, key string) []byte {
	m := n.get(key)
	if m == nil {
		return nil
	}
	return t.data[m.start:m.end]
}
