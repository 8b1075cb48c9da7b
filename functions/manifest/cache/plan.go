package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"psyberg/functions/manifest"
)

// version is of what files hold: of their format, and of the decoder, whose
// answers they are. It changes whenever either does.
const version = 4

// group is the columns that one file holds.
type group struct {
	name    string
	request manifest.Request
	schema  *arrow.Schema
	at      map[string]int // column by name
	nodes   []int          // by column: its first node, then that after the last
	buffers []int          // likewise
}

func newGroup(name string, r manifest.Request) *group {
	g := &group{name: name, request: r, schema: manifest.Schema(&r), at: map[string]int{}}
	nodes, buffers := 0, 0
	for i, f := range g.schema.Fields() {
		g.at[f.Name] = i
		g.nodes, g.buffers = append(g.nodes, nodes), append(g.buffers, buffers)
		n, b := countParts(f.Type)
		nodes, buffers = nodes+n, buffers+b
	}
	g.nodes, g.buffers = append(g.nodes, nodes), append(g.buffers, buffers)
	return g
}

// countParts is how many nodes and buffers Arrow's IPC format has for a column.
func countParts(t arrow.DataType) (nodes, buffers int) {
	switch t := t.(type) {
	case *arrow.NullType:
		return 1, 0
	case *arrow.StringType, *arrow.BinaryType:
		return 1, 3
	case *arrow.MapType:
		n, b := countParts(t.Elem())
		return n + 1, b + 2
	case *arrow.ListType:
		n, b := countParts(t.Elem())
		return n + 1, b + 2
	case *arrow.StructType:
		nodes, buffers = 1, 1
		for _, f := range t.Fields() {
			n, b := countParts(f.Type)
			nodes, buffers = nodes+n, buffers+b
		}
		return nodes, buffers
	}
	return 1, 2
}

var mapColumns = []manifest.Column{manifest.ColumnSizes, manifest.ValueCounts, manifest.NullValueCounts, manifest.NaNValueCounts,
	manifest.LowerBounds, manifest.UpperBounds}

// core is the group that every plan has: of status 2 there may be entries
// that a request does not want. It is what most questions add up. The other
// numbers, of snapshots and sequences, are a group of their own, and so are texts
// and lists, which take three quarters of the room: what is not asked for is not
// even decoded.
var (
	core    = newGroup("core", manifest.Request{Columns: coreColumns})
	numbers = newGroup("numbers", manifest.Request{Columns: ofWidth(true)})
	texts   = newGroup("texts", manifest.Request{Columns: ofWidth(false)})
)

var coreColumns = []manifest.Column{manifest.Status, manifest.FileContent, manifest.SpecID, manifest.RecordCount, manifest.FileSizeInBytes}

// statusAt is where core has the entry's status.
var statusAt = core.at[manifest.Status.String()]

// ofWidth are the columns of fixed width, or the others, but for those of core,
// the partition and the maps.
func ofWidth(fixed bool) []manifest.Column {
	return slices.DeleteFunc(manifest.AllColumns(), func(c manifest.Column) bool {
		if c == manifest.Partition || slices.Contains(mapColumns, c) || slices.Contains(coreColumns, c) {
			return true
		}
		_, is := manifest.Schema(&manifest.Request{Columns: []manifest.Column{c}}).Field(0).Type.(arrow.FixedWidthDataType)
		return is != fixed
	})
}

var maps = newGroup("maps", manifest.Request{Columns: mapColumns})

// plan is what of which group a request needs.
type plan struct {
	request *manifest.Request
	schema  *arrow.Schema
	groups  []*group // core first
	picks   []pick   // by column of schema
	needs   [][]int  // by group: the columns of it that are picked
}

type pick struct{ group, column int }

