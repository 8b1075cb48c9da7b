package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/functions/surface"
)

// RawPrefix is put before a function's public name.
const RawPrefix = "psyql_"

// maxChunk is DuckDB's vector size: the rows of a chunk.
const maxChunk = 2048

// Registry holds the functions of one database and the contexts of the
// statements that run on its connections.
type Registry struct {
	mu       sync.Mutex
	contexts map[uint64]context.Context
}

// NewRegistry returns a registry for one database: connection ids are unique
// in a database only.
func NewRegistry() *Registry { return &Registry{contexts: map[uint64]context.Context{}} }

// BindContext makes ctx the context of every function that statements on this
// connection call, until release is called.
func (r *Registry) BindContext(connID uint64, ctx context.Context) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, had := r.contexts[connID]
	r.contexts[connID] = ctx
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if had {
			r.contexts[connID] = before
		} else {
			delete(r.contexts, connID)
		}
	}
}

func (r *Registry) context(connID uint64) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx, ok := r.contexts[connID]; ok {
		return ctx
	}
	return context.Background()
}

// ConnID is DuckDB's number of a connection.
func ConnID(conn mapping.Connection) uint64 {
	var cc mapping.ClientContext
	mapping.ConnectionGetClientContext(conn, &cc)
	defer mapping.DestroyClientContext(&cc)
	return uint64(mapping.ClientContextGetConnectionId(cc))
}

// Register makes fs table functions psyql_<name> of the database that c is
// connected to. An error names the function and the argument.
func (r *Registry) Register(c *duckdb.Conn, fs ...surface.Function) error {
	conn := Native(c)
	for i := range fs {
		if err := r.register(conn, fs[i]); err != nil {
			return fmt.Errorf("register table function %s: %w", fs[i].Name, err)
		}
	}
	return nil
}

func (r *Registry) register(conn mapping.Connection, f surface.Function) error {
	tf := mapping.CreateTableFunction()
	defer mapping.DestroyTableFunction(&tf)
	mapping.TableFunctionSetName(tf, RawPrefix+f.Name)
	for _, a := range f.Positional {
		lt, err := argType(a)
		if err != nil {
			return err
		}
		mapping.TableFunctionAddParameter(tf, lt)
		mapping.DestroyLogicalType(&lt)
	}
	for _, a := range f.Named {
		lt, err := argType(a)
		if err != nil {
			return err
		}
		mapping.TableFunctionAddNamedParameter(tf, a.Name, lt)
		mapping.DestroyLogicalType(&lt)
	}
	mapping.TableFunctionSetExtraInfo(tf, newHandle(&registered{r, &f}), callbacks.delete)
	mapping.TableFunctionSetBind(tf, callbacks.bind)
	mapping.TableFunctionSetInit(tf, callbacks.init)
	mapping.TableFunctionSetLocalInit(tf, callbacks.localInit)
	mapping.TableFunctionSetFunction(tf, callbacks.function)
	mapping.TableFunctionSupportsProjectionPushdown(tf, true)
	if mapping.RegisterTableFunction(conn, tf) != mapping.StateSuccess {
		return errors.New("DuckDB refused it: the name may be taken")
	}
	return nil
}

type registered struct {
	r *Registry
	f *surface.Function
}

// bound is one bound call.
type bound struct {
	*registered
	connID uint64
	ctx    context.Context // of bind: which call this is
	rel    *surface.Relation
}

// scan is one execution of a bound call, shared by its workers.
type scan struct {
	name    string
	ctx     context.Context
	scan    surface.Scan
	schema  *arrow.Schema
	columns []int // index into schema of each column wanted
	slots   []int // index into the chunk of each column wanted
}

func (s *scan) close() {
	_ = call(s.name, "close", func() error { s.scan.Close(); return nil })
}

// worker is one thread's place in a scan: a batch and the rows of it that
// DuckDB has.
type worker struct {
	batch arrow.RecordBatch
	at    int
	done  bool
}

