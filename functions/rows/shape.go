package rows

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"psyberg/functions/meta"
)

// shape is what a file's columns are, where the table's schema does not say.
type shape struct {
	hasIDs  bool // the file has field ids
	columns map[int]*node
	// lacks are the columns, by id at any depth, that the file does not have and
	// that its partition has the value of.
	lacks map[int]bool
	key   string // equal for shapes that one scan can read
}

// footers says which files' footers have to be read.
type footers struct {
	mapping nameMapping
	all     bool // of all files
}

// needFooters looks at the table: its name mapping, and whether its nested
// columns may have changed since files were written. DuckDB finds columns by
// field id, but the members of nested ones by name.
func (p *planner) needFooters() (footers, error) {
	mapping, err := parseNameMapping(p.Table.Meta.Properties)
	if err != nil {
		return footers{}, err
	}
	f := footers{mapping: mapping, all: mapping != nil}
	for _, c := range p.columns {
		f.all = f.all || !c.field.Type.Primitive() && c.field.Type.Kind != meta.KindVariant && p.mayHaveChanged(c.field)
	}
	return f, nil
}

// mayHaveChanged reports whether some file may have a nested column otherwise
// than c is today: where a schema of the table says so, where schemas are
// missing that could, and where a member's name is written in another spelling.
func (p *planner) mayHaveChanged(c *meta.Field) bool {
	if oddNames(c.Type) {
		return true
	}
	for i, s := range p.Table.Meta.Schemas {
		if s.ID != i && !slices.ContainsFunc(p.Table.Meta.Schemas, func(o *meta.Schema) bool { return o.ID == i }) {
			return true // cleaned up by an expiry
		}
		for _, f := range s.Fields {
			if f.ID == c.ID && f.Type.String() != c.Type.String() {
				return true
			}
		}
	}
	return false
}

// oddNames reports whether a type has members whose names Iceberg Java writes
// in another spelling into files, that have default values, or are variants.
func oddNames(t meta.Type) bool {
	for _, m := range t.Members() {
		if m.Type.Kind == meta.KindVariant || t.Kind == meta.KindStruct && (m.InitialDefault != nil || !plainName(m.Name)) || oddNames(m.Type) {
			return true
		}
	}
	return false
}

func plainName(s string) bool {
	for i, r := range s {
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return s != ""
}

// identities are the identity fields of the table's specs, by spec and source
// column: their index in the spec.
func (p *planner) identities() map[int]map[int]int {
	out := map[int]map[int]int{}
	for _, s := range p.Table.Meta.Specs {
		out[s.ID] = map[int]int{}
		for i, f := range s.Fields {
			if f.Transform.Kind == meta.TransformIdentity {
				out[s.ID][f.SourceID] = i
			}
		}
	}
	return out
}

// shapes finds out the shape of the files of which the manifests do not say
// all, reading footers side by side.
func (p *planner) shapes(files []*file) error {
	need, err := p.needFooters()
	if err != nil {
		return err
	}
	wanted := map[int]bool{}
	for _, c := range p.columns {
		wanted[c.field.ID] = true
		for _, id := range leafIDs(c.field.Type) {
			wanted[id] = true
		}
	}
	identities := p.identities()
	var todo []*file
	for _, f := range files {
		unsure := need.all
		for id := range identities[f.SpecID] {
			unsure = unsure || wanted[id] && !f.Columns[id]
		}
		if unsure {
			todo = append(todo, f)
		}
	}
	errs := make([]error, len(todo))
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(8, len(todo)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = p.shape(todo[i], need.mapping, identities[todo[i].SpecID], wanted)
			}
		})
	}
	for i := range todo {
		if p.ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := p.ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	p.collectConstants(files, identities)
	return nil
}

// leafIDs are the ids of the members of structs, at any depth.
func leafIDs(t meta.Type) []int {
	var out []int
	if t.Kind == meta.KindStruct {
		for _, m := range t.Fields {
			out = append(append(out, m.ID), leafIDs(m.Type)...)
		}
	}
	return out
}

