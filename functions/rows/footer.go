package rows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"psyberg/functions/surface"
)

// node is one column of a Parquet file, as far as its shape goes: its field
// id, its name in the file, and what it is made of.
type node struct {
	id       int // -1: the file has none for it
	name     string
	kind     nodeKind
	children []*node // members; a list's element; a map's key and value
}

type nodeKind byte

const (
	leafNode nodeKind = 'p'
	rowNode  nodeKind = 's'
	listNode nodeKind = 'l'
	mapNode  nodeKind = 'm'
)

// child returns the member with a field id.
func (n *node) child(id int) *node {
	for _, c := range n.children {
		if c.id == id {
			return c
		}
	}
	return nil
}

const (
	// footerGuess is read from a file's end at once: nearly every footer fits.
	footerGuess = 64 << 10
	// maxFooter is the longest footer that is read.
	maxFooter = 256 << 20
)

// readColumns reads the footer of a Parquet file and returns its columns. A
// file that is no local one is read whole.
func readColumns(ctx context.Context, files surface.Files, location, local string, size int64) ([]*node, error) {
	footer, err := readFooter(ctx, files, location, local, size)
	if err == nil {
		var root *node
		if root, err = parseFooter(footer); err == nil {
			return root.children, nil
		}
	}
	return nil, fmt.Errorf("read footer of data file %q: %w", location, err)
}

func readFooter(ctx context.Context, files surface.Files, location, local string, size int64) ([]byte, error) {
	if strings.Contains(local, "://") {
		data, err := files.Read(ctx, location, sizeOrUnknown(size))
		if err != nil {
			return nil, err
		}
		return footerOf(data, int64(len(data)))
	}
	f, err := os.Open(local)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(end, footerGuess))
	if _, err := f.ReadAt(tail, end-int64(len(tail))); err != nil {
		return nil, err
	}
	footer, err := footerOf(tail, end)
	var short *shortTail
	if !errors.As(err, &short) {
		return footer, err
	}
	tail = make([]byte, short.need)
	if _, err := f.ReadAt(tail, end-short.need); err != nil {
		return nil, err
	}
	return footerOf(tail, end)
}

func sizeOrUnknown(size int64) int64 {
	if size <= 0 {
		return -1
	}
	return size
}

// shortTail says that more of the file's end is needed.
type shortTail struct{ need int64 }

func (s *shortTail) Error() string { return fmt.Sprintf("the footer needs the last %d bytes", s.need) }

// footerOf cuts the footer out of the end of a file of size bytes.
func footerOf(tail []byte, size int64) ([]byte, error) {
	if len(tail) < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a Parquet file [PSY_DAMAGED]", size)
	}
	switch magic := string(tail[len(tail)-4:]); magic {
	case "PAR1":
	case "PARE":
		return nil, errors.New("the file is encrypted: encrypted files are not read")
	default:
		return nil, fmt.Errorf("the file ends in %q, not in PAR1: it is no Parquet file, or cut short [PSY_DAMAGED]", magic)
	}
	n := int64(binary.LittleEndian.Uint32(tail[len(tail)-8:]))
	switch {
	case n > size-8 || n > maxFooter:
		return nil, fmt.Errorf("the file announces a footer of %d bytes and has %d [PSY_DAMAGED]", n, size)
	case n > int64(len(tail))-8:
		return nil, &shortTail{n + 8}
	}
	return tail[int64(len(tail))-8-n : len(tail)-8], nil
}

// parseFooter reads the schema at the beginning of a footer.
func parseFooter(footer []byte) (*node, error) {
	elements, err := schemaElements(footer)
	if err != nil {
		return nil, fmt.Errorf("%w [PSY_DAMAGED]", err)
	}
	b := &treeBuilder{rest: elements}
	root, err := b.next(0)
	if err == nil && len(b.rest) > 0 {
		err = fmt.Errorf("%d schema elements belong to nothing", len(b.rest))
	}
	if err != nil {
		return nil, fmt.Errorf("%w [PSY_DAMAGED]", err)
	}
	return root.node(), nil
}

// group is a schema element with those below it.
type group struct {
	element
	members []*group
}

type treeBuilder struct{ rest []element }

const maxNesting = 100

func (b *treeBuilder) next(depth int) (*group, error) {
	if len(b.rest) == 0 || depth > maxNesting {
		return nil, errors.New("the schema's elements do not make a tree")
	}
	g := &group{element: b.rest[0]}
	b.rest = b.rest[1:]
	if g.children < 0 || int(g.children) > len(b.rest) {
		return nil, fmt.Errorf("element %.100q announces %d members, %d are left", g.name, g.children, len(b.rest))
	}
	for range g.children {
		m, err := b.next(depth + 1)
		if err != nil {
			return nil, err
		}
		g.members = append(g.members, m)
	}
	return g, nil
}

// node makes out lists and maps by the rules of Parquet's "LogicalTypes".
func (g *group) node() *node {
	n := &node{id: int(g.fieldID), name: g.name, kind: leafNode}
	switch {
	case len(g.members) == 0:
	case g.isMap && len(g.members) == 1 && len(g.members[0].members) == 2:
		n.kind = mapNode
		n.children = []*node{g.members[0].members[0].node(), g.members[0].members[1].node()}
	case g.isList && len(g.members) == 1:
		n.kind = listNode
		n.children = []*node{g.members[0].listElement(g.name).node()}
	default:
		n.kind = rowNode
		for _, m := range g.members {
			n.children = append(n.children, m.node())
		}
	}
	return n
}

// listElement finds the element below the repeated element of a list: the
// repeated one itself in the older layouts.
func (g *group) listElement(list string) *group {
	if len(g.members) != 1 || g.name == "array" || g.name == list+"_tuple" {
		return g
	}
	return g.members[0]
}
