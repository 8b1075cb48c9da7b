package byname

import (
	"context"
	"slices"
	"strings"
)

// Find reports whether a catalog has the table whose name has these parts. An
// error is one of the catalog.
type Find func(ctx context.Context, parts []string) (bool, error)

// Statement is a statement with the names that were replaced so far.
type Statement struct {
	sql    string
	toks   []token
	places []place
	edits  []edit // by from
	done   map[int]bool
}

// edit replaces bytes [from, to) of the statement.
type edit struct {
	from, to int
	text     string
}

// New looks for names in a statement.
func New(sql string) *Statement {
	toks := significant(sql)
	return &Statement{sql: sql, toks: toks, places: places(toks), done: map[int]bool{}}
}

// Names reports whether the statement has any name that could be a table of a catalog.
func (s *Statement) Names() bool { return len(s.places) > 0 }

// Deep reports whether there is one that DuckDB's parser has no place for:
// four parts, or a snapshot in Spark's words behind it.
func (s *Statement) Deep() bool {
	for _, p := range s.places {
		if _, _, ok := s.pin(p); len(p.parts) > 3 || ok {
			return true
		}
	}
	return false
}

// Replace replaces names that find knows. at is the byte of SQL() where DuckDB
// missed a table, -1 where it did not say; taken says which first parts are
// schemas or databases of DuckDB's own: names below them are replaced only where
// DuckDB missed them. It reports whether anything was replaced.
func (s *Statement) Replace(ctx context.Context, at int, taken func(string) bool, find Find) (bool, error) {
	if at >= 0 {
		at = s.Offset(at)
	}
	changed := false
	for i, p := range s.places {
		if s.done[i] || taken(p.parts[0]) && s.toks[p.first].Start != at && !(at <= 0 && p.verb == "copy") {
			continue
		}
		call, alias, err := s.call(ctx, p, find)
		if err != nil {
			return false, err
		}
		if call == "" {
			continue
		}
		if s.shared(i) {
			alias = Name(p.parts)
		}
		s.apply(p, call, alias)
		s.done[i], changed = true, true
		if p.verb == "" && !s.aliased(p.after) {
			s.qualify(p, alias)
		}
	}
	return changed, nil
}

// shared reports whether another table beside place i, without an alias either,
// has the same last part: FROM a.t JOIN b.t.
func (s *Statement) shared(i int) bool {
	p := s.places[i]
	for j, q := range s.places {
		if j != i && q.scope == p.scope && !s.aliased(p.after) && !s.aliased(q.after) && len(p.parts) > 1 &&
			strings.EqualFold(p.parts[len(p.parts)-1], q.parts[len(q.parts)-1]) && Name(p.parts) != Name(q.parts) {
			return true
		}
	}
	return false
}

// qualify replaces the table's name before its columns by its alias: b.t.x, and
// a.b.t.x, where a.b.t is read.
func (s *Statement) qualify(p place, alias string) {
	for i := 0; i < len(s.toks); {
		parts, after := chain(s.toks, i)
		if after == i || parts == nil {
			i++
			continue
		}
		call := after < len(s.toks) && s.toks[after].text == "("
		for n := len(p.parts); n > 1 && !call && i != p.first; n-- {
			if len(parts) > n && sameName(parts[:n], p.parts[len(p.parts)-n:]) && !s.inPlace(i) && !s.edited(s.toks[i].Start) {
				s.edit(s.toks[i].Start, s.toks[i+2*(n-1)].End, quoteIdent(alias))
				break
			}
		}
		i = after
	}
}

func sameName(a, b []string) bool {
	return slices.EqualFunc(a, b, strings.EqualFold)
}

func (s *Statement) inPlace(token int) bool {
	return slices.ContainsFunc(s.places, func(p place) bool { return p.first == token })
}

func (s *Statement) edited(at int) bool {
	return slices.ContainsFunc(s.edits, func(e edit) bool { return e.from <= at && at < e.to })
}