// shape reads a file's footer. It leaves f.shape nil where the file is as the
// table's schema says.
func (p *planner) shape(f *file, mapping nameMapping, identity map[int]int, wanted map[int]bool) error {
	columns, err := readColumns(p.ctx, p.Table.Files, f.Path, f.local, f.Size)
	if err != nil {
		return err
	}
	s := &shape{hasIDs: hasIDs(columns), columns: map[int]*node{}, lacks: map[int]bool{}}
	switch {
	case s.hasIDs:
	case mapping != nil:
		mapping.assign(columns, rowNode)
	default:
		assignByPosition(columns)
	}
	has := map[int]bool{}
	for _, c := range columns {
		if c.id >= 0 {
			s.columns[c.id] = c
			structIDs(c, has)
		}
	}
	for id := range identity {
		s.lacks[id] = wanted[id] && !has[id]
	}
	maps.DeleteFunc(s.lacks, func(_ int, lacks bool) bool { return !lacks })
	var key strings.Builder
	fmt.Fprint(&key, s.hasIDs, sortedKeys(s.lacks))
	plain := s.hasIDs && len(s.lacks) == 0
	for _, c := range p.columns {
		n := s.columns[c.field.ID]
		if n == nil {
			// One entry of the schema argument stands for its default.
			key.WriteString("-;")
			continue
		}
		if !s.hasIDs {
			key.WriteString(strconv.Quote(n.name))
		}
		if err := n.signature(&key, c.field.Type, f.Path); err != nil {
			return err
		}
		plain = plain && (c.field.Type.Kind == meta.KindVariant || n.as(c.field.Type))
	}
	if s.key = key.String(); !plain {
		f.shape = s
	}
	return nil
}

// structIDs collects the ids of a column and of the members of its structs.
func structIDs(n *node, has map[int]bool) {
	has[n.id] = true
	if n.kind == rowNode {
		for _, c := range n.children {
			structIDs(c, has)
		}
	}
}

// groups sorts files into those that one scan can read.
func (p *planner) groups(files []*file) ([]*scanGroup, error) {
	if err := p.shapes(files); err != nil {
		return nil, err
	}
	var out []*scanGroup
	byKey := map[string]*scanGroup{}
	for _, f := range files {
		key := "|"
		if f.shape != nil {
			key = f.shape.key + key
		}
		deletes := f.hasPos || f.hasVec || f.hasEq
		if deletes {
			key += "deletes"
		}
		g := byKey[key]
		if g == nil {
			g = &scanGroup{shape: f.shape, deletes: deletes}
			byKey[key] = g
			out = append(out, g)
		}
		g.files = append(g.files, f)
	}
	return out, nil
}

// constant is an identity column that some files leave to their partitions:
// a column of psy_files.
type constant struct {
	id     int
	sql    string // DuckDB's type
	values map[*file]string
}

// collectConstants takes the values that files do not have from partitions.
func (p *planner) collectConstants(files []*file, identities map[int]map[int]int) {
	for _, f := range files {
		if f.shape == nil {
			continue
		}
		for id := range f.shape.lacks {
			c := p.constants[id]
			if c == nil {
				c = &constant{id: id, values: map[*file]string{}}
				if field, ok := p.field(id); ok {
					c.sql, _ = duckType(field.Type) // known: readType has it too
				}
				if p.constants == nil {
					p.constants = map[int]*constant{}
				}
				p.constants[id] = c
			}
			at := identities[f.SpecID][id]
			if at < len(f.Partition) {
				if text, ok := valueText(f.Partition[at]); ok {
					c.values[f] = text
				}
			}
		}
	}
}

// field finds a column of the scan, or a member of its structs.
func (p *planner) field(id int) (*meta.Field, bool) {
	for _, c := range p.columns {
		if f, ok := memberByID(c.field, id); ok {
			return f, true
		}
	}
	return nil, false
}

func memberByID(f *meta.Field, id int) (*meta.Field, bool) {
	if f.ID == id {
		return f, true
	}
	if f.Type.Kind == meta.KindStruct {
		for _, m := range f.Type.Fields {
			if found, ok := memberByID(m, id); ok {
				return found, true
			}
		}
	}
	return nil, false
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