func (w *worker) close() {
	if w.batch != nil {
		w.batch.Release()
		w.batch = nil
	}
}

// call runs a function's code on a goroutine of its own. On the goroutine of a
// C callback a panic would end the process and iter.Pull does not work.
func call(name, what string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		finished := false
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("%s: panic in %s: %v\n%s", name, what, p, debug.Stack())
			} else if !finished {
				done <- fmt.Errorf("%s: %s ended its goroutine", name, what)
			}
		}()
		err := f()
		finished = true
		done <- err
	}()
	return <-done
}

// guard turns a panic of the bridge itself into a SQL error.
func guard(set func(string)) {
	if p := recover(); p != nil {
		set(fmt.Sprintf("panic in the table function bridge: %v\n%s", p, debug.Stack()))
	}
}

func bindCallback(info mapping.BindInfo) {
	defer guard(func(s string) { mapping.BindSetError(info, s) })
	reg := handleValue(mapping.BindGetExtraInfo(info)).(*registered)
	if err := bindFunction(info, reg); err != nil {
		mapping.BindSetError(info, withName(reg.f.Name, err))
	}
}

func bindFunction(info mapping.BindInfo, reg *registered) error {
	args, err := readArgs(info, reg.f)
	if err != nil {
		return err
	}
	var cc mapping.ClientContext
	mapping.TableFunctionGetClientContext(info, &cc)
	b := &bound{registered: reg, connID: uint64(mapping.ClientContextGetConnectionId(cc))}
	mapping.DestroyClientContext(&cc)
	ctx := surface.WithCall(reg.r.context(b.connID), reg.f.Name)
	b.ctx = ctx
	if err := ctx.Err(); err != nil {
		return err
	}
	err = call(reg.f.Name, "bind", func() error {
		var err error
		b.rel, err = reg.f.Bind(ctx, args)
		return err
	})
	if err != nil {
		return err
	}
	if b.rel == nil || b.rel.Schema == nil || b.rel.Schema.NumFields() == 0 {
		return errors.New("bind returned no columns")
	}
	for _, f := range b.rel.Schema.Fields() {
		lt, err := logicalType(f)
		if err != nil {
			return err
		}
		mapping.BindAddResultColumn(info, f.Name, lt)
		mapping.DestroyLogicalType(&lt)
	}
	if b.rel.Rows >= 0 {
		mapping.BindSetCardinality(info, mapping.IdxT(b.rel.Rows), false)
	}
	mapping.BindSetBindData(info, newHandle(b), callbacks.delete)
	return nil
}

func initCallback(info mapping.InitInfo) {
	defer guard(func(s string) { mapping.InitSetError(info, s) })
	b := handleValue(mapping.InitGetBindData(info)).(*bound)
	s := &scan{name: b.f.Name, ctx: surface.SameCall(b.r.context(b.connID), b.ctx), schema: b.rel.Schema}
	for i := range int(mapping.InitGetColumnCount(info)) {
		// indices past the schema are DuckDB's virtual columns (row ids): it
		// asks for one when it wants only a count, and does not look at it
		if c := mapping.InitGetColumnIndex(info, mapping.IdxT(i)); uint64(c) < uint64(s.schema.NumFields()) {
			s.columns, s.slots = append(s.columns, int(c)), append(s.slots, i)
		}
	}
	threads := 1
	err := s.ctx.Err()
	if err == nil {
		err = call(s.name, "open", func() error {
			var err error
			if s.scan, err = b.rel.Open(s.ctx, s.columns); err == nil && !b.f.Writes {
				threads = max(1, s.scan.Threads())
			}
			return err
		})
	}
	if err != nil {
		mapping.InitSetError(info, withName(s.name, err))
		return
	}
	mapping.InitSetMaxThreads(info, mapping.IdxT(threads))
	mapping.InitSetInitData(info, newHandle(s), callbacks.delete)
}

