package shell

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return engine.QuoteLiteral(s)
}

func tables(ctx context.Context, d *Desk, arg string) error {
	return d.Run(ctx, `\dt`, "SELECT namespace, name FROM iceberg_tables(namespace := "+orNull(arg)+") ORDER BY namespace, name")
}

func namespaces(ctx context.Context, d *Desk, arg string) error {
	return d.Run(ctx, `\dn`, "SELECT namespace, count(*) AS tables FROM iceberg_tables(catalog := "+orNull(arg)+") GROUP BY namespace ORDER BY namespace")
}

func catalogs(_ context.Context, d *Desk, _ string) error {
	cats := d.Session.Catalogs()
	for _, c := range cats.Names() {
		mark := ""
		if len(cats.Names()) > 1 && c == cats.Default() {
			mark = "  (default)"
		}
		fmt.Fprintln(d.Out, format.OneLine(c)+mark)
	}
	return nil
}

// documented is what is known of a function of the surface.
type documented struct {
	name              string
	positional, named []surface.Arg
	doc               string
}

// args are all arguments in order.
func (f documented) args() []surface.Arg {
	return append(slices.Clone(f.positional), f.named...)
}

func documentation(s *engine.Session) map[string]documented {
	out := map[string]documented{}
	for _, f := range s.Functions() {
		out[f.Name] = documented{f.Name, f.Positional, f.Named, f.Doc}
	}
	for _, q := range s.Queries() {
		out[q.Name] = documented{q.Name, q.Positional, q.Named, q.Doc}
	}
	return out
}

// functions lists those with part in their name, each with its first sentence.
func functions(_ context.Context, d *Desk, part string) error {
	docs := documentation(d.Session)
	width, _ := d.Size()
	if width == 0 {
		width = 1 << 20
	}
	for _, n := range sorted(docs) {
		if strings.Contains(n, strings.ToLower(part)) {
			first, _, _ := strings.Cut(docs[n].doc, "\n")
			fmt.Fprintln(d.Out, clip(fmt.Sprintf("%-32s %s", n, first), width))
		}
	}
	return nil
}

func function(_ context.Context, d *Desk, name string) error {
	docs := documentation(d.Session)
	f, ok := docs[strings.ToLower(name)]
	if !ok {
		return fmt.Errorf("describe function %q: not found%s", name, meta.Suggest(name, sorted(docs)))
	}
	width, _ := d.Size()
	writeFunction(d.Out, d.Styles, f, width)
	return nil
}

// writeFunction prints how a function is called, its arguments, what it returns.
func writeFunction(w io.Writer, st Styles, f documented, width int) {
	var params []string
	for i, a := range f.args() {
		p := a.Name
		if i >= len(f.positional) {
			p += " := "
			if t := a.TypeName(); t != "" {
				p += t
			} else {
				p += "value"
			}
		}
		params = append(params, p)
	}
	fmt.Fprintln(w, wrap(st.Paint(styleFunction, f.name)+"("+strings.Join(params, ", ")+")", width, "    "))
	fmt.Fprintln(w)
	for _, a := range f.args() {
		line := fmt.Sprintf("  %-18s %s", a.Name, strings.TrimSpace(a.TypeName()+"  "+a.Doc))
		fmt.Fprintln(w, wrap(line, width, strings.Repeat(" ", 21)))
	}
	fmt.Fprintln(w)
	for _, l := range strings.Split(strings.TrimSpace(f.doc), "\n") {
		indent := ""
		if strings.HasPrefix(l, "  ") {
			indent = strings.Repeat(" ", 31)
		}
		fmt.Fprintln(w, wrap(l, width, indent))
	}
}

// wrap breaks a line at blanks so that it fits, what follows indented; 0: it stays.
func wrap(line string, width int, indent string) string {
	if width <= len(indent)+20 || cells(line) <= width {
		return line
	}
	var out []string
	for cells(line) > width {
		head, _ := take(line, width)
		i := strings.LastIndexByte(head, ' ')
		if i <= len(indent) {
			break
		}
		out = append(out, strings.TrimRight(line[:i], " "))
		line = indent + strings.TrimLeft(line[i:], " ")
	}
	return strings.Join(append(out, line), "\n")
}

// gap is what parts the two columns of a line of help.
var gap = regexp.MustCompile(`^ *\S.*?\S {2,}\S`)

// broken is from which length on a line of prose is taken for one that goes on in the next.
const broken = 84

// reflow makes a page that was written for wide paper fit: prose is broken anew,
// and the second column of a list stays one. Examples stay as they are.
func reflow(page string, width int) string {
	if width <= 0 || width >= broken+20 {
		return page
	}
	var out []string
	example, lines := false, strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		example = strings.HasPrefix(l, "Example") || example && (l == "" || strings.HasPrefix(l, " "))
		if example {
			out = append(out, l)
			continue
		}
		indent := strings.Repeat(" ", len(l)-len(strings.TrimLeft(l, " ")))
		for !gap.MatchString(l) && cells(lines[i]) > broken && i+1 < len(lines) && goesOn(lines[i+1], indent) {
			i++
			l += " " + strings.TrimLeft(lines[i], " ")
		}
		if m := gap.FindString(l); m != "" && len(m) < width/2 {
			indent = strings.Repeat(" ", cells(m)-1)
		}
		out = append(out, wrap(l, width, indent))
	}
	return strings.Join(out, "\n")
}

// goesOn reports whether a line is prose of this indent.
func goesOn(line, indent string) bool {
	rest, ok := strings.CutPrefix(line, indent)
	return ok && rest != "" && rest[0] != ' ' && !gap.MatchString(line)
}

// helpOn prints a page of help: a function's, one of the program's, or DuckDB's
// statements that take more than DuckDB says.
func helpOn(ctx context.Context, d *Desk, topic string) error {
	if topic == "" {
		if d.Topics != nil {
			fmt.Fprintln(d.Out, wrap("\\h TOPIC, one of: "+strings.Join(d.Topics(), ", ")+"; or a function: \\df lists them", 78, "  "))
		}
		return list(ctx, d, "")
	}
	docs := documentation(d.Session)
	if f, ok := docs[strings.ToLower(topic)]; ok {
		width, _ := d.Size()
		writeFunction(d.Out, d.Styles, f, width)
		return nil
	}
	var page strings.Builder
	if d.Help != nil && d.Help(&page, topic) {
		width, _ := d.Size()
		_, err := fmt.Fprintln(d.Out, reflow(strings.TrimRight(page.String(), "\n"), width))
		return err
	}
	names := sorted(docs)
	if d.Topics != nil {
		names = append(names, d.Topics()...)
	}
	return fmt.Errorf("\\h: no help on %q%s", topic, meta.Suggest(topic, names))
}
