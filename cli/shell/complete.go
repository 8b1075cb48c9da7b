package shell

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/byname"
	"psyberg/functions/surface"
)

// Item is one thing that may stand at the cursor.
type Item struct {
	Text string // what is put there
	Kind string // what it is, beside it: "table", a type, a time
	Doc  string // a line about it
	More string // put behind it where it is the only one: "." after a namespace
}

// Completion is what may stand for bytes [From, cursor) of the text.
type Completion struct {
	From  int
	Items []Item
}

// maxItems is how many a person may look through.
const maxItems = 300

// completer says what may stand at the cursor.
type completer struct {
	desk  *Desk
	names *names
	docs  map[string]documented
}

func newCompleter(d *Desk) *completer {
	return &completer{d, newNames(d), documentation(d.Session)}
}

func grouplessID(n int64) string { return strconv.FormatInt(n, 10) }

// complete finds what may stand at byte at of text.
func (c *completer) complete(ctx context.Context, text string, at int) Completion {
	if IsCommand(text) {
		return c.command(ctx, text, at)
	}
	p := placeAt(text, at)
	switch {
	case p.isDead:
		return Completion{From: at}
	case p.quoted:
		return c.inText(ctx, p)
	}
	out := Completion{From: p.from}
	if strings.HasPrefix(p.word, `"`) { // a quoted name in the making
		p.word = strings.Trim(p.word, `"`)
	}
	switch {
	case len(p.chain) > 0:
		out.Items = c.afterDot(ctx, p)
	case p.call != nil && c.docs[p.call.function].name != "":
		out.Items = c.argument(ctx, p)
	case wantsTable(p.before):
		out.Items = append(c.names.below(ctx, nil), c.functionItems()...)
		out.Items = append(out.Items, c.duckdb(ctx, p, text[:at])...)
	default:
		out.Items = append(c.columns(ctx, p), c.functionItems()...)
		out.Items = append(out.Items, c.duckdb(ctx, p, text[:at])...)
	}
	out.Items = matching(out.Items, p.word)
	return out
}

func wantsTable(before string) bool {
	switch before {
	case "from", "join", "describe", "summarize", "table", "pivot", "unpivot", "into":
		return true
	}
	return false
}

// matching are the items that begin with word, then those that have it
// somewhere, each once.
func matching(items []Item, word string) []Item {
	lower := strings.ToLower(word)
	var first, second []Item
	seen := map[string]bool{}
	for _, it := range items {
		name := strings.ToLower(strings.TrimLeft(it.Text, `"'`))
		switch {
		case seen[it.Text]:
			continue
		case strings.HasPrefix(name, lower):
			first = append(first, it)
		case len(lower) > 1 && strings.Contains(name, lower):
			second = append(second, it)
		default:
			continue
		}
		seen[it.Text] = true
	}
	out := append(first, second...)
	return out[:min(len(out), maxItems)]
}

func (c *completer) functionItems() []Item {
	var out []Item
	for _, n := range sorted(c.docs) {
		first, _, _ := strings.Cut(c.docs[n].doc, "\n")
		out = append(out, Item{Text: n, Kind: "function", Doc: first, More: "("})
	}
	return out
}

// afterDot completes a.b.: what is below it in a catalog, metadata names, or
// the columns of a table of the statement that has that alias.
func (c *completer) afterDot(ctx context.Context, p place) []Item {
	var out []Item
	for alias, name := range c.tablesIn(ctx, p.text) {
		if len(p.chain) == 1 && strings.EqualFold(alias, p.chain[0]) {
			if t := c.names.table(ctx, name); t != nil {
				out = append(out, columnsOf(t)...)
			}
		}
	}
	out = append(out, c.names.below(ctx, p.chain)...)
	if len(p.chain) >= 2 && c.names.known(ctx, c.withoutCatalog(p.chain)) {
		for _, n := range byname.MetadataNames() {
			doc := c.docs[byname.MetadataFunction(n)].doc
			first, _, _ := strings.Cut(doc, "\n")
			out = append(out, Item{Text: n, Kind: "metadata table", Doc: first})
		}
	}
	return out
}

func (c *completer) withoutCatalog(chain []string) []string {
	if len(chain) > 2 && chain[0] == c.desk.Session.Catalogs().Default() {
		return chain[1:]
	}
	return chain
}