func localInitCallback(info mapping.InitInfo) {
	defer guard(func(s string) { mapping.InitSetError(info, s) })
	mapping.InitSetInitData(info, newHandle(&worker{}), callbacks.delete)
}

func functionCallback(info mapping.FunctionInfo, out mapping.DataChunk) {
	defer guard(func(s string) { mapping.FunctionSetError(info, s) })
	s := handleValue(mapping.FunctionGetInitData(info)).(*scan)
	w := handleValue(mapping.FunctionGetLocalInitData(info)).(*worker)
	if err := s.fill(w, out); err != nil {
		mapping.FunctionSetError(info, withName(s.name, err))
	}
}

// fill puts the next rows of w's batch, or of a new one, into out.
func (s *scan) fill(w *worker, out mapping.DataChunk) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for w.batch == nil || w.at >= int(w.batch.NumRows()) {
		w.close()
		if w.done {
			mapping.DataChunkSetSize(out, 0)
			return nil
		}
		if err := s.next(w); err != nil {
			return err
		}
	}
	n := min(maxChunk, int(w.batch.NumRows())-w.at)
	for i, slot := range s.slots {
		if err := copyColumn(mapping.DataChunkGetVector(out, mapping.IdxT(slot)), w.batch.Column(i), w.at, n, nil); err != nil {
			return fmt.Errorf("column %s: %w", s.schema.Field(s.columns[i]).Name, err)
		}
	}
	w.at += n
	mapping.DataChunkSetSize(out, mapping.IdxT(n))
	return nil
}

// next reads a batch and checks that its arrays are what bind promised:
// copying another type into a vector would write past its end.
func (s *scan) next(w *worker) error {
	err := call(s.name, "next", func() error {
		var err error
		w.batch, err = s.scan.Next(s.ctx)
		return err
	})
	w.at = 0
	if errors.Is(err, io.EOF) {
		w.done, w.batch = true, nil
		return nil
	}
	if err != nil {
		w.batch = nil
		return err
	}
	if w.batch == nil {
		return errors.New("next returned no batch and no error")
	}
	if int(w.batch.NumCols()) < len(s.columns) {
		return fmt.Errorf("a batch has %d columns, %d were asked for", w.batch.NumCols(), len(s.columns))
	}
	for i, c := range s.columns {
		f, col := s.schema.Field(c), w.batch.Column(i)
		if !sameStorage(f.Type, col.DataType()) {
			return fmt.Errorf("column %s: a batch has %s, bind promised %s", f.Name, col.DataType(), f.Type)
		}
		if int64(col.Len()) < w.batch.NumRows() {
			return fmt.Errorf("column %s: a batch of %d rows has %d values", f.Name, w.batch.NumRows(), col.Len())
		}
	}
	return nil
}

// sameStorage reports whether arrays of both types look the same in memory.
func sameStorage(a, b arrow.DataType) bool {
	if a == b {
		return true
	}
	if a.ID() != b.ID() {
		return false
	}
	switch a := a.(type) {
	case *arrow.StructType:
		b := b.(*arrow.StructType)
		if a.NumFields() != b.NumFields() {
			return false
		}
		for i := range a.NumFields() {
			if !sameStorage(a.Field(i).Type, b.Field(i).Type) {
				return false
			}
		}
		return true
	case *arrow.ListType:
		return sameStorage(a.Elem(), b.(*arrow.ListType).Elem())
	case *arrow.MapType:
		b := b.(*arrow.MapType)
		return sameStorage(a.KeyType(), b.KeyType()) && sameStorage(a.ItemType(), b.ItemType())
	}
	return arrow.TypeEqual(a, b)
}

// withName puts the function's public name before an error that does not begin with it.
func withName(name string, err error) string {
	msg := err.Error()
	if len(msg) > len(name) && msg[:len(name)] == name && msg[len(name)] == ':' {
		return msg
	}
	return name + ": " + msg
}
