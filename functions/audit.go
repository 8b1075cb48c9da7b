package functions

import (
	"context"
	"fmt"
	"strings"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
	"psyberg/psyberg"
)

// Audits are the audits of the SQL surface. Each writes a SELECT whose rows
// are violations, none where the audit passes. What metadata alone tells
// exactly is told when the SELECT is written; only files about which it leaves
// a doubt are read, through iceberg_rows.
func Audits(tables surface.Tables) []*surface.Query {
	return []*surface.Query{
		auditCountsMatch(tables),
		auditNoMissingHours(tables),
		auditNoNulls(tables),
		auditValuesInRange(tables),
		auditUniqueKeys(tables),
		auditNoMissingEvents(tables),
		auditFilesPerPartition(tables),
	}
}

// auditArgs are the first two arguments of every audit.
var auditArgs = []surface.Arg{
	{Name: "target", Type: typeText, Doc: "'ns.table' or 'catalog.ns.table'"},
	{Name: "wap_id", Type: typeText, Doc: "the id under which the session staged: its wap.id, or the session of its branch; NULL: all rows of the target's head"},
}

// auditTarget is what an audit looks at: a target at one snapshot.
type auditTarget struct {
	*pinned // its Snapshot is the staged one (the branch's head), or the head
	// steps are the snapshots that were staged, oldest first; nil where the
	// whole table is audited.
	steps []*psyberg.Snapshot
	whole bool
}

// auditOf loads the target and finds what wap_id has staged. The snapshot is
// pinned here: it may be asked for by id only from here on.
func auditOf(ctx context.Context, tables surface.Tables, args surface.Args) (*auditTarget, error) {
	name, err := args.PositionalText(0, "target")
	if err != nil {
		return nil, err
	}
	t, err := tables.Load(ctx, name)
	if err != nil {
		return nil, err
	}
	id, hasID := "", false
	if len(args.Positional) > 1 && args.Positional[1] != nil {
		if id, err = args.PositionalText(1, "wap_id"); err != nil {
			return nil, err
		}
		hasID = true
	}
	if !hasID {
		p, err := pinLoaded(t, surface.Args{})
		if err != nil {
			return nil, err
		}
		p.Schema = t.Meta.SchemaOf(p.Snapshot) // as iceberg_rows has it
		return &auditTarget{pinned: p, whole: true}, nil
	}
	if t.Ref != "" {
		return nil, fmt.Errorf("find what %q staged in table %q: '@%s' and wap_id both say what to look at; give one of them", id, t.Name, t.Ref)
	}
	a := &auditTarget{pinned: newPinned(t)}
	if err := a.find(id); err != nil {
		return nil, err
	}
	a.Schema = t.Meta.SchemaOf(a.Snapshot)
	return a, nil
}

// find looks for the snapshot staged with a wap id, then for the session's
// branch, then for what was published of either.
func (a *auditTarget) find(id string) error {
	session := strings.TrimPrefix(id, "psyberg_")
	var staged []*psyberg.Snapshot
	for _, s := range a.Meta.Snapshots {
		if s.Summary.Get(psyberg.SummaryWAPID) == id {
			staged = append(staged, s)
		}
	}
	if len(staged) > 1 {
		return fmt.Errorf("find what %q staged in table %q: snapshots %d and %d both carry that wap.id; discard them and load again", id, a.Name, staged[0].ID, staged[1].ID)
	}
	if len(staged) == 1 {
		a.Snapshot, a.steps = staged[0], staged
		return nil
	}
	head, err := a.current()
	if err != nil {
		return err
	}
	onHead := a.ancestors(head)
	for _, name := range []string{id, "psyberg_" + id} {
		if r, ok := a.Meta.Refs[name]; ok && r.Type == "branch" && name != meta.MainBranch {
			if a.Snapshot, err = a.snapshot(r.SnapshotID); err != nil {
				return err
			}
			a.takeLine(func(s *psyberg.Snapshot) bool { return !onHead[s.ID] })
			if len(a.steps) > 0 {
				return nil
			}
		}
	}
	if head != nil {
		a.Snapshot = head
		a.takeLine(func(s *psyberg.Snapshot) bool {
			return s.Summary.Get(psyberg.SummaryPublishedWAPID) == id || s.Summary.Get(psyberg.SummarySession) == session
		})
	}
	if n := len(a.steps); n > 0 {
		a.Snapshot = a.steps[n-1]
		return nil
	}
	return a.notStaged(id, head)
}

// takeLine takes the snapshots of the pinned one's line that are wanted,
// oldest first.
func (a *auditTarget) takeLine(wanted func(*psyberg.Snapshot) bool) {
	a.steps = nil
	for s := range a.Meta.Ancestors(a.Snapshot.ID) {
		if wanted(s) {
			a.steps = append([]*psyberg.Snapshot{s}, a.steps...)
		}
	}
}

