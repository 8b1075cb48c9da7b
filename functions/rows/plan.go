package rows

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"psyberg/functions/meta"
)

// column is one column that a scan reads: one of the schema, or one more that
// an equality delete compares.
type column struct {
	field *meta.Field
	name  string // in the scan: unique whatever the case, and no virtual column
}

type planner struct {
	Request
	ctx     context.Context
	columns []column // the schema's, then those of equality deletes
	index   deleteIndex
	// constants are the columns that some files leave to their partitions, by id.
	constants map[int]*constant
}

// columnsOf names the columns of a schema for the scan.
func columnsOf(s *meta.Schema) []column {
	// The reader's virtual columns, which the plans need.
	taken := map[string]bool{"filename": true, "file_row_number": true, "file_index": true}
	out := make([]column, len(s.Fields))
	for i, f := range s.Fields {
		name := f.Name
		if taken[strings.ToLower(name)] {
			name = "psy_c" + strconv.Itoa(f.ID)
		}
		taken[strings.ToLower(name)] = true
		out[i] = column{f, name}
	}
	return out
}

// scanGroup is a set of files that one read_parquet reads.
type scanGroup struct {
	shape *shape // nil: as the table's schema says, by field id
	files []*file
	// deletes: some delete may apply to some file.
	deletes bool
}

// file is a data file with what applies to it.
type file struct {
	*DataFile
	local  string
	plain  string // plainPath of Path
	key    string // partition key
	hasPos bool   // position deletes may apply
	hasVec bool   // a deletion vector applies
	hasEq  bool   // equality deletes may apply
	shape  *shape // nil: as the table's schema says
}