// argument completes inside a call of a function of ours.
func (c *completer) argument(ctx context.Context, p place) []Item {
	f := c.docs[p.call.function]
	if p.call.named != "" {
		return c.argumentValues(ctx, p, p.call.named, false)
	}
	var out []Item
	for i, a := range f.args() {
		if i < len(f.positional) || slices.Contains(p.call.given, a.Name) {
			continue
		}
		out = append(out, Item{Text: a.Name + " := ", Kind: strings.TrimSpace("argument " + a.TypeName()), Doc: a.Doc})
	}
	if p.call.position < len(f.positional) {
		a := f.positional[p.call.position]
		if isTableArg(a.Name) {
			var tables []Item
			for _, it := range c.tableNames(ctx) {
				it.Text = engine.QuoteLiteral(it.Text)
				tables = append(tables, it)
			}
			out = append(tables, out...)
		}
	}
	return out
}

func isTableArg(name string) bool {
	switch name {
	case "table_name", "table", "t", "target", "src_tables", "hwm_table", "session_table", "source_table":
		return true
	}
	return false
}

// tableNames are all tables of the default catalog by their whole names.
func (c *completer) tableNames(ctx context.Context) []Item {
	var out []Item
	for _, t := range c.names.tables(ctx, "") {
		out = append(out, Item{Text: byname.Name(append(slices.Clone(t.Namespace), t.Name)), Kind: "table"})
	}
	return out
}

// argumentValues are values that an argument of the call may have.
func (c *completer) argumentValues(ctx context.Context, p place, name string, quoted bool) []Item {
	source, _, _ := strings.Cut(p.call.first, ",")
	source, _, _ = strings.Cut(source, "|")
	plain, _, _ := strings.Cut(source, "@")
	t := c.names.table(ctx, plain)
	var out []Item
	switch {
	case strings.HasSuffix(name, "snapshot_id") && t != nil:
		out = snapshotsOf(t, c.desk.Now())
	case name == "ref" && t != nil:
		out = literals(refsOf(t, c.desk.Now()), quoted)
	case name == "as_of" && t != nil:
		for _, s := range snapshotsOf(t, c.desk.Now()) {
			at, _, _ := strings.Cut(s.Kind, "  ")
			out = append(out, Item{Text: at + "+00", Kind: s.Kind})
		}
		out = literals(out, quoted)
	case (name == "bounds" || name == "columns" || name == "column") && t != nil:
		out = literals(columnsOf(t), quoted)
	case isTableArg(name):
		out = literals(c.tableNames(ctx), quoted)
	case name == "content":
		out = literals([]Item{{Text: "all"}, {Text: "data"}, {Text: "deletes"}}, quoted)
	case name == "all_snapshots":
		out = []Item{{Text: "true"}, {Text: "false"}}
	}
	return out
}

func literals(items []Item, quoted bool) []Item {
	if quoted {
		return items
	}
	out := slices.Clone(items)
	for i := range out {
		out[i].Text = engine.QuoteLiteral(out[i].Text)
	}
	return out
}

// inText completes inside single quotes: tables in a call of ours, their refs
// behind @, their columns behind |, files elsewhere.
func (c *completer) inText(ctx context.Context, p place) Completion {
	out := Completion{From: p.from}
	if p.call == nil || c.docs[p.call.function].name == "" {
		items, from := files(p.word)
		return Completion{From: p.from + from, Items: items}
	}
	f := c.docs[p.call.function]
	name := p.call.named
	if name == "" && p.call.position < len(f.positional) {
		name = f.positional[p.call.position].Name
	}
	if !isTableArg(name) {
		out.Items = matching(c.argumentValues(ctx, p, name, true), p.word)
		return out
	}
	word, shift := p.word, 0
	if name == "src_tables" {
		if i := strings.LastIndexByte(word, ','); i >= 0 {
			word, shift = word[i+1:], i+1
		}
	}
	table, rest, isRef := strings.Cut(word, "@")
	column, isColumn := "", false
	if !isRef {
		table, column, isColumn = strings.Cut(word, "|")
	}
	t := (*surface.Table)(nil)
	if isRef || isColumn {
		if t = c.names.table(ctx, table); t == nil {
			return out
		}
	}
	switch {
	case isRef:
		return Completion{p.from + shift + len(table) + 1, matching(refsOf(t, c.desk.Now()), rest)}
	case isColumn:
		return Completion{p.from + shift + len(table) + 1, matching(columnsOf(t), column)}
	}
	return Completion{p.from + shift, matching(c.tableNames(ctx), word)}
}

