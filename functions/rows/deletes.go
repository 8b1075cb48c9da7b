package rows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"psyberg/functions/meta"
)

// deleteIndex finds the deletes of a data file (Iceberg spec, "Scan Planning").
type deleteIndex struct {
	byPath map[string][]*deleteFile // vectors, and position deletes of one file
	byPart map[string][]*deleteFile // other position deletes, equality deletes
	global []*deleteFile            // equality deletes of an unpartitioned spec
	sets   []*equalitySet           // of the deletes that apply to something
}

type deleteFile struct {
	*DeleteFile
	local string
	key   string
	used  bool // applies to a file of the scan
	err   error
	data  *file // of a vector, once it is used
}

// equalitySet is the equality deletes that compare the same columns, in one
// partition each or everywhere.
type equalitySet struct {
	ids    []int
	global bool
	files  []*deleteFile
	paths  [][]pathStep // how to reach each id, and its column in p.columns
}

func (p *planner) indexDeletes() error {
	ix := &p.index
	ix.byPath, ix.byPart = map[string][]*deleteFile{}, map[string][]*deleteFile{}
	for i := range p.Deletes {
		d := &deleteFile{DeleteFile: &p.Deletes[i]}
		d.key = meta.TupleKey(d.SpecID, d.Partition)
		switch {
		case d.Content == DeletionVector:
			if d.Referenced == "" {
				return fmt.Errorf("read deletion vector %q: the manifest does not say which data file it is for [PSY_DAMAGED]", d.Path)
			}
			ix.byPath[plainPath(d.Referenced)] = append(ix.byPath[plainPath(d.Referenced)], d)
			continue
		case d.Content == PositionDeletes && d.Referenced != "":
			ix.byPath[plainPath(d.Referenced)] = append(ix.byPath[plainPath(d.Referenced)], d)
		case d.Content == EqualityDeletes && p.unpartitioned(d.SpecID):
			ix.global = append(ix.global, d)
		default:
			ix.byPart[d.key] = append(ix.byPart[d.key], d)
		}
		if d.err = needParquet("delete file", d.Path, d.Format); d.err != nil {
			continue
		}
		if d.local, d.err = p.Table.Files.Local(d.Path); d.err != nil {
			d.err = fmt.Errorf("read delete file %q: %w", d.Path, d.err)
		}
	}
	return nil
}

// unpartitioned reports whether a spec has no field, or only void ones.
func (p *planner) unpartitioned(spec int) bool {
	s, ok := p.Table.Meta.Spec(spec)
	return ok && !slices.ContainsFunc(s.Fields, func(f meta.PartitionField) bool { return f.Transform.Kind != meta.TransformVoid })
}

