package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"psyberg/functions/meta"
	"psyberg/functions/surface"
)

// Catalogs are the catalogs of one configuration. It is safe for use by
// several goroutines. It satisfies surface.Tables.
type Catalogs struct {
	defs     map[string]definition
	def      string // the default catalog
	sources  map[string]source
	maps     []pathMap
	files    map[string]*files // by catalog; "" for bare metadata.json
	hooks    hooks
	tableMu  sync.Mutex
	perTable map[string]*sync.Mutex
	patience time.Duration // how long a commit is tried again
}

var _ surface.Tables = (*Catalogs)(nil)

// Open reads the configuration. No catalog is connected to before it is used.
func Open(_ context.Context, cfg Config) (*Catalogs, error) {
	pm, err := parsePathMaps(cfg.PathMaps)
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	defs, def, err := cfg.definitions()
	if err != nil {
		return nil, err
	}
	c := &Catalogs{defs: defs, def: def, sources: map[string]source{}, maps: pm,
		files: map[string]*files{}, perTable: map[string]*sync.Mutex{}, patience: commitPatience}
	for name, d := range defs {
		s, err := newSource(d)
		if err != nil {
			if name != def {
				// Somebody else's entry of a shared file: an error when used.
				s = brokenSource{err}
			} else {
				return nil, err
			}
		}
		c.sources[name] = s
		c.files[name] = newFiles(pm, d.props)
		if sql, ok := s.(*sqlSource); ok {
			sql.files = c.files[name]
		}
	}
	c.files[""] = newFiles(pm, defs[def].props)
	return c, nil
}

// Close closes the connections of all catalogs.
func (c *Catalogs) Close() error {
	var err error
	for _, s := range c.sources {
		err = errors.Join(err, s.close())
	}
	return err
}

// Default returns the name of the default catalog.
func (c *Catalogs) Default() string { return c.def }

// Names returns the names of all configured catalogs, sorted.
func (c *Catalogs) Names() []string { return slices.Sorted(maps.Keys(c.defs)) }

// ident is a table's name once the catalog is known.
type ident struct {
	catalog   string
	namespace []string
	table     string
	ref       string
	plain     string // the name as it was given, without ref and default catalog
}

func (id ident) levels() []string {
	return append(slices.Clone(id.namespace), id.table)
}

// resolve finds the catalog that a name belongs to. A first part that names a
// configured catalog is one; the name that a SQL catalog has in its database
// works as well, unless the whole name is a table's: PyIceberg's catalog "conf"
// may have a namespace conf.
func (c *Catalogs) resolve(ctx context.Context, p parsedName) ident {
	levels, cat := p.levels, c.def
	if len(levels) > 2 {
		name, ok := c.catalogOf(ctx, levels[0])
		if _, configured := c.defs[levels[0]]; ok && !configured {
			last := len(levels) - 1
			_, err := c.sources[name].locate(ctx, levels[:last], levels[last])
			ok = err != nil
		}
		if ok {
			cat, levels = name, levels[1:]
		}
	}
	id := ident{catalog: cat, ref: p.ref, table: levels[len(levels)-1], namespace: levels[:len(levels)-1]}
	id.plain = quoteName(id.levels())
	if cat != c.def {
		id.plain = quoteName(append([]string{cat}, id.levels()...))
	} else if len(levels) == len(p.levels) {
		id.plain = p.plain // as it was given
	}
	return id
}

func (c *Catalogs) catalogOf(ctx context.Context, name string) (string, bool) {
	if _, ok := c.defs[name]; ok {
		return name, true
	}
	if slices.Contains(c.sources[c.def].aliases(ctx), name) {
		return c.def, true
	}
	return "", false
}

