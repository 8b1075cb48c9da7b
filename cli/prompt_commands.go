package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/functions/meta"
)

const promptHelp = `  statement ;        run it; a statement may take several lines
  \q                 leave (also: end of input)
  \?                 this text
  \x                 results row by row, or as tables again
  \timing            show how long statements take, or no longer
  \format NAME       box, csv, json, jsonl, markdown, tsv, list, vertical
  \i FILE            run a script
  \l                 catalogs of this session
  \dn                namespaces
  \dt [NAMESPACE]    tables
  \d TABLE           columns of an Iceberg table
  \df [PART]         functions, or those with PART in their name
  \df+ NAME          what a function takes and returns
  Ctrl-C             drop what is typed, or end the running statement
`

// command runs one command with a backslash.
func (p *prompt) command(ctx context.Context, text string) error {
	name, arg, _ := strings.Cut(text, " ")
	arg = strings.TrimSuffix(strings.TrimSpace(arg), ";")
	switch strings.TrimSuffix(name, ";") {
	case `\q`, `\quit`:
		return errQuit
	case `\?`, `\h`, `\help`:
		p.out.buf.WriteString(promptHelp)
		return nil
	case `\x`:
		p.x = !p.x
		return p.setWriter()
	case `\timing`:
		p.timing = !p.timing
		return nil
	case `\format`:
		w, err := format.New(arg, format.Options{MaxRows: p.app.opts.maxRows})
		if err == nil {
			p.plain, p.x = w, false
			err = p.setWriter()
		}
		return err
	case `\i`:
		data, err := os.ReadFile(arg)
		if err != nil {
			return fmt.Errorf("read script: %w", err)
		}
		return p.sql(ctx, arg, string(data))
	case `\l`:
		for _, c := range p.session.Catalogs().Names() {
			fmt.Fprintln(p.out.buf, c)
		}
		return nil
	case `\dn`:
		return p.sql(ctx, name, "SELECT DISTINCT namespace FROM iceberg_tables() ORDER BY namespace")
	case `\dt`:
		return p.sql(ctx, name, "SELECT namespace, name FROM iceberg_tables(namespace := "+orNull(arg)+") ORDER BY namespace, name")
	case `\d`:
		if arg == "" {
			return p.sql(ctx, name, "SELECT namespace, name FROM iceberg_tables() ORDER BY namespace, name")
		}
		return p.sql(ctx, name, "SELECT name, type, required, doc FROM iceberg_schemas("+engine.QuoteLiteral(arg)+") WHERE is_current ORDER BY position")
	case `\df`:
		return p.functions(arg)
	case `\df+`:
		return p.describe(arg)
	}
	return fmt.Errorf("%s is no command: \\? lists them", name)
}

func (p *prompt) setWriter() error {
	p.writer = p.plain
	if !p.x {
		return nil
	}
	var err error
	p.writer, err = format.New("vertical", format.Options{})
	return err
}

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return engine.QuoteLiteral(s)
}

// functionDoc is what is known of a function of the surface.
type functionDoc struct{ signature, doc string }

func (p *prompt) functionDocs() (names []string, docs map[string]functionDoc) {
	docs = map[string]functionDoc{}
	for _, f := range p.session.Functions() {
		docs[f.Name] = functionDoc{signature(f.Name, f.Positional, f.Named), f.Doc}
	}
	for _, q := range p.session.Queries() {
		docs[q.Name] = functionDoc{signature(q.Name, q.Positional, q.Named), q.Doc}
	}
	for n := range docs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, docs
}

// functions lists the functions with part in their name, each with the first
// line of its documentation.
func (p *prompt) functions(part string) error {
	names, docs := p.functionDocs()
	for _, n := range names {
		if !strings.Contains(n, strings.ToLower(part)) {
			continue
		}
		first, _, _ := strings.Cut(docs[n].doc, "\n")
		fmt.Fprintf(p.out.buf, "%-32s %s\n", n, first)
	}
	return nil
}

func (p *prompt) describe(name string) error {
	names, docs := p.functionDocs()
	doc, ok := docs[strings.ToLower(name)]
	if !ok {
		return fmt.Errorf("describe function %q: not found%s", name, meta.Suggest(name, names))
	}
	_, err := fmt.Fprintf(p.out.buf, "%s\n\n%s\n", doc.signature, strings.TrimSpace(doc.doc))
	return err
}
