package bridge

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"

	"psyberg/functions/surface"
)

// registeredQuery is the scalar function that writes a Query's SELECT.
type registeredQuery struct {
	r *Registry
	q *surface.Query
}

// RegisterQuery makes q's scalar function psyql_<name>_sql.
func (r *Registry) RegisterQuery(c *duckdb.Conn, q surface.Query) error {
	f := mapping.CreateScalarFunction()
	defer mapping.DestroyScalarFunction(&f)
	mapping.ScalarFunctionSetName(f, queryFunction(q))
	for _, a := range queryArgs(&q) {
		lt, err := argType(a)
		if err != nil {
			return fmt.Errorf("register query function %s: %w", q.Name, err)
		}
		mapping.ScalarFunctionAddParameter(f, lt)
		mapping.DestroyLogicalType(&lt)
	}
	text := mapping.CreateLogicalType(mapping.TypeVarchar)
	mapping.ScalarFunctionSetReturnType(f, text)
	mapping.DestroyLogicalType(&text)
	mapping.ScalarFunctionSetSpecialHandling(f) // NULL arguments reach the function
	mapping.ScalarFunctionSetExtraInfo(f, newHandle(&registeredQuery{r, &q}), callbacks.delete)
	mapping.ScalarFunctionSetBind(f, callbacks.scalarBind)
	mapping.ScalarFunctionSetFunction(f, callbacks.scalar)
	if mapping.RegisterScalarFunction(Native(c), f) != mapping.StateSuccess {
		return fmt.Errorf("register query function %s: DuckDB refused it: the name may be taken", q.Name)
	}
	return nil
}

func queryFunction(q surface.Query) string { return RawPrefix + q.Name + "_sql" }

// QueryFunction is the quoted name of q's scalar function: its arguments, by
// place, are q's, NULL where not given.
func QueryFunction(q *surface.Query) string { return QuoteIdent(queryFunction(*q)) }

func queryArgs(q *surface.Query) []surface.Arg {
	return append(append([]surface.Arg{}, q.Positional...), q.Named...)
}

// QueryMacroSQL returns the statement that makes q's public TEMP macro.
func QueryMacroSQL(q surface.Query) string {
	var params, args []string
	for i, a := range queryArgs(&q) {
		p := QuoteIdent(a.Name)
		args = append(args, p)
		if a.Optional || i >= len(q.Positional) {
			p += " := NULL"
		}
		params = append(params, p)
	}
	return "CREATE OR REPLACE TEMP MACRO " + QuoteIdent(q.Name) + "(" + strings.Join(params, ", ") + ") AS TABLE FROM query(" +
		QuoteIdent(queryFunction(q)) + "(" + strings.Join(args, ", ") + "))"
}

// connNumber is the bind data of a scalar function: the connection it runs on.
type connNumber uint64

func scalarBindCallback(info mapping.BindInfo) {
	defer guard(func(s string) { mapping.ScalarFunctionBindSetError(info, s) })
	var cc mapping.ClientContext
	mapping.ScalarFunctionGetClientContext(info, &cc)
	id := connNumber(mapping.ClientContextGetConnectionId(cc))
	mapping.DestroyClientContext(&cc)
	mapping.ScalarFunctionSetBindData(info, newHandle(id), callbacks.delete)
	mapping.ScalarFunctionSetBindDataCopy(info, callbacks.copy)
}

func scalarCallback(info mapping.FunctionInfo, in mapping.DataChunk, out mapping.Vector) {
	defer guard(func(s string) { mapping.ScalarFunctionSetError(info, s) })
	rq := handleValue(mapping.ScalarFunctionGetExtraInfo(info)).(*registeredQuery)
	id := handleValue(mapping.ScalarFunctionGetBindData(info)).(connNumber)
	if err := rq.fill(surface.WithCall(rq.r.context(uint64(id)), rq.q.Name), in, out); err != nil {
		mapping.ScalarFunctionSetError(info, withName(rq.q.Name, err))
	}
}

func (rq *registeredQuery) fill(ctx context.Context, in mapping.DataChunk, out mapping.Vector) error {
	args := queryArgs(rq.q)
	readers := make([]*reader, len(args))
	for i := range args {
		vec := mapping.DataChunkGetVector(in, mapping.IdxT(i))
		lt := mapping.VectorGetColumnType(vec)
		readers[i] = newReader(typeOf(lt))
		mapping.DestroyLogicalType(&lt)
		readers[i].attach(vec)
	}
	for row := range int(mapping.DataChunkGetSize(in)) {
		a := surface.Args{Named: map[string]any{}}
		for i, arg := range args {
			v, err := readers[i].value(row)
			if err == nil {
				v, err = argValue(v)
			}
			if err != nil {
				return fmt.Errorf("argument %s: %w", arg.Name, err)
			}
			if i < len(rq.q.Positional) {
				a.Positional = append(a.Positional, v)
			} else if v != nil {
				a.Named[strings.ToLower(arg.Name)] = v
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		var text string
		err := call(rq.q.Name, "plan", func() error {
			var err error
			text, err = rq.q.SQL(ctx, a)
			return err
		})
		if err != nil {
			return err
		}
		mapping.VectorAssignStringElement(out, mapping.IdxT(row), text)
	}
	return nil
}

// argValue turns a value of a result into one of surface.Args.
func argValue(v any) (any, error) {
	switch v := v.(type) {
	case uint64:
		if int64(v) < 0 {
			return fmt.Sprint(v), nil
		}
		return int64(v), nil
	case *big.Int:
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return v.String(), nil
	case Decimal:
		return v.String(), nil
	case TimeOfDay:
		return v.String(), nil
	case TimeTZ:
		return v.String(), nil
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), nil
	case Interval:
		return surface.Interval(v), nil
	case Infinite:
		return nil, errors.New("an infinite time is not a time")
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			x, err := argValue(e)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case Struct:
		out := map[string]any{}
		for _, f := range v {
			x, err := argValue(f.Value)
			if err != nil {
				return nil, err
			}
			out[f.Name] = x
		}
		return out, nil
	case Map:
		out := make([]surface.KeyValue, len(v))
		for i, e := range v {
			k, err := argValue(e.Key)
			if err != nil {
				return nil, err
			}
			x, err := argValue(e.Value)
			if err != nil {
				return nil, err
			}
			out[i] = surface.KeyValue{Key: k, Value: x}
		}
		return out, nil
	}
	return v, nil
}