func (p *planner) sql() (string, error) {
	files, err := p.files()
	if err != nil {
		return "", err
	}
	groups, err := p.groups(files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := p.with(&b, files); err != nil {
		return "", err
	}
	if p.Where != "" {
		b.WriteString("SELECT * FROM (\n")
	}
	for i, g := range groups {
		if i > 0 {
			b.WriteString("\nUNION ALL\n")
		}
		if err := p.selectGroup(&b, g); err != nil {
			return "", err
		}
	}
	if len(groups) == 0 {
		if err := p.selectNothing(&b); err != nil {
			return "", err
		}
	}
	if p.Where != "" {
		b.WriteString("\n) WHERE (" + p.Where + ")")
	}
	return b.String(), nil
}

// files checks the data files and finds out which deletes may apply to each.
func (p *planner) files() ([]*file, error) {
	if err := p.indexDeletes(); err != nil {
		return nil, err
	}
	out := make([]*file, len(p.Data))
	for i := range p.Data {
		d := &p.Data[i]
		if err := needParquet("data file", d.Path, d.Format); err != nil {
			return nil, err
		}
		local, err := p.Table.Files.Local(d.Path)
		if err != nil {
			return nil, fmt.Errorf("read data file %q: %w", d.Path, err)
		}
		f := &file{DataFile: d, local: local, plain: plainPath(d.Path), key: meta.TupleKey(d.SpecID, d.Partition)}
		if err := p.index.apply(f); err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, p.addEqualityColumns()
}

func needParquet(what, path, format string) error {
	if format == "" || strings.EqualFold(format, "parquet") {
		return nil
	}
	return fmt.Errorf("read %s %q: its format is %s, only Parquet is read: rewrite the table's files as Parquet (Spark: rewrite_data_files with write.format.default = parquet)", what, path, strings.ToUpper(format))
}

// selectGroup writes the SELECT of one group.
func (p *planner) selectGroup(b *strings.Builder, g *scanGroup) error {
	b.WriteString("SELECT ")
	for i, f := range p.Schema.Fields {
		e, err := p.expression(g, i)
		if err != nil {
			return err
		}
		comma(b, i)
		b.WriteString(e + " AS " + quoteIdent(f.Name))
	}
	n := len(p.Schema.Fields)
	if p.FilePath {
		comma(b, n)
		b.WriteString("f.path AS _file")
		n++
	}
	if p.Position {
		comma(b, n)
		b.WriteString("d.file_row_number AS _pos")
		n++
	}
	if n == 0 { // a table without columns still has rows
		b.WriteString("NULL AS psy_none")
	}
	b.WriteString("\nFROM ")
	if err := p.readParquet(b, g); err != nil {
		return err
	}
	b.WriteString(" AS d")
	var pos, eq bool
	for _, f := range g.files {
		pos, eq = pos || f.hasPos || f.hasVec, eq || f.hasEq
	}
	if eq || p.FilePath || g.shape != nil && len(g.shape.lacks) > 0 {
		b.WriteString("\nJOIN psy_files AS f ON f.file = d.filename")
	}
	if pos {
		b.WriteString("\nANTI JOIN psy_positions AS x ON x.file = d.filename AND x.pos = d.file_row_number")
	}
	if eq {
		for i, s := range p.index.sets {
			if err := p.antiJoin(b, g, i, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func comma(b *strings.Builder, i int) {
	if i > 0 {
		b.WriteString(", ")
	}
}

// readParquet writes the call that scans the files of g.
func (p *planner) readParquet(b *strings.Builder, g *scanGroup) error {
	b.WriteString("read_parquet([")
	for i, f := range g.files {
		q, err := quoteGlob(f.local)
		if err != nil {
			return err
		}
		comma(b, i)
		b.WriteString(q)
	}
	b.WriteString("], hive_partitioning = false")
	if g.shape == nil || g.shape.hasIDs {
		b.WriteString(", schema = MAP {")
		cols, err := p.readColumns(g)
		if err != nil {
			return err
		}
		b.WriteString(strings.Join(cols, ", ") + "}")
	}
	b.WriteString(")")
	return nil
}

// readColumns returns the entries of the schema argument.
func (p *planner) readColumns(g *scanGroup) ([]string, error) {
	var out []string
	for _, c := range p.columns {
		if g.shape != nil && g.shape.lacks[c.field.ID] {
			continue
		}
		t, err := g.readType(c)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", c.field.Name, err)
		}
		value := "NULL::VARCHAR"
		if text, ok, err := defaultText(c.field); err != nil {
			return nil, err
		} else if ok && c.field.Type.Primitive() {
			value = quoteText(text)
		}
		out = append(out, schemaEntry(c.field.ID, c.name, t, value))
	}
	if len(out) == 0 {
		// The argument must not be empty; no file has this id.
		out = append(out, schemaEntry(1<<31-2, "psy_none", "INTEGER", "NULL::VARCHAR"))
	}
	return out, nil
}

// readType returns the type to read a column of the scan as.
func (g *scanGroup) readType(c column) (string, error) {
	if g.shape != nil {
		if n := g.shape.columns[c.field.ID]; n != nil {
			return n.readType(c.field.Type)
		}
	}
	return scanType(c.field.Type)
}

// expression is the value of column i of the scan.
func (p *planner) expression(g *scanGroup, i int) (string, error) {
	c := p.columns[i]
	if g.shape == nil && c.field.Type.Kind == meta.KindVariant {
		return "CAST(d." + quoteIdent(c.name) + " AS JSON)", nil
	}
	if g.shape == nil {
		return "d." + quoteIdent(c.name), nil
	}
	v := &converter{cast: !g.shape.hasIDs, constant: func(id int) (string, bool) {
		return constantColumn(id, "f."), g.shape.lacks[id]
	}}
	n := g.shape.columns[c.field.ID]
	switch {
	case n == nil && (!g.shape.hasIDs || g.shape.lacks[c.field.ID] || c.field.Type.Kind == meta.KindStruct):
		return v.missing(c.field)
	case n == nil:
		return "d." + quoteIdent(c.name), nil
	case !g.shape.hasIDs:
		return v.convert("d."+quoteIdent(n.name), n, c.field)
	}
	return v.convert("d."+quoteIdent(c.name), n, c.field)
}

// constantColumn names the column of psy_files for a partition's value.
func constantColumn(id int, prefix string) string { return prefix + "v" + strconv.Itoa(id) }

func schemaEntry(id int, name, typ, defaultValue string) string {
	return fmt.Sprintf("%d: {name: %s, type: %s, default_value: %s}", id, quoteText(name), quoteText(typ), defaultValue)
}

// selectNothing writes a SELECT with the columns and no rows.
func (p *planner) selectNothing(b *strings.Builder) error {
	b.WriteString("SELECT ")
	for i, f := range p.Schema.Fields {
		t, err := duckType(f.Type)
		if err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
		comma(b, i)
		b.WriteString("CAST(NULL AS " + t + ") AS " + quoteIdent(f.Name))
	}
	n := len(p.Schema.Fields)
	if p.FilePath {
		comma(b, n)
		b.WriteString("CAST(NULL AS VARCHAR) AS _file")
		n++
	}
	if p.Position {
		comma(b, n)
		b.WriteString("CAST(NULL AS BIGINT) AS _pos")
		n++
	}
	if n == 0 {
		b.WriteString("NULL AS psy_none")
	}
	b.WriteString(" WHERE false")
	return nil
}
