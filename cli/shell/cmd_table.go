package shell

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/byname"
	"psyberg/functions/meta"
	"psyberg/psyberg"
)

// describe shows a table on one screen: columns, partition spec, sort order,
// refs, the last snapshots, size, properties. What no catalog has is DuckDB's.
func describe(ctx context.Context, d *Desk, name string) error {
	if name == "" {
		return tables(ctx, d, "")
	}
	t, err := d.Session.Catalogs().Load(ctx, name)
	if err != nil {
		own := d.Run(ctx, `\d`, "DESCRIBE "+dotted(name))
		switch {
		case own == nil:
			return nil
		case strings.ContainsAny(name, `."@`):
			return err
		}
		if full := d.onlyTable(ctx, name); full != "" {
			return describe(ctx, d, full)
		}
		return own
	}
	w := &sheet{d: d}
	m := t.Meta
	w.head(t.Name, fmt.Sprintf("Iceberg v%d, updated %s", m.FormatVersion, w.ago(m.LastUpdated)))
	w.line("location", m.Location)
	current := currentSnapshot(m)
	if current != nil {
		w.line("size", sizes(current.Summary))
	} else {
		w.line("size", "no snapshot yet")
	}
	w.columns(m)
	w.layout(m)
	w.refs(m)
	w.snapshots(m)
	w.properties(m)
	_, err = d.Out.Write([]byte(w.b.String()))
	return err
}

// onlyTable is the one table whose last part is name; "" where there is none, or
// several.
func (d *Desk) onlyTable(ctx context.Context, name string) string {
	all, err := d.Session.Catalogs().List(ctx, "", nil)
	if err != nil {
		return ""
	}
	found := ""
	for _, t := range all {
		if t.Name != name {
			continue
		}
		if found != "" {
			return ""
		}
		found = byname.Name(append(slices.Clone(t.Namespace), t.Name))
	}
	return found
}

// dotted quotes the parts of a name.
func dotted(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = engine.QuoteIdent(strings.Trim(p, `"`))
	}
	return strings.Join(parts, ".")
}

func currentSnapshot(m *meta.Metadata) *psyberg.Snapshot {
	for _, s := range m.Snapshots {
		if m.HasCurrent && s.ID == m.CurrentSnapshotID {
			return s
		}
	}
	return nil
}

// sheet is the screen of \d.
type sheet struct {
	d *Desk
	b strings.Builder
}

func (w *sheet) width() int {
	if n, _ := w.d.Size(); n > 0 {
		return n
	}
	return 1 << 20
}

func (w *sheet) put(line string) { w.b.WriteString(clip(format.OneLine(line), w.width()) + "\n") }

func (w *sheet) head(title, more string) {
	w.b.WriteString(w.d.Styles.Paint(styleHeader, format.OneLine(title)) + "  " + w.d.Styles.Paint(styleDim, more) + "\n")
}

func (w *sheet) title(text string) {
	w.b.WriteString(w.d.Styles.Paint(styleHeader, text) + "\n")
}

func (w *sheet) line(label, value string) { w.put(fmt.Sprintf("  %-10s %s", label, value)) }

func (w *sheet) ago(at psyberg.Instant) string {
	return at.Time().Format("2006-01-02 15:04:05") + " (" + ago(w.d.Now().Sub(at.Time())) + ")"
}

// ago is how long something is past, in one unit.
func ago(t time.Duration) string {
	switch {
	case t < 0:
		return "in the future"
	case t < time.Minute:
		return fmt.Sprintf("%d s ago", t/time.Second)
	case t < time.Hour:
		return fmt.Sprintf("%d min ago", t/time.Minute)
	case t < 48*time.Hour:
		return fmt.Sprintf("%d h ago", t/time.Hour)
	}
	return fmt.Sprintf("%d days ago", t/(24*time.Hour))
}

func (w *sheet) columns(m *meta.Metadata) {
	s := m.CurrentSchema()
	w.title(fmt.Sprintf("columns (schema %d)", s.ID))
	widest := 0
	for _, f := range s.Fields {
		widest = max(widest, cells(f.Name))
	}
	for _, f := range s.Fields {
		line := fmt.Sprintf("  %3d %s %s", f.ID, fill(format.OneLine(f.Name), min(widest, 40), false), f.Type.String())
		if f.Required {
			line += " required"
		}
		if slices.Contains(s.IdentifierFields, f.ID) {
			line += " identifier"
		}
		if f.Doc != "" {
			line += "  -- " + f.Doc
		}
		w.put(line)
	}
}