// apply marks the deletes that may apply to f, and says so in f.
func (ix *deleteIndex) apply(f *file) error {
	for _, d := range ix.byPath[f.plain] {
		if d.Content == DeletionVector && d.Sequence >= f.Sequence {
			f.hasVec = true // it stands for all position deletes of the file
			d.used, d.data = true, f
		}
	}
	use := func(d *deleteFile, flag *bool) error {
		*flag, d.used = true, true
		return d.err
	}
	for _, list := range [][]*deleteFile{ix.byPath[f.plain], ix.byPart[f.key], ix.global} {
		for _, d := range list {
			var err error
			switch {
			case d.Content == PositionDeletes && !f.hasVec && d.Sequence >= f.Sequence:
				err = use(d, &f.hasPos)
			case d.Content == EqualityDeletes && d.Sequence > f.Sequence:
				err = use(d, &f.hasEq)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// addEqualityColumns groups the equality deletes that are used, and adds to the
// scan the columns that only they need.
func (p *planner) addEqualityColumns() error {
	ix := &p.index
	byKey := map[string]*equalitySet{}
	add := func(d *deleteFile, global bool) error {
		if !d.used || d.Content != EqualityDeletes {
			return nil
		}
		if len(d.EqualityIDs) == 0 {
			return fmt.Errorf("read equality deletes %q: the manifest names no columns for them [PSY_DAMAGED]", d.Path)
		}
		ids := slices.Sorted(slices.Values(d.EqualityIDs))
		key := fmt.Sprint(global, ids)
		s := byKey[key]
		if s == nil {
			s = &equalitySet{ids: ids, global: global}
			for _, id := range ids {
				path, err := p.pathTo(id, d.Path)
				if err != nil {
					return err
				}
				s.paths = append(s.paths, path)
			}
			byKey[key] = s
			ix.sets = append(ix.sets, s)
		}
		s.files = append(s.files, d)
		return nil
	}
	for i := range ix.global {
		if err := add(ix.global[i], true); err != nil {
			return err
		}
	}
	for _, key := range sortedKeys(ix.byPart) {
		for _, d := range ix.byPart[key] {
			if err := add(d, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// pathStep is one step from a column to a member of a struct.
type pathStep struct {
	column int // first step only: index into planner.columns
	name   string
}

// pathTo finds the column with a field id: in the schema, else in the newest
// one that has it, since a delete may compare a column that was dropped later.
func (p *planner) pathTo(id int, path string) ([]pathStep, error) {
	schemas := []*meta.Schema{p.Schema}
	for _, s := range slices.Backward(p.Table.Meta.Schemas) {
		schemas = append(schemas, s)
	}
	for _, s := range schemas {
		for _, top := range s.Fields {
			steps := memberPath(top, id)
			if steps == nil {
				continue
			}
			n := slices.IndexFunc(p.columns, func(c column) bool { return c.field.ID == top.ID })
			if n < 0 {
				n = len(p.columns)
				p.columns = append(p.columns, column{top, "psy_c" + strconv.Itoa(top.ID)})
			}
			steps[0].column = n
			return steps, nil
		}
	}
	return nil, fmt.Errorf("read equality deletes %q: they compare field id %d, which no schema of the table has", path, id)
}

// memberPath returns the steps to the field with that id, nil where it is not
// below f (equality deletes do not compare members of lists and maps).
func memberPath(f *meta.Field, id int) []pathStep {
	if f.ID == id {
		return []pathStep{{name: f.Name}}
	}
	if f.Type.Kind != meta.KindStruct {
		return nil
	}
	for _, m := range f.Type.Fields {
		if rest := memberPath(m, id); rest != nil {
			return append([]pathStep{{name: f.Name}}, rest...)
		}
	}
	return nil
}

// access writes the expression of a path below root.
func access(root string, steps []pathStep) string {
	for _, s := range steps[1:] {
		root += "." + quoteIdent(s.name)
	}
	return root
}

// with writes the common tables: files, deleted positions, equality deletes.
// None is materialized: below such a one DuckDB reads every column.
func (p *planner) with(b *strings.Builder, files []*file) error {
	var parts []string
	if text := p.fileTable(files); text != "" {
		parts = append(parts, text)
	}
	text, err := p.positionTable(files)
	if err != nil {
		return err
	}
	if text != "" {
		parts = append(parts, text)
	}
	for i, s := range p.index.sets {
		text, err := p.equalityTable(i, s)
		if err != nil {
			return err
		}
		parts = append(parts, text)
	}
	if len(parts) > 0 {
		b.WriteString("WITH " + strings.Join(parts, ",\n") + "\n")
	}
	return nil
}

// fileTable lists the files whose rows need to know their file: those with
// deletes in files of their own, or all where _file is asked for.
func (p *planner) fileTable(files []*file) string {
	ids := sortedKeys(p.constants)
	var list []string
	for _, f := range files {
		if !p.FilePath && !f.hasPos && !f.hasEq && (f.shape == nil || len(f.shape.lacks) == 0) {
			continue
		}
		row := fmt.Sprintf("(%s, %s, %s, %d, %s", quoteText(f.local), quoteText(f.Path), quoteText(f.plain), f.Sequence, quoteText(partKey(f.key)))
		for _, id := range ids {
			value := "NULL"
			if text, ok := p.constants[id].values[f]; ok {
				value = quoteText(text)
			}
			row += ", CAST(" + value + " AS " + p.constants[id].sql + ")"
		}
		list = append(list, row+")")
	}
	if len(list) == 0 {
		return ""
	}
	names := ""
	for _, id := range ids {
		names += ", " + constantColumn(id, "")
	}
	return "psy_files(file, path, plain, seq, part" + names + ") AS NOT MATERIALIZED (VALUES " + strings.Join(list, ", ") + ")"
}

// partKey makes a key that may hold any bytes safe to stand in SQL text.
func partKey(key string) string { return strconv.QuoteToASCII(key) }

// sources writes a scan of delete files d, with each file's sequence number and
// partition as s.seq and s.part.
func sources(deletes []*deleteFile, schema string) (string, error) {
	var paths, list []string
	for _, d := range deletes {
		q, err := quoteGlob(d.local)
		if err != nil {
			return "", err
		}
		paths = append(paths, q)
		list = append(list, fmt.Sprintf("(%s, %d, %s)", quoteText(d.local), d.Sequence, quoteText(partKey(d.key))))
	}
	return "read_parquet([" + strings.Join(paths, ", ") + "], hive_partitioning = false" + schema + ") AS d JOIN (VALUES " +
		strings.Join(list, ", ") + ") AS s(file, seq, part) ON s.file = d.filename", nil
}

// Field ids that the spec reserves for position delete files.
const (
	idDeletePath = 2147483546
	idDeletePos  = 2147483545
)

// positionTable yields (file, pos) of all deleted positions.
func (p *planner) positionTable(files []*file) (string, error) {
	var deletes []*deleteFile
	var vectors []string
	seen := map[*deleteFile]bool{}
	collect := func(d *deleteFile) {
		if !d.used || seen[d] {
			return
		}
		seen[d] = true
		switch d.Content {
		case PositionDeletes:
			deletes = append(deletes, d)
		case DeletionVector:
			vectors = append(vectors, fmt.Sprintf("{path: %s, \"offset\": %d::BIGINT, length: %d::BIGINT, file: %s}",
				quoteText(d.Path), d.Offset, d.Length, quoteText(d.data.local)))
		}
	}
	for _, key := range sortedKeys(p.index.byPath) {
		for _, d := range p.index.byPath[key] {
			collect(d)
		}
	}
	for _, key := range sortedKeys(p.index.byPart) {
		for _, d := range p.index.byPart[key] {
			collect(d)
		}
	}
	var parts []string
	if len(deletes) > 0 {
		schema := ", schema = MAP {" + schemaEntry(idDeletePath, "file_path", "VARCHAR", "NULL::VARCHAR") + ", " +
			schemaEntry(idDeletePos, "pos", "BIGINT", "NULL::VARCHAR") + "}"
		src, err := sources(deletes, schema)
		if err != nil {
			return "", err
		}
		parts = append(parts, "SELECT f.file, d.pos FROM "+src+" JOIN psy_files AS f ON f.plain = "+plainPathSQL("d.file_path")+
			" AND f.seq <= s.seq")
	}
	if len(vectors) > 0 {
		parts = append(parts, "SELECT file, pos FROM psyql_"+VectorFunctionName+"("+quoteText(p.loadName())+", ["+strings.Join(vectors, ", ")+"])")
	}
	if len(parts) == 0 {
		return "", nil
	}
	return "psy_positions(file, pos) AS NOT MATERIALIZED (" + strings.Join(parts, " UNION ALL ") + ")", nil
}

// loadName is the name under which the table can be loaded again.
func (p *planner) loadName() string { return p.Table.Name }

// equalityTable yields the deleted keys k0, k1... with seq and part.
func (p *planner) equalityTable(i int, s *equalitySet) (string, error) {
	var cols, entries []string
	done := map[int]bool{}
	for n, path := range s.paths {
		c := p.columns[path[0].column]
		cols = append(cols, access("d."+quoteIdent(c.name), path)+" AS k"+strconv.Itoa(n))
		if done[c.field.ID] {
			continue
		}
		done[c.field.ID] = true
		t, err := duckType(c.field.Type)
		if err != nil {
			return "", fmt.Errorf("column %q: %w", c.field.Name, err)
		}
		entries = append(entries, schemaEntry(c.field.ID, c.name, t, "NULL::VARCHAR"))
	}
	src, err := sources(s.files, ", schema = MAP {"+strings.Join(entries, ", ")+"}")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("psy_keys%d AS NOT MATERIALIZED (SELECT %s, s.seq, s.part FROM %s)", i, strings.Join(cols, ", "), src), nil
}

// antiJoin writes the join that drops the rows of one equality set. A delete
// reaches files with lower sequence numbers, NULL equals NULL.
func (p *planner) antiJoin(b *strings.Builder, g *scanGroup, i int, s *equalitySet) error {
	fmt.Fprintf(b, "\nANTI JOIN psy_keys%d AS e%d ON e%d.seq > f.seq", i, i, i)
	if !s.global {
		fmt.Fprintf(b, " AND e%d.part = f.part", i)
	}
	for n, path := range s.paths {
		e, err := p.expression(g, path[0].column)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, " AND e%d.k%d IS NOT DISTINCT FROM %s", i, n, access("("+e+")", path))
	}
	return nil
}
