package bridge

/*
#include <stdint.h>
#include <stdlib.h>

// Declared by hand: the header of the driver's C library is not on this
// package's include path. The symbol is linked by the driver.
extern void duckdb_unsafe_vector_assign_string_element_len(void *vector, uint64_t index, const char *str, uint64_t str_len);

typedef struct { uint64_t offset; uint64_t length; } psy_list_entry;

// One cgo call for a column and chunk: a call for every string would cost more
// than the copying.
static void psy_assign_strings(void *vec, const char *data, const int32_t *offs, uint64_t n) {
	for (uint64_t i = 0; i < n; i++) {
		duckdb_unsafe_vector_assign_string_element_len(vec, i, data + offs[i], (uint64_t)(offs[i+1] - offs[i]));
	}
}

static void psy_assign_fixed(void *vec, const char *data, uint64_t width, uint64_t n) {
	for (uint64_t i = 0; i < n; i++) {
		duckdb_unsafe_vector_assign_string_element_len(vec, i, data + i*width, width);
	}
}

// idx < 0 is a NULL.
static void psy_assign_dict(void *vec, const char *data, const int32_t *offs, const int32_t *idx, uint64_t n) {
	for (uint64_t i = 0; i < n; i++) {
		int32_t k = idx[i];
		if (k >= 0) {
			duckdb_unsafe_vector_assign_string_element_len(vec, i, data + offs[k], (uint64_t)(offs[k+1] - offs[k]));
		}
	}
}

void psyBind(void *);
void psyInit(void *);
void psyLocalInit(void *);
void psyFunction(void *, void *);
void psyDelete(void *);
void psyScalarBind(void *);
void psyScalar(void *, void *, void *);
void *psyCopy(void *);
typedef void (*psy_cb3)(void *, void *, void *);
typedef void *(*psy_copy)(void *);
typedef void (*psy_cb1)(void *);
typedef void (*psy_cb2)(void *, void *);
*/
import "C"

import (
	"reflect"
	"runtime/cgo"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
)

// callbacks are the C addresses of the exported Go functions below.
var callbacks = struct{ bind, init, localInit, function, delete, scalarBind, scalar, copy unsafe.Pointer }{
	unsafe.Pointer(C.psy_cb1(C.psyBind)),
	unsafe.Pointer(C.psy_cb1(C.psyInit)),
	unsafe.Pointer(C.psy_cb1(C.psyLocalInit)),
	unsafe.Pointer(C.psy_cb2(C.psyFunction)),
	unsafe.Pointer(C.psy_cb1(C.psyDelete)),
	unsafe.Pointer(C.psy_cb1(C.psyScalarBind)),
	unsafe.Pointer(C.psy_cb3(C.psyScalar)),
	unsafe.Pointer(C.psy_copy(C.psyCopy)),
}

//export psyBind
func psyBind(p unsafe.Pointer) { bindCallback(mapping.BindInfo{Ptr: p}) }

//export psyInit
func psyInit(p unsafe.Pointer) { initCallback(mapping.InitInfo{Ptr: p}) }

//export psyLocalInit
func psyLocalInit(p unsafe.Pointer) { localInitCallback(mapping.InitInfo{Ptr: p}) }

//export psyFunction
func psyFunction(p, out unsafe.Pointer) {
	functionCallback(mapping.FunctionInfo{Ptr: p}, mapping.DataChunk{Ptr: out})
}

//export psyScalarBind
func psyScalarBind(p unsafe.Pointer) { scalarBindCallback(mapping.BindInfo{Ptr: p}) }

//export psyScalar
func psyScalar(p, in, out unsafe.Pointer) {
	scalarCallback(mapping.FunctionInfo{Ptr: p}, mapping.DataChunk{Ptr: in}, mapping.Vector{Ptr: out})
}

//export psyCopy
func psyCopy(p unsafe.Pointer) unsafe.Pointer { return newHandle(handleValue(p)) }

//export psyDelete
func psyDelete(p unsafe.Pointer) {
	h := *(*cgo.Handle)(p)
	if c, ok := h.Value().(interface{ close() }); ok {
		c.close()
	}
	h.Delete()
	C.free(p)
}

// newHandle puts v behind a pointer to C memory, since DuckDB may keep no
// pointer into Go's heap. psyDelete frees it.
func newHandle(v any) unsafe.Pointer {
	p := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(p) = cgo.NewHandle(v)
	return p
}

func handleValue(p unsafe.Pointer) any { return (*(*cgo.Handle)(p)).Value() }

// connOffset is where the driver's connection keeps DuckDB's. The driver has no
// accessor; a changed layout stops the program at its start, not in a query.
var connOffset = func() uintptr {
	f, ok := reflect.TypeFor[duckdb.Conn]().FieldByName("conn")
	if !ok || f.Type != reflect.TypeFor[mapping.Connection]() {
		panic("bridge: this version of duckdb-go keeps its connection elsewhere: duckdb.Conn has no field conn of type mapping.Connection")
	}
	return f.Offset
}()

// Native returns DuckDB's connection of a driver connection (the value that
// sql.Conn.Raw passes).
func Native(c *duckdb.Conn) mapping.Connection {
	return *(*mapping.Connection)(unsafe.Add(unsafe.Pointer(c), connOffset))
}

func assignStrings(vec mapping.Vector, data []byte, offs []int32, n int) {
	C.psy_assign_strings(vec.Ptr, (*C.char)(unsafe.Pointer(unsafe.SliceData(data))), (*C.int32_t)(unsafe.Pointer(&offs[0])), C.uint64_t(n))
}

func assignFixed(vec mapping.Vector, data []byte, width, n int) {
	C.psy_assign_fixed(vec.Ptr, (*C.char)(unsafe.Pointer(unsafe.SliceData(data))), C.uint64_t(width), C.uint64_t(n))
}

func assignDict(vec mapping.Vector, data []byte, offs, idx []int32) {
	C.psy_assign_dict(vec.Ptr, (*C.char)(unsafe.Pointer(unsafe.SliceData(data))), (*C.int32_t)(unsafe.Pointer(&offs[0])),
		(*C.int32_t)(unsafe.Pointer(&idx[0])), C.uint64_t(len(idx)))
}

// vectorSlice is the data of a vector as n values of T.
func vectorSlice[T any](vec mapping.Vector, n int) []T {
	return unsafe.Slice((*T)(mapping.VectorGetData(vec)), n)
}

// listEntry is duckdb_list_entry.
type listEntry struct{ offset, length uint64 }

// blobBytes copies a blob, whose fields the driver does not export.
func blobBytes(b *mapping.Blob) []byte {
	raw := (*struct {
		data unsafe.Pointer
		size uint64
	})(unsafe.Pointer(b))
	if raw.size == 0 {
		return []byte{}
	}
	return append([]byte(nil), unsafe.Slice((*byte)(raw.data), raw.size)...)
}