func (w *sheet) layout(m *meta.Metadata) {
	var parts []string
	if spec := m.DefaultSpec(); spec != nil {
		for _, f := range spec.Fields {
			parts = append(parts, fmt.Sprintf("%s = %s(%s)", f.Name, f.Transform, sourceName(m, f.SourceID)))
		}
	}
	if len(parts) == 0 {
		parts = []string{"unpartitioned"}
	}
	text := fmt.Sprintf("%s  (spec %d", strings.Join(parts, ", "), m.DefaultSpecID)
	if n := len(m.Specs); n > 1 {
		text += fmt.Sprintf(" of %d", n)
	}
	w.line("partition", text+")")
	order := "none"
	for _, o := range m.SortOrders {
		if o.ID != m.DefaultSortOrderID || len(o.Fields) == 0 {
			continue
		}
		var by []string
		for _, f := range o.Fields {
			by = append(by, strings.TrimSpace(fmt.Sprintf("%s(%s) %s %s", f.Transform, sourceName(m, f.SourceID), f.Direction, f.NullOrder)))
		}
		order = strings.Join(by, ", ")
	}
	w.line("sorted by", order)
}

// sourceName is a column by its id; one that was dropped keeps its number.
func sourceName(m *meta.Metadata, id int) string {
	for i := len(m.Schemas) - 1; i >= 0; i-- {
		if name := fieldName(m.Schemas[i].Fields, id, ""); name != "" {
			return name
		}
	}
	return fmt.Sprintf("column %d", id)
}

func fieldName(fields []*meta.Field, id int, prefix string) string {
	for _, f := range fields {
		if f.ID == id {
			return prefix + f.Name
		}
		if name := fieldName(f.Type.Fields, id, prefix+f.Name+"."); name != "" {
			return name
		}
	}
	return ""
}

func (w *sheet) refs(m *meta.Metadata) {
	committed := map[psyberg.SnapshotID]psyberg.Instant{}
	for _, s := range m.Snapshots {
		committed[s.ID] = s.CommittedAt
	}
	listed(w, "refs", m.Refs, 8, "iceberg_refs", func(name string) string {
		r := m.Refs[name]
		line := fmt.Sprintf("%-6s %-16s %d", r.Type, name, r.SnapshotID)
		if at, ok := committed[r.SnapshotID]; ok {
			line += "  " + w.ago(at)
		}
		return line
	})
}

// listed puts a line for each of the first names, and says where the others are.
func listed[T any](w *sheet, title string, all map[string]T, most int, others string, line func(name string) string) {
	if len(all) == 0 {
		return
	}
	w.title(title)
	for i, name := range sorted(all) {
		if i == most {
			w.put(fmt.Sprintf("  and %d more: %s", len(all)-i, others))
			break
		}
		w.put("  " + line(name))
	}
}

// lastSnapshots is how many \d shows.
const lastSnapshots = 6

func (w *sheet) snapshots(m *meta.Metadata) {
	n := len(m.Snapshots)
	if n == 0 {
		return
	}
	last := slices.Clone(m.Snapshots)
	slices.SortStableFunc(last, func(a, b *psyberg.Snapshot) int { return int(min(1, max(-1, b.CommittedAt-a.CommittedAt))) })
	last = last[:min(n, lastSnapshots)]
	w.title(fmt.Sprintf("snapshots (last %d of %d)", len(last), n))
	for _, s := range last {
		mark := " "
		if m.HasCurrent && s.ID == m.CurrentSnapshotID {
			mark = "*"
		}
		line := fmt.Sprintf(" %s%s  %-20d %-9s", mark, s.CommittedAt.Time().Format("2006-01-02 15:04:05"), s.ID, s.Operation)
		line += signed(" +", summary(s.Summary, "added-records"), "rows") + signed(" -", summary(s.Summary, "deleted-records"), "rows") +
			signed(" +", summary(s.Summary, "added-data-files"), "files") + signed(" -", summary(s.Summary, "deleted-data-files"), "files")
		if id := summary(s.Summary, "wap.id"); id != "" {
			line += " wap.id " + id
		}
		w.put(line)
	}
}

func signed(sign, n, unit string) string {
	if n == "" || n == "0" {
		return ""
	}
	return sign + grouped(n) + " " + unit
}

// sizes is what a summary says about the whole table.
func sizes(s psyberg.Summary) string {
	var parts []string
	for _, k := range [][2]string{{"total-records", "rows"}, {"total-data-files", "data files"}, {"total-delete-files", "delete files"}} {
		if n := summary(s, k[0]); n != "" && n != "0" {
			parts = append(parts, grouped(n)+" "+k[1])
		}
	}
	if n, err := strconv.ParseInt(summary(s, "total-files-size"), 10, 64); err == nil {
		parts = append(parts, format.Bytes(n))
	}
	if len(parts) == 0 {
		return "the snapshot's summary does not say"
	}
	return strings.Join(parts, ", ")
}

func (w *sheet) properties(m *meta.Metadata) {
	listed(w, "properties", m.Properties, 12, "iceberg_properties", func(name string) string { return name + " = " + m.Properties[name] })
}
