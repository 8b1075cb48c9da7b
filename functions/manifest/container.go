package manifest

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

// container is an Avro object container file: a header and blocks of entries.
type container struct {
	what, name string // for errors
	data       []byte
	pos        int // of the next block
	sync       []byte
	schema     *node
	codec      codec
	meta       header
	room       [12]headerEntry // for meta: Iceberg's writers have no more
}

// header is what an Avro file says of itself.
type header []headerEntry

type headerEntry struct{ key, value []byte }

// get returns a key's value, the last one where it is there twice, and nil where it is not.
func (h header) get(key string) []byte {
	for i := len(h) - 1; i >= 0; i-- {
		if string(h[i].key) == key {
			return h[i].value
		}
	}
	return nil
}

// block is one block, not yet decompressed.
type block struct {
	offset int // of its first byte in the file
	count  int // entries; may be 0
	packed []byte
}

const syncLen = 16

// open reads the header.
func open(what, name string, data []byte) (*container, error) {
	c := &container{what: what, name: name, data: slices.Clip(data)}
	if len(data) < 4 || string(data[:4]) != "Obj\x01" {
		return nil, c.damage(0, errNotAvro)
	}
	d := dec{b: data, pos: 4}
	c.meta = d.header(c.room[:])
	if d.err != nil {
		return nil, c.damage(d.pos, d.err)
	}
	if len(data)-d.pos < syncLen {
		return nil, c.damage(d.pos, errShort)
	}
	c.sync = data[d.pos : d.pos+syncLen]
	c.pos = d.pos + syncLen
	var err error
	if c.schema, err = cachedSchema(c.meta.get("avro.schema")); err != nil {
		return nil, c.damage(4, fmt.Errorf("avro.schema: %w", err))
	}
	if c.codec, err = codecNamed(string(c.meta.get("avro.codec"))); err != nil {
		return nil, fmt.Errorf("read %s %q: %w", what, name, err)
	}
	return c, nil
}

// IsPlain reports whether a manifest that begins so is not compressed: its bytes
// are looked at where they lie. It is false where head does not hold the header.
func IsPlain(head []byte) bool {
	c, err := open("manifest", "", head)
	return err == nil && c.codec.name == "null"
}

// maxHeader is how many entries a header has at most.
const maxHeader = 4096

// header decodes the metadata map that follows the magic, into room where it does.
func (d *dec) header(room []headerEntry) header {
	h := header(room[:0])
	for {
		n := d.blockCount()
		if n == 0 || d.err != nil {
			return h
		}
		if n > maxHeader-int64(len(h)) { // M2
			d.fail(fmt.Errorf("a header of more than %d entries", maxHeader))
		}
		for ; n > 0 && d.err == nil; n-- {
			h = append(h, headerEntry{d.bytes(), d.bytes()})
		}
	}
}

// next returns the next block; ok is false at the end of the file.
func (c *container) next() (b block, ok bool, err error) {
	if c.pos == len(c.data) {
		return b, false, nil
	}
	d := dec{b: c.data, pos: c.pos}
	count, size := d.long(), d.long()
	switch {
	case d.err != nil:
		return b, false, c.damage(c.pos, d.err)
	case count < 0:
		return b, false, c.damage(c.pos, fmt.Errorf("block of %d entries", count))
	case size < 0 || size > int64(len(c.data)-d.pos):
		return b, false, c.damage(c.pos, fmt.Errorf("%w: a block of %d bytes where %d are left", errShort, size, len(c.data)-d.pos))
	}
	end := d.pos + int(size)
	if len(c.data)-end < syncLen {
		return b, false, c.damage(c.pos, errShort)
	}
	if !bytes.Equal(c.data[end:end+syncLen], c.sync) {
		return b, false, c.damage(end, errSync)
	}
	if count > maxBlock { // every entry has a byte at least (M2)
		return b, false, c.damage(c.pos, fmt.Errorf("block of %d entries", count))
	}
	b = block{offset: c.pos, count: int(count), packed: c.data[d.pos:end]}
	c.pos = end + syncLen
	return b, true, nil
}

func (c *container) damage(offset int, cause error) error {
	return &DamageError{What: c.what, Name: c.name, Offset: int64(offset), Entry: -1, Cause: cause}
}

func (c *container) damagedEntry(offset int, entry int64, cause error) error {
	return &DamageError{What: c.what, Name: c.name, Offset: int64(offset), Entry: entry, Cause: cause}
}

// schemas keeps parsed schemas by their text: the manifests of a table share
// few. When it is full it starts anew, which bounds it. last is the one that was
// asked for last: to compare two texts costs less than to look one up.
var schemas = struct {
	sync.Mutex
	m    map[string]*textSchema
	last textSchema
}{m: map[string]*textSchema{}}

type textSchema struct {
	text string
	n    *node
}

const maxSchemas = 256

func cachedSchema(text []byte) (*node, error) {
	schemas.Lock()
	defer schemas.Unlock()
	if schemas.last.n != nil && schemas.last.text == string(text) {
		return schemas.last.n, nil
	}
	t, ok := schemas.m[string(text)]
	if !ok {
		n, err := parseSchema(text)
		if err != nil {
			return nil, err
		}
		if len(schemas.m) >= maxSchemas {
			clear(schemas.m)
		}
		t = &textSchema{string(text), n}
		schemas.m[t.text] = t
	}
	schemas.last = *t
	return t.n, nil
}