// notStaged says that there is nothing, and what may have become of it: Spark
// does not stage a DELETE that drops whole files.
func (a *auditTarget) notStaged(id string, head *psyberg.Snapshot) error {
	text := fmt.Sprintf("find what %q staged in table %q: no snapshot carries that wap.id, and there is no branch %q", id, a.Name, "psyberg_"+id)
	if head != nil {
		if app := head.Summary.Get("spark.app.id"); head.Operation == "delete" && app != "" {
			text += fmt.Sprintf("; the head %d is a delete by Spark application %s: Spark commits a DELETE that drops whole files to main at once, it is not staged", head.ID, app)
		}
	}
	var ids []string
	for _, s := range a.Meta.Snapshots {
		if w := s.Summary.Get(psyberg.SummaryWAPID); w != "" {
			ids = append(ids, w)
		}
	}
	for _, name := range sortedKeys(a.Meta.Refs) {
		if session, ok := strings.CutPrefix(name, "psyberg_"); ok {
			ids = append(ids, session)
		}
	}
	return fmt.Errorf("%s%s", text, meta.Suggest(id, ids))
}

// rowsCall stands in the SQL that an audit comes to where it reads rows of an
// Iceberg table, noRows too where it only has the columns of one.
const (
	rowsCall = "iceberg_rows("
	noRows   = "\nWHERE false"
)

// AuditReadsRows says of the SQL that an audit comes to whether it reads rows;
// else metadata alone has told what it returns.
func AuditReadsRows(sql string) bool {
	return strings.Contains(sql, rowsCall) && !strings.Contains(sql, noRows)
}

// rowsOf writes the FROM item that yields the rows of the pinned snapshot: of
// some files (locations as the manifests have them), or of all where files is nil.
func (a *auditTarget) rowsOf(files []string) string {
	var b strings.Builder
	b.WriteString(rowsCall + surface.QuoteLiteral(a.Name))
	if a.Snapshot != nil {
		fmt.Fprintf(&b, ", snapshot_id := %d", a.Snapshot.ID)
	}
	if files != nil {
		b.WriteString(", files := [" + joinQuoted(files) + "]")
	}
	b.WriteString(")")
	return b.String()
}

func joinQuoted(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = surface.QuoteLiteral(v)
	}
	return strings.Join(out, ", ")
}

// auditColumn is a column that an audit looks at.
type auditColumn struct {
	metricsLeaf
	expr string // in SQL, over the rows of the target
	leaf bool   // manifests can have counts and bounds of it
}

// column finds a column by its name, a nested one by its dotted name.
func (a *auditTarget) column(name string) (auditColumn, error) {
	f, ok := a.Schema.FieldByName(name)
	if !ok {
		return auditColumn{}, fmt.Errorf("audit table %q: no column %q%s", a.Name, name, meta.Suggest(name, a.Schema.Names()))
	}
	c := auditColumn{metricsLeaf: metricsLeaf{name: name, id: int32(f.ID), typ: f.Type}, leaf: f.Type.Primitive()}
	path, inList := pathOf(a.Schema.Fields, f.ID)
	if inList {
		return auditColumn{}, fmt.Errorf("audit table %q: column %q lies in a list or a map, so a row may hold many of it; audit it with a query of your own", a.Name, name)
	}
	for i, level := range path {
		if i > 0 {
			c.expr += "."
		}
		c.expr += surface.QuoteIdent(level)
	}
	return c, nil
}

// pathOf returns the names from the column down to the field with an id.
func pathOf(fields []*meta.Field, id int) (path []string, inList bool) {
	for _, f := range fields {
		if f.ID == id {
			return []string{f.Name}, false
		}
		if below, in := pathOf(f.Type.Members(), id); below != nil {
			return append([]string{f.Name}, below...), in || f.Type.Kind != meta.KindStruct
		}
	}
	return nil, false
}

// columns finds several columns; at least one has to be named.
func (a *auditTarget) columns(names []string) ([]auditColumn, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("audit table %q: no column is named", a.Name)
	}
	out := make([]auditColumn, len(names))
	for i, n := range names {
		c, err := a.column(n)
		if err != nil {
			return nil, err
		}
		for _, o := range out[:i] {
			if o.id == c.id {
				return nil, fmt.Errorf("audit table %q: column %q is named twice", a.Name, n)
			}
		}
		out[i] = c
	}
	return out, nil
}

// positionalTexts reads a positional LIST(VARCHAR).
func positionalTexts(args surface.Args, i int, name string) ([]string, error) {
	var v any
	if i < len(args.Positional) {
		v = args.Positional[i]
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("argument %d (%s) is NULL: a list of column names is needed", i+1, name)
	}
	out := make([]string, len(list))
	for j, e := range list {
		if out[j], ok = e.(string); !ok {
			return nil, fmt.Errorf("argument %d (%s): element %d is no text", i+1, name, j+1)
		}
	}
	return out, nil
}