// tablesIn are the tables of the catalogs that a statement names, by alias.
func (c *completer) tablesIn(ctx context.Context, text string) map[string]string {
	out := map[string]string{}
	for _, t := range byname.TablesIn(text) {
		if len(t.Parts) >= 2 && c.names.known(ctx, c.withoutCatalog(t.Parts)) {
			out[t.Alias] = byname.Name(t.Parts)
		}
	}
	for _, call := range callsIn(text) {
		out[call.alias] = call.table
	}
	return out
}

// columns are those of the tables that the statement names.
func (c *completer) columns(ctx context.Context, p place) []Item {
	var out []Item
	tables := c.tablesIn(ctx, p.text)
	for _, alias := range sorted(tables) {
		if t := c.names.table(ctx, tables[alias]); t != nil {
			out = append(out, columnsOf(t)...)
		}
	}
	return out
}

// duckdb asks DuckDB's own completion: keywords, its tables, columns and functions.
func (c *completer) duckdb(ctx context.Context, p place, head string) []Item {
	rows, err := c.desk.ask(ctx, "SELECT suggestion FROM sql_auto_complete("+engine.QuoteLiteral(head)+")")
	if err != nil {
		return nil
	}
	var out []Item
	for _, r := range rows {
		s := strings.TrimSpace(word(r["suggestion"]))
		if p.word != "" && strings.ToLower(p.word) == p.word && strings.ToUpper(s) == s {
			s = strings.ToLower(s) // as the person writes
		}
		out = append(out, Item{Text: s})
	}
	return out
}

// command completes a command with a backslash and its argument.
func (c *completer) command(ctx context.Context, text string, at int) Completion {
	begin := strings.IndexByte(text, '\\')
	head := text[begin:at]
	name, arg, inArg := strings.Cut(head, " ")
	if !inArg {
		var out []Item
		for _, cmd := range commands {
			out = append(out, Item{Text: cmd.names[0], Kind: cmd.args, Doc: cmd.help, More: " "})
		}
		return Completion{begin, matching(out, name)}
	}
	cmd := find(name)
	if cmd == nil {
		return Completion{From: at}
	}
	i := strings.LastIndexByte(arg, ' ') + 1
	word := arg[i:]
	from := at - len(word)
	switch cmd.what {
	case argFile:
		items, shift := files(word)
		return Completion{from + shift, items}
	case argTable:
		return Completion{from, matching(c.tableNames(ctx), word)}
	case argNamespace:
		return Completion{from, matching(plainItems(c.names.below(ctx, nil)), word)}
	case argFunction:
		return Completion{from, matching(plainItems(c.functionItems()), word)}
	case argFormat:
		var out []Item
		for _, n := range format.Names() {
			out = append(out, Item{Text: n})
		}
		return Completion{from, matching(out, word)}
	case argSwitch:
		return Completion{from, matching([]Item{{Text: "on"}, {Text: "off"}, {Text: "auto"}}, word)}
	case argTopic:
		return Completion{from, matching(c.topics(), word)}
	case argProcess:
		return Completion{from, matching(c.processes(ctx), word)}
	}
	return Completion{From: at}
}

func plainItems(items []Item) []Item {
	out := slices.Clone(items)
	for i := range out {
		out[i].More = ""
	}
	return out
}

func (c *completer) topics() []Item {
	out := plainItems(c.functionItems())
	if c.desk.Topics != nil {
		for _, t := range c.desk.Topics() {
			out = append(out, Item{Text: t, Kind: "topic"})
		}
	}
	return out
}

func (c *completer) processes(ctx context.Context) []Item {
	table, err := c.desk.sessionTable(ctx)
	if err != nil {
		return nil
	}
	known, err := c.desk.processes(ctx, table)
	if err != nil {
		return nil
	}
	var out []Item
	for _, p := range known {
		out = append(out, Item{Text: p, Kind: "process"})
	}
	return out
}

// files are the files that a path may mean; from is where the last part begins.
func files(path string) (items []Item, from int) {
	dir, base := filepath.Split(path)
	look := dir
	if look == "" {
		look = "."
	} else if rest, ok := strings.CutPrefix(look, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, len(dir)
		}
		look = filepath.Join(home, rest)
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil, len(dir)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(base, ".") {
			continue
		}
		it := Item{Text: e.Name(), Kind: "file"}
		if e.IsDir() {
			it.Kind, it.More = "folder", "/"
		}
		items = append(items, it)
	}
	return matching(items, base), len(dir)
}