// newPlan returns nil for a request that the cache has no answer to: a
// partition typed by each manifest for itself, or one that Scan refuses.
func newPlan(req *manifest.Request) *plan {
	p := &plan{request: req, groups: []*group{core}}
	seen := map[manifest.Column]bool{}
	for _, c := range req.Columns {
		if int(c) >= len(manifest.AllColumns()) || seen[c] {
			return nil
		}
		seen[c] = true
	}
	if seen[manifest.Partition] {
		name := "partition"
		for _, f := range req.Partition {
			if f.Type == nil {
				return nil
			}
			name += fmt.Sprintf(" %d %q %v", f.ID, f.Name, f.Type)
		}
		r := manifest.Request{Columns: []manifest.Column{manifest.Partition}, Partition: slices.Clone(req.Partition)}
		if !isKnown(arrow.StructOf(fieldsOf(r.Partition)...)) {
			return nil
		}
		p.groups = append(p.groups, newGroup(name, r))
	}
	for _, g := range []*group{numbers, texts, maps} {
		if slices.ContainsFunc(g.request.Columns, func(c manifest.Column) bool { return seen[c] }) {
			p.groups = append(p.groups, g)
		}
	}
	ids := slices.Concat(req.Bounds, req.Counts)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if twice(req.Bounds, id) || twice(req.Counts, id) {
			return nil
		}
		p.groups = append(p.groups, newGroup("column "+strconv.Itoa(int(id)), manifest.Request{Bounds: []int32{id}, Counts: []int32{id}}))
	}
	p.schema, p.needs = manifest.Schema(req), make([][]int, len(p.groups))
	for _, f := range p.schema.Fields() {
		for g := range p.groups {
			if c, ok := p.groups[g].at[f.Name]; ok {
				p.picks, p.needs[g] = append(p.picks, pick{g, c}), append(p.needs[g], c)
				break
			}
		}
	}
	return p
}

func twice(ids []int32, id int32) bool {
	i := slices.Index(ids, id)
	return i >= 0 && slices.Contains(ids[i+1:], id)
}

func fieldsOf(parts []manifest.PartitionField) []arrow.Field {
	out := make([]arrow.Field, len(parts))
	for i, p := range parts {
		out[i] = arrow.Field{Name: p.Name, Type: p.Type, Nullable: true}
	}
	return out
}

// isKnown reports whether a partition's type is one that load makes.
func isKnown(t *arrow.StructType) bool {
	for _, f := range t.Fields() {
		switch f.Type.ID() {
		case arrow.NULL, arrow.BOOL, arrow.INT32, arrow.INT64, arrow.FLOAT32, arrow.FLOAT64, arrow.DATE32, arrow.TIME32, arrow.TIME64,
			arrow.TIMESTAMP, arrow.DECIMAL128, arrow.STRING, arrow.BINARY, arrow.FIXED_SIZE_BINARY:
		default:
			return false
		}
	}
	return true
}

// filling is the request that decodes what p wants and all of the groups that
// are missing.
func (p *plan) filling(missing []*group) *manifest.Request {
	out := &manifest.Request{Columns: slices.Clone(p.request.Columns), Partition: p.request.Partition,
		Bounds: slices.Clone(p.request.Bounds), Counts: slices.Clone(p.request.Counts)}
	for _, g := range missing {
		out.Columns = union(out.Columns, g.request.Columns)
		out.Bounds = union(out.Bounds, g.request.Bounds)
		out.Counts = union(out.Counts, g.request.Counts)
	}
	out.Columns = union(out.Columns, []manifest.Column{manifest.Status})
	return out
}

func union[T comparable](have, more []T) []T {
	for _, v := range more {
		if !slices.Contains(have, v) {
			have = append(have, v)
		}
	}
	return have
}

// order tells machines apart that keep numbers differently.
var order = binary.NativeEndian.Uint16([]byte{1, 0})

// key says what a group's columns in a file are of: the manifest, its length,
// all that its entries inherit from the manifest list, and the group.
func key(f manifest.File, g *group) string {
	b := append(make([]byte, 0, 160+len(f.Path)+len(g.name)), "psyql manifest cache "...)
	number := func(name string, v int64) {
		b = append(b, name...)
		b = append(strconv.AppendInt(b, v, 10), '\n')
	}
	number("", version)
	number("order ", int64(order))
	number("location of bytes ", int64(len(f.Path)))
	b = append(append(b, f.Path...), '\n')
	number("length ", f.Length)
	number("spec ", int64(f.SpecID))
	number("content ", int64(f.Content))
	number("sequence ", int64(f.Sequence))
	number("snapshot ", int64(f.AddedSnapshotID))
	if f.FirstRowID != nil {
		number("first row ", *f.FirstRowID)
	}
	return string(append(b, g.name...))
}

// hash is by what a key is found in a file; the file has all of it, too.
type hash [16]byte

func hashOf(text string) hash {
	sum := sha256.Sum256([]byte(text))
	return hash(sum[:16])
}

// folderOf is the folder, below the cache's, of what is kept of the manifests
// beside f: those of its table.
func folderOf(f manifest.File) string {
	h := hashOf(f.Path[:strings.LastIndexByte(f.Path, '/')+1])
	return hex.EncodeToString(h[:8])
}

const suffix = ".arrow"