func (s *Statement) edit(from, to int, text string) {
	s.edits = append(s.edits, edit{from, to, text})
	slices.SortFunc(s.edits, func(a, b edit) int { return a.from - b.from })
}

// call is the call that a place stands for, "" where it is no table of a catalog.
func (s *Statement) call(ctx context.Context, p place, find Find) (call, alias string, err error) {
	last := len(p.parts) - 1
	ok, err := find(ctx, p.parts)
	if err != nil {
		return "", "", err
	}
	function, args, parts := "iceberg_rows", "", p.parts
	if !ok {
		if last < 2 {
			return "", "", nil
		}
		if function, args, ok = selector(p.parts[last]); !ok {
			return "", "", nil
		}
		parts = p.parts[:last]
		if ok, err = find(ctx, parts); !ok || err != nil {
			return "", "", err
		}
	}
	pin, _, _ := s.pin(p)
	return function + "(" + quoteLiteral(Name(parts)) + args + pin + ")", p.parts[last], nil
}

func (s *Statement) apply(p place, call, alias string) {
	from, to := s.toks[p.first].Start, s.toks[p.after-1].End
	after := p.after
	if _, n, ok := s.pin(p); ok {
		after = n
		to = s.toks[n-1].End
	}
	switch p.verb {
	case "describe", "desc", "summarize":
		call = "FROM " + call
	case "table":
		from = s.toks[p.first-1].Start
		call = "FROM " + call
	case "copy":
		call = "(FROM " + call + ")"
	default:
		if !s.aliased(after) {
			call += " AS " + quoteIdent(alias)
		}
	}
	s.edit(from, to, call)
}

// SQL is the statement with its replacements.
func (s *Statement) SQL() string {
	var b strings.Builder
	at := 0
	for _, e := range s.edits {
		b.WriteString(s.sql[at:e.from])
		b.WriteString(e.text)
		at = e.to
	}
	return b.String() + s.sql[at:]
}

// Offset is the byte of the statement that byte off of SQL() comes from; inside
// a replacement, the name's begin.
func (s *Statement) Offset(off int) int {
	shift := 0 // bytes of SQL() before the edit, less those of the statement
	for _, e := range s.edits {
		begin := e.from + shift
		if off < begin {
			break
		}
		if off < begin+len(e.text) {
			return e.from
		}
		shift += len(e.text) - (e.to - e.from)
	}
	return min(max(off-shift, 0), len(s.sql))
}

// Name prints parts as the first argument of the functions has them.
func Name(parts []string) string {
	out := make([]string, len(parts))
	for i, p := range parts {
		if out[i] = p; p == "" || strings.ContainsAny(p, `.@"`) {
			out[i] = quoteIdent(p)
		}
	}
	return strings.Join(out, ".")
}

// Given is the statement as it was given.
func (s *Statement) Given() string { return s.sql }

// Missed is the name of two parts or more that stands at byte at, for an error's
// suggestions, and its byte; below 0, the only one that was not replaced. nil where
// there is none such.
func (s *Statement) Missed(at int) (parts []string, place int) {
	open := 0
	for i, p := range s.places {
		start := s.toks[p.first].Start
		if start == at {
			return p.parts, start
		}
		if !s.done[i] {
			parts, place = p.parts, start
			open++
		}
	}
	if at >= 0 || open != 1 {
		return nil, 0
	}
	return parts, place
}

// Table is a name of a statement that stands where a table can.
type Table struct {
	Parts []string
	Alias string // the last part where the statement gives none
}

// TablesIn are the names of two parts or more in a statement, which may be unfinished.
func TablesIn(sql string) []Table {
	s := New(sql)
	var out []Table
	for _, p := range s.places {
		t := Table{p.parts, p.parts[len(p.parts)-1]}
		if i := p.after; s.aliased(i) {
			if s.toks[i].word() == "as" && i+1 < len(s.toks) {
				i++
			}
			t.Alias = unquote(s.toks[i].text)
		}
		out = append(out, t)
	}
	return out
}
