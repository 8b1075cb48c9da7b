package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	icecatalog "github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
)

// NewTable is a table to be made.
type NewTable struct {
	Schema     *iceberg.Schema
	Spec       *iceberg.PartitionSpec // nil: unpartitioned
	Properties map[string]string      // format-version is 2 where it is not given
	Location   string                 // "": the catalog chooses
	// IfNotExists: a table that is there is no error.
	IfNotExists bool
}

// CreateTable makes an empty table, and its namespace where that is missing.
// made is false where the table was there and IfNotExists is set; without it
// the error is ErrExists. Killed in between: an empty namespace, or a
// metadata.json that nothing names.
func (c *Catalogs) CreateTable(ctx context.Context, name string, t NewTable) (made bool, err error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return false, err
	}
	if _, err := c.sources[id.catalog].locate(ctx, id.namespace, id.table); err == nil {
		return false, t.there(id)
	} else if !errors.Is(err, ErrNotFound) && !errors.Is(err, errNoCatalogFile) {
		return false, err
	}
	cat, err := c.sources[id.catalog].writer(ctx)
	if err != nil {
		return false, err
	}
	if err := c.createNamespace(ctx, cat, id); err != nil {
		return false, err
	}
	opts := []icecatalog.CreateTableOpt{icecatalog.WithProperties(iceberg.Properties(maps.Clone(t.Properties)))}
	if t.Spec != nil {
		opts = append(opts, icecatalog.WithPartitionSpec(t.Spec))
	}
	if t.Location != "" {
		opts = append(opts, icecatalog.WithLocation(t.Location))
	}
	err = c.retryBusy(ctx, func() error {
		if err := c.hooks.before(ctx, "create table"); err != nil {
			return err
		}
		_, err := cat.CreateTable(ctx, id.levels(), t.Schema, opts...)
		return err
	})
	if errors.Is(err, icecatalog.ErrTableAlreadyExists) {
		return false, t.there(id)
	}
	if err != nil {
		return false, fmt.Errorf("create table %s: %w", id.plain, err)
	}
	return true, nil
}

func (t NewTable) there(id ident) error {
	if t.IfNotExists {
		return nil
	}
	return fmt.Errorf("create table %s: the table %w", id.plain, ErrExists)
}

// createNamespace makes a namespace and those above it.
func (c *Catalogs) createNamespace(ctx context.Context, cat icecatalog.Catalog, id ident) error {
	for i := range id.namespace {
		ns := id.namespace[:i+1]
		err := c.retryBusy(ctx, func() error {
			there, err := cat.CheckNamespaceExists(ctx, ns)
			if err != nil || there {
				return err
			}
			return cat.CreateNamespace(ctx, slices.Clone(ns), nil)
		})
		if err != nil && !errors.Is(err, icecatalog.ErrNamespaceAlreadyExists) {
			return fmt.Errorf("create namespace %s: %w", quoteName(ns), err)
		}
	}
	return nil
}

// retryBusy repeats what failed because the catalog's database was locked.
func (c *Catalogs) retryBusy(ctx context.Context, do func() error) error {
	var err error
	for range 10 {
		if err = do(); err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// DropTable removes a table from its catalog. Its files stay. A table that is
// not there is ErrNotFound.
func (c *Catalogs) DropTable(ctx context.Context, name string) error {
	id, err := c.target(ctx, name)
	if err != nil {
		return err
	}
	if _, err := c.sources[id.catalog].locate(ctx, id.namespace, id.table); err != nil {
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("drop table: %w", c.notFound(ctx, id))
		}
		return err
	}
	cat, err := c.sources[id.catalog].writer(ctx)
	if err != nil {
		return err
	}
	err = c.retryBusy(ctx, func() error { return cat.DropTable(ctx, id.levels()) })
	if errors.Is(err, icecatalog.ErrNoSuchTable) {
		return fmt.Errorf("drop table: %w", c.notFound(ctx, id))
	}
	if err != nil {
		return fmt.Errorf("drop table %s: %w", id.plain, err)
	}
	return nil
}

// SetProperties sets and removes table properties. Setting what is set already
// commits nothing.
func (c *Catalogs) SetProperties(ctx context.Context, name string, set map[string]string, remove ...string) error {
	missing := func(st *state) (map[string]string, []string) {
		s := map[string]string{}
		for k, v := range set {
			if now, ok := st.m.Properties[k]; !ok || now != v {
				s[k] = v
			}
		}
		var r []string
		for _, k := range remove {
			if _, ok := st.m.Properties[k]; ok {
				r = append(r, k)
			}
		}
		return s, r
	}
	_, err := c.transact(ctx, name, func(_ context.Context, a *attempt) error {
		s, r := missing(a.st)
		if len(s) > 0 {
			a.updates = append(a.updates, table.NewSetPropertiesUpdate(iceberg.Properties(s)))
		}
		if len(r) > 0 {
			a.updates = append(a.updates, table.NewRemovePropertiesUpdate(r))
		}
		a.reqs = a.st.requirements()
		a.landed = func(now *state) bool { s, r := missing(now); return len(s)+len(r) == 0 }
		return nil
	})
	if err != nil {
		return fmt.Errorf("set properties %s: %w", strings.Join(slices.Sorted(maps.Keys(set)), ", "), err)
	}
	return nil
}

// OpenTable loads a table for writing, through the catalog's own client.
func (c *Catalogs) OpenTable(ctx context.Context, name string) (*table.Table, error) {
	id, err := c.target(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := c.sources[id.catalog].locate(ctx, id.namespace, id.table); errors.Is(err, ErrNotFound) {
		return nil, c.notFound(ctx, id)
	} else if err != nil {
		return nil, err
	}
	cat, err := c.sources[id.catalog].writer(ctx)
	if err != nil {
		return nil, err
	}
	t, err := cat.LoadTable(ctx, id.levels())
	if err != nil {
		return nil, fmt.Errorf("load table %s for writing: %w", id.plain, err)
	}
	return t, nil
}
