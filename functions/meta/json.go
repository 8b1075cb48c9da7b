package meta

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"psyberg/psyberg"
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

// node is a JSON value with what is in it.
type node struct {
	span
	keys    []string // of an object, in file order
	members map[string]*node
	items   []*node
}

// maxDepth is far more than a schema has that anyone can read: a nested type
// takes three levels.
const maxDepth = 300

// tree reads a metadata.json in one pass. Of a key that is repeated the last
// one counts. The long lists become what they are for at once; the rest, which
// is short, becomes nodes.
type tree struct {
	file string
	data []byte
	pos  int // where the pass is

	snapshots list[*psyberg.Snapshot]
	log       list[SnapshotLogEntry]
	summary   passed // of the snapshot that is being read
	shape     shape  // of summaries
}

// list is one of the long lists. What is wrong with an item is said when the
// list's turn comes: that the file is JSON is checked first.
type list[T any] struct {
	items []T
	err   *DamagedError
}

func newTree(file string, data []byte) *tree {
	return &tree{file: file, data: data}
}

// failAt stops Parse with an error; Parse recovers it.
func (t *tree) failAt(offset int, format string, args ...any) {
	panic(&DamagedError{File: t.file, Offset: int64(offset), What: fmt.Sprintf(format, args...)})
}

func (t *tree) fail(n *node, format string, args ...any) { t.failAt(n.start, format, args...) }

// document reads the whole file.
func (t *tree) document() *node {
	root := &node{}
	if t.peek() == '{' {
		root = t.root()
	} else {
		root.span = t.pass(0)
	}
	rest := bytes.TrimLeft(t.data[t.pos:], " \t\r\n\x00")
	if len(rest) > 0 {
		t.failAt(len(t.data)-len(rest), "text after the end of the JSON object")
	}
	return root
}

// root reads the outermost object.
func (t *tree) root() *node {
	n := &node{span: span{start: t.pos, kind: '{'}, members: map[string]*node{}}
	t.object(func(k span) {
		key, long := t.textOf(k), t.peek() == '['
		m := &node{span: span{start: t.pos, kind: '['}}
		switch {
		case key == "snapshots" && long:
			t.snapshotList()
		case key == "snapshot-log" && long:
			t.snapshotLog()
		case key == "statistics" || key == "partition-statistics":
			m.span = t.pass(1) // nobody asks
		default:
			m = t.value(1)
		}
		m.end = t.pos
		n.members[key] = m
	})
	n.end = t.pos
	return n
}

// value reads a value and all that is in it.
func (t *tree) value(depth int) *node {
	c := t.peek()
	if c != '{' && c != '[' {
		return &node{span: t.pass(depth)}
	}
	if depth > maxDepth {
		t.failAt(t.pos, "nested deeper than %d levels", maxDepth)
	}
	n := &node{span: span{start: t.pos, kind: c}}
	if c == '[' {
		t.array(func() { n.items = append(n.items, t.value(depth+1)) })
	} else {
		n.members = map[string]*node{}
		t.object(func(k span) {
			key := t.textOf(k)
			if _, again := n.members[key]; !again {
				n.keys = append(n.keys, key)
			}
			n.members[key] = t.value(depth + 1)
		})
	}
	n.end = t.pos
	return n
}

// get returns a member, nil where it is missing or an explicit null.
func (n *node) get(key string) *node {
	if m := n.members[key]; m != nil && m.kind != 0 {
		return m
	}
	return nil
}

func (t *tree) want(s span, kind byte, what, key string) {
	if s.kind != kind {
		t.failAt(s.start, "%q is not %s", key, what)
	}
}

func (t *tree) str(n *node, key string) string {
	m := n.get(key)
	if m == nil {
		return ""
	}
	t.want(m.span, 's', "text", key)
	return t.textOf(m.span)
}

// number returns an integer member; ok is false where it is missing or null.
func (t *tree) number(n *node, key string) (v int64, ok bool) {
	m := n.get(key)
	if m == nil {
		return 0, false
	}
	return t.integer(m.span, key), true
}

func (t *tree) integer(s span, key string) int64 {
	t.want(s, 'n', "a whole number", key)
	if digits := t.data[s.start:s.end]; len(digits) <= 19 && digits[0] != '-' { // too short to overflow 64 bits
		var v uint64
		for len(digits) >= 8 && areDigits(digits) {
			v = v*1e8 + eightDigits(digits)
			digits = digits[8:]
		}
		for _, c := range digits {
			if c -= '0'; c > 9 {
				v = math.MaxUint64
				break
			}
			v = 10*v + uint64(c)
		}
		if v <= math.MaxInt64 {
			return int64(v)
		}
	}
	text := t.textOf(s)
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.failAt(s.start, "%q: %s is not a 64-bit whole number", key, text)
	}
	return v
}

// id returns a 32-bit member, or otherwise where it is missing.
func (t *tree) id(n *node, key string, otherwise int) int {
	v, ok := t.number(n, key)
	if !ok {
		return otherwise
	}
	return t.small(n.get(key).span, key, v)
}

func (t *tree) small(s span, key string, v int64) int {
	if v < math.MinInt32 || v > math.MaxInt32 {
		t.failAt(s.start, "%q: %d does not fit 32 bits", key, v)
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
	t.want(m.span, 'b', "true or false", key)
	return t.data[m.start] == 't'
}

// list returns the items of a list member, none where it is missing or null.
func (t *tree) list(n *node, key string) []*node {
	m := n.get(key)
	if m == nil {
		return nil
	}
	t.want(m.span, '[', "a list", key)
	return m.items
}

// objects is list where every item must be an object.
func (t *tree) objects(n *node, key string) []*node {
	items := t.list(n, key)
	for _, item := range items {
		t.want(item.span, '{', "a list of objects", key)
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
	t.want(m.span, '{', "an object", key)
	for k, v := range m.members {
		switch v.kind {
		case 0:
		case 's', 'n', 'b':
			out[k] = t.textOf(v.span)
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
