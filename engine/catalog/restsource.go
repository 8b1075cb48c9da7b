package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	_ "github.com/apache/iceberg-go/catalog/rest" // registers "rest"

	"psyberg/functions/surface"
)

// restSource is a REST catalog, through iceberg-go's client.
type restSource struct {
	def definition
	mu  sync.Mutex
	cat catalog.Catalog
}

func (r *restSource) client(ctx context.Context) (catalog.Catalog, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cat != nil {
		return r.cat, nil
	}
	props := iceberg.Properties(maps.Clone(r.def.props))
	props["type"] = "rest"
	// The client outlives the statement that opens it first.
	c, err := catalog.Load(context.WithoutCancel(ctx), r.def.name, props)
	if err != nil {
		return nil, fmt.Errorf("open catalog %q at %s: %w", r.def.name, redact(r.def.props["uri"]), err)
	}
	r.cat = c
	return c, nil
}

func (r *restSource) locate(ctx context.Context, namespace []string, table string) (string, error) {
	c, err := r.client(ctx)
	if err != nil {
		return "", err
	}
	t, err := c.LoadTable(ctx, append(append([]string{}, namespace...), table))
	if errors.Is(err, catalog.ErrNoSuchTable) || errors.Is(err, catalog.ErrNoSuchNamespace) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("load table %s from catalog %q: %w", quoteName(append(namespace, table)), r.def.name, err)
	}
	return t.MetadataLocation(), nil
}

func (r *restSource) namespaces(ctx context.Context) ([][]string, error) {
	c, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	var out [][]string
	todo := [][]string{nil}
	for len(todo) > 0 {
		found, err := c.ListNamespaces(ctx, todo[0])
		if err != nil {
			return nil, fmt.Errorf("list namespaces of catalog %q: %w", r.def.name, err)
		}
		todo = todo[1:]
		for _, n := range found {
			out = append(out, n)
			todo = append(todo, n)
		}
	}
	return out, nil
}

func (r *restSource) list(ctx context.Context) ([]surface.ListedTable, error) {
	c, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.namespaces(ctx)
	if err != nil {
		return nil, err
	}
	var out []surface.ListedTable
	for _, ns := range all {
		for id, err := range c.ListTables(ctx, ns) {
			if err != nil {
				return nil, fmt.Errorf("list tables of %s in catalog %q: %w", quoteName(ns), r.def.name, err)
			}
			out = append(out, surface.ListedTable{Catalog: r.def.name, Namespace: ns, Name: id[len(id)-1]})
		}
	}
	return out, nil
}

func (r *restSource) aliases(context.Context) []string { return nil }
func (r *restSource) hint(context.Context) string      { return "" }
func (r *restSource) strict() bool                     { return false }

func (r *restSource) writer(ctx context.Context) (catalog.Catalog, error) { return r.client(ctx) }

func (r *restSource) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, ok := r.cat.(interface{ Close() error })
	r.cat = nil
	if !ok {
		return nil
	}
	return c.Close()
}
