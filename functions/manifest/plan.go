package manifest

import (
	"reflect"
	"slices"
	"sync"
)

// plan is how manifests of one schema are read for one request. Nothing but
// idle changes: scans share it.
type plan struct {
	lay     *layout
	prog    *program
	odd     *program // for blocks written as hasOddFixed says; nil where that cannot be
	check   [2]*program
	blank   []column  // empty ones
	offsets []int     // indices of the columns that have offsets
	idle    sync.Pool // of *scanner, which know what the scans before learned
}

func newPlan(schema *node, req *Request) (*plan, error) {
	p := &plan{}
	var err error
	if p.lay, err = newLayout(req, partitionOf(schema)); err != nil {
		return nil, err
	}
	if p.prog, err = compile(schema, p.lay, false); err != nil {
		return nil, err
	}
	p.blank = make([]column, len(p.lay.types))
	for i, t := range p.lay.types {
		if p.blank[i], err = newColumn(t); err != nil {
			return nil, err
		}
		p.blank[i].done = -1
		if p.blank[i].hasOffsets() {
			p.offsets = append(p.offsets, i)
		}
	}
	if !hasOddFixed(schema) {
		return p, nil
	}
	if p.odd, err = compile(schema, p.lay, true); err != nil {
		return nil, err
	}
	none, err := newLayout(&Request{}, nil)
	if err != nil {
		return nil, err
	}
	for i := range p.check {
		if p.check[i], err = compile(schema, none, i == 1); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// plans keeps the latest plans: the manifests of a table share few schemas, and
// a scan of a thousand manifests has one request.
var plans struct {
	sync.Mutex
	kept [16]keptPlan
	next int
}

type keptPlan struct {
	schema *node // as cachedSchema returns it: the same one for the same text
	req    Request
	plan   *plan
}

// planFor returns the plan for a request, made before or now. Requests are
// compared by what they hold: the caller's may be another one by now.
func planFor(schema *node, req *Request) (*plan, error) {
	if p := keptFor(schema, req); p != nil {
		return p, nil
	}
	p, err := newPlan(schema, req)
	if err != nil {
		return nil, err
	}
	own := *req
	own.Columns, own.Partition = slices.Clone(req.Columns), slices.Clone(req.Partition)
	own.Bounds, own.Counts = slices.Clone(req.Bounds), slices.Clone(req.Counts)
	plans.Lock()
	defer plans.Unlock()
	plans.kept[plans.next] = keptPlan{schema, own, p}
	plans.next = (plans.next + 1) % len(plans.kept)
	return p, nil
}

// keptFor returns the plan that is kept for a request, nil for none.
func keptFor(schema *node, req *Request) *plan {
	plans.Lock()
	defer plans.Unlock()
	for i := range plans.kept {
		if k := &plans.kept[i]; k.schema == schema && k.req.equal(req) {
			return k.plan
		}
	}
	return nil
}

func (r *Request) equal(o *Request) bool {
	return r.Live == o.Live && r.BatchRows == o.BatchRows && slices.Equal(r.Columns, o.Columns) &&
		slices.Equal(r.Bounds, o.Bounds) && slices.Equal(r.Counts, o.Counts) &&
		slices.EqualFunc(r.Partition, o.Partition, func(a, b PartitionField) bool {
			return a.ID == b.ID && a.Name == b.Name && (a.Type == b.Type || reflect.DeepEqual(a.Type, b.Type))
		})
}