// Load finds a table and reads its metadata once (surface.Tables). Errors are
// ErrNotFound with near matches, or say which file could not be read.
func (c *Catalogs) Load(ctx context.Context, name string) (*surface.Table, error) {
	p, err := parseName(name)
	if err != nil {
		return nil, err
	}
	if p.location != "" {
		t := &surface.Table{Name: p.plain, Ref: p.ref, Location: p.location, Files: c.files[""]}
		t.Table = p.location[strings.LastIndexAny(p.location, `/\`)+1:]
		t.Meta, err = readMeta(ctx, c.files[""], p.location)
		return t, err
	}
	id := c.resolve(ctx, p)
	loc, err := c.sources[id.catalog].locate(ctx, id.namespace, id.table)
	if errors.Is(err, ErrNotFound) {
		return nil, c.notFound(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	f := c.files[id.catalog]
	m, err := readMeta(ctx, f, loc)
	if err != nil {
		return nil, fmt.Errorf("load table %s: %w", id.plain, err)
	}
	return &surface.Table{Name: id.plain, Ref: id.ref, Catalog: id.catalog, Namespace: id.namespace, Table: id.table,
		Location: loc, Meta: m, Files: f}, nil
}

func readMeta(ctx context.Context, f *files, location string) (*meta.Metadata, error) {
	b, err := f.Read(ctx, location, -1)
	if err != nil {
		return nil, err
	}
	if b, err = inflate(location, b); err != nil {
		return nil, err
	}
	return meta.Parse(location, b)
}

// notFound says what a name may have been meant for.
func (c *Catalogs) notFound(ctx context.Context, id ident) error {
	s := c.sources[id.catalog]
	base := fmt.Errorf("load table %s: table %w in catalog %q", id.plain, ErrNotFound, id.catalog)
	if hint := s.hint(ctx); hint != "" {
		return fmt.Errorf("%w%s", base, hint)
	}
	nss, err := s.namespaces(ctx)
	if err != nil {
		return base
	}
	var known []string
	for _, n := range nss {
		known = append(known, quoteName(n))
	}
	if ns := quoteName(id.namespace); !slices.Contains(known, ns) {
		base = fmt.Errorf("load table %s: namespace %s %w in catalog %q", id.plain, ns, ErrNotFound, id.catalog)
		return fmt.Errorf("%w%s", base, meta.Suggest(ns, known))
	}
	tables, err := s.list(ctx)
	if err != nil {
		return base
	}
	var names []string
	beside := 0 // those of the same namespace come first
	for _, t := range tables {
		name := quoteName(append(slices.Clone(t.Namespace), t.Name))
		if slices.Equal(t.Namespace, id.namespace) {
			names = slices.Insert(names, beside, name)
			beside++
		} else {
			names = append(names, name)
		}
	}
	return fmt.Errorf("%w%s", base, meta.Suggest(quoteName(id.levels()), names))
}

// List returns the tables of a catalog ("" is the default one) below a
// namespace (nil is all), by namespace and name. An unknown catalog or
// namespace is ErrNotFound.
func (c *Catalogs) List(ctx context.Context, catalog string, namespace []string) ([]surface.ListedTable, error) {
	if catalog == "" {
		catalog = c.def
	}
	name, ok := c.catalogOf(ctx, catalog)
	if !ok {
		return nil, fmt.Errorf("list tables: catalog %q %w%s", catalog, ErrNotFound, meta.Suggest(catalog, c.Names()))
	}
	s := c.sources[name]
	all, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(t surface.ListedTable) bool {
		return len(t.Namespace) < len(namespace) || !slices.Equal(t.Namespace[:len(namespace)], namespace)
	})
	slices.SortStableFunc(all, func(a, b surface.ListedTable) int {
		return slices.Compare(append(slices.Clone(a.Namespace), a.Name), append(slices.Clone(b.Namespace), b.Name))
	})
	if len(all) > 0 {
		return all, nil
	}
	if hint := s.hint(ctx); hint != "" {
		return nil, fmt.Errorf("list tables of catalog %q: tables %w%s", catalog, ErrNotFound, hint)
	}
	if len(namespace) == 0 {
		return all, nil
	}
	return all, c.checkNamespace(ctx, s, name, namespace)
}

// NamedLike returns the tables of the default catalog that have a text in their
// name, in any namespace, as Load takes them. It is for guesses: nothing where
// listing the catalog takes more than one query, or fails.
func (c *Catalogs) NamedLike(ctx context.Context, part string) []string {
	s, ok := c.sources[c.def].(*sqlSource)
	if !ok {
		return nil
	}
	all, err := s.list(ctx)
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range all {
		if strings.Contains(strings.ToLower(t.Name), part) {
			out = append(out, quoteName(append(slices.Clone(t.Namespace), t.Name)))
		}
	}
	return out
}

func (c *Catalogs) checkNamespace(ctx context.Context, s source, catalog string, namespace []string) error {
	nss, err := s.namespaces(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, n := range nss {
		if len(n) >= len(namespace) && slices.Equal(n[:len(namespace)], namespace) {
			return nil
		}
		known = append(known, quoteName(n))
	}
	return fmt.Errorf("list tables: namespace %s %w in catalog %q%s", quoteName(namespace), ErrNotFound, catalog,
		meta.Suggest(quoteName(namespace), known))
}

// Namespaces returns the namespaces of a catalog ("" is the default one).
func (c *Catalogs) Namespaces(ctx context.Context, catalog string) ([][]string, error) {
	if catalog == "" {
		catalog = c.def
	}
	name, ok := c.catalogOf(ctx, catalog)
	if !ok {
		return nil, fmt.Errorf("list namespaces: catalog %q %w%s", catalog, ErrNotFound, meta.Suggest(catalog, c.Names()))
	}
	return c.sources[name].namespaces(ctx)
}
