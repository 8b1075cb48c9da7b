package shell

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"psyberg/engine/byname"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// names is what completion knows of the catalogs. It is asked when somebody
// completes, and kept for a while: nothing at the start.
type names struct {
	desk *Desk

	mu     sync.Mutex
	listed map[string]listing
	loaded map[string]loading
}

type listing struct {
	tables []surface.ListedTable
	at     time.Time
}

type loading struct {
	table *surface.Table
	at    time.Time
}

// fresh is how long completion believes what it was told.
const fresh = 20 * time.Second

func newNames(d *Desk) *names {
	return &names{desk: d, listed: map[string]listing{}, loaded: map[string]loading{}}
}

// tables are those of a catalog; nothing where it cannot be asked.
func (n *names) tables(ctx context.Context, catalog string) []surface.ListedTable {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l, ok := n.listed[catalog]; ok && n.desk.Now().Sub(l.at) < fresh {
		return l.tables
	}
	tables, err := n.desk.Session.Catalogs().List(ctx, catalog, nil)
	if err != nil {
		return nil
	}
	n.listed[catalog] = listing{tables, n.desk.Now()}
	return tables
}

// table is a table's metadata, nil where there is none of that name.
func (n *names) table(ctx context.Context, name string) *surface.Table {
	if name == "" || !strings.Contains(name, ".") {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if l, ok := n.loaded[name]; ok && n.desk.Now().Sub(l.at) < fresh {
		return l.table
	}
	t, err := n.desk.Session.Catalogs().Load(ctx, name)
	if err != nil {
		t = nil
	}
	n.loaded[name] = loading{t, n.desk.Now()}
	return t
}

// known reports whether a name is one of the default catalog's tables, without
// reading it.
func (n *names) known(ctx context.Context, parts []string) bool {
	return slices.ContainsFunc(n.tables(ctx, ""), func(t surface.ListedTable) bool {
		return slices.Equal(append(slices.Clone(t.Namespace), t.Name), parts)
	})
}

// below are the tables and namespaces that may follow the levels of a name.
func (n *names) below(ctx context.Context, levels []string) []Item {
	catalog, rest := "", levels
	cats := n.desk.Session.Catalogs()
	var out []Item
	if len(levels) > 0 && slices.Contains(cats.Names(), levels[0]) && levels[0] != cats.Default() {
		catalog, rest = levels[0], levels[1:]
	} else if len(levels) > 0 && levels[0] == cats.Default() {
		rest = levels[1:]
	}
	seen := map[string]bool{}
	for _, t := range n.tables(ctx, catalog) {
		full := append(slices.Clone(t.Namespace), t.Name)
		if len(full) <= len(rest) || !slices.Equal(full[:len(rest)], rest) {
			continue
		}
		next := full[len(rest)]
		if last := len(full) == len(rest)+1; last && len(rest) > 0 {
			out = append(out, Item{Text: byname.Name([]string{next}), Kind: "table"})
		} else if !last && !seen[next] {
			seen[next] = true
			out = append(out, Item{Text: byname.Name([]string{next}), Kind: "namespace", More: "."})
		}
	}
	if len(levels) == 0 && len(cats.Names()) > 1 {
		for _, c := range cats.Names() {
			out = append(out, Item{Text: c, Kind: "catalog", More: "."})
		}
	}
	return out
}

// columnsOf are the columns of a table, nested ones by their dotted names.
func columnsOf(t *surface.Table) []Item {
	var out []Item
	var add func(fields []*meta.Field, prefix string)
	add = func(fields []*meta.Field, prefix string) {
		for _, f := range fields {
			out = append(out, Item{Text: prefix + f.Name, Kind: f.Type.String(), Doc: f.Doc})
			if len(out) < 500 {
				add(f.Type.Fields, prefix+f.Name+".")
			}
		}
	}
	add(t.Meta.CurrentSchema().Fields, "")
	return out
}

// snapshotsOf are the snapshots of a table, the newest first, with their times.
func snapshotsOf(t *surface.Table, now time.Time) []Item {
	list := slices.Clone(t.Meta.Snapshots)
	slices.Reverse(list)
	var out []Item
	for _, s := range list[:min(len(list), 200)] {
		at := s.CommittedAt.Time()
		hint := at.Format("2006-01-02 15:04:05") + "  " + s.Operation + "  " + ago(now.Sub(at))
		if n := s.Summary.Get("added-records"); n != "" {
			hint += "  +" + grouped(n) + " rows"
		}
		for _, name := range t.Meta.RefNames() {
			if t.Meta.Refs[name].SnapshotID == s.ID {
				hint += "  @" + name
			}
		}
		out = append(out, Item{Text: grouplessID(int64(s.ID)), Kind: hint})
	}
	return out
}

// refsOf are branches and tags with the times of their heads.
func refsOf(t *surface.Table, now time.Time) []Item {
	var out []Item
	for _, name := range t.Meta.RefNames() {
		r := t.Meta.Refs[name]
		hint := r.Type
		if s, ok := t.Meta.Snapshot(r.SnapshotID); ok {
			at := s.CommittedAt.Time()
			hint += "  " + at.Format("2006-01-02 15:04:05") + "  " + ago(now.Sub(at))
		}
		out = append(out, Item{Text: name, Kind: hint})
	}
	return out
}
