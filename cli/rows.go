package cli

import (
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"psyberg/cli/format"
	"psyberg/engine"
	"psyberg/engine/bridge"
)

// shown makes a result of the engine one that formatters read.
type shown struct {
	rows    engine.Rows
	columns []format.Column
	types   []*bridge.Type
	values  []any
	// status is the column of that name, -1: none; idle counts its rows that
	// say that there was nothing to do.
	status  int
	n, idle int64
	first   []any  // copy of the first row, the engine's values
	take    *taken // gets every row; may be nil
	// cells reads the row cell by cell; nil where only row has its values.
	cells bridge.Cells
	row   []any
}

// errEnd is what next returns after the last row.
var errEnd = io.EOF

func newShown(rows engine.Rows) *shown {
	s := &shown{rows: rows, status: -1, cells: bridge.CellsOf(rows)}
	for i, c := range rows.Columns() {
		s.columns = append(s.columns, format.Column{Name: c.Name, Type: c.Type.String()})
		s.types = append(s.types, c.Type)
		if c.Name == "status" {
			s.status = i
		}
	}
	s.values = make([]any, len(s.columns))
	return s
}

func (s *shown) names() []string {
	out := make([]string, len(s.columns))
	for i, c := range s.columns {
		out[i] = c.Name
	}
	return out
}

// firstRow is the result as far as --output name looks at it.
func (s *shown) firstRow() *taken {
	t := &taken{names: s.names()}
	if s.first != nil {
		t.add(s, s.first)
	}
	return t
}

// Columns implements format.Rows.
func (s *shown) Columns() []format.Column { return s.columns }

// Next implements format.Rows.
func (s *shown) Next() ([]any, error) {
	row, err := s.next()
	if err != nil {
		return nil, err
	}
	for i, v := range row {
		s.values[i] = valueOf(v, s.types[i])
	}
	return s.values, nil
}

// next is the next row with the engine's own values; io.EOF after the last one.
func (s *shown) next() ([]any, error) {
	if !s.rows.Next() {
		if err := s.rows.Err(); err != nil {
			return nil, err
		}
		return nil, errEnd
	}
	row := s.rows.Row()
	if err := s.rows.Err(); err != nil {
		return nil, err
	}
	s.n++
	if s.n == 1 {
		s.first = slices.Clone(row)
	}
	if s.take != nil {
		s.take.add(s, row)
	}
	if s.status >= 0 && row[s.status] == "NOTHING_TO_DO" {
		s.idle++
	}
	return row, nil
}

// valueOf turns a value of the engine into one that formatters know.
func valueOf(v any, t *bridge.Type) any {
	if v == nil {
		return nil
	}
	switch t.Kind {
	case bridge.KindFloat:
		if t.Name == "FLOAT" {
			return float32(v.(float64))
		}
	case bridge.KindJSON:
		return format.JSON(v.(string))
	case bridge.KindDecimal:
		return format.Number(v.(bridge.Decimal).String())
	case bridge.KindUUID:
		u := v.([16]byte)
		return format.Text(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]))
	case bridge.KindDate, bridge.KindTimestamp, bridge.KindTimestampTZ:
		return temporal(v, t.Kind)
	case bridge.KindList:
		return listOf(v, t)
	case bridge.KindStruct:
		return structOf(v, t)
	case bridge.KindMap:
		return mapOf(v, t)
	}
	switch v := v.(type) {
	case bool, int64, uint64, float64, string, []byte, *big.Int:
		return v
	case bridge.Decimal: // member of a UNION
		return format.Number(v.String())
	case time.Time:
		return format.Text(format.TimestampText(v))
	}
	return format.Text(fmt.Sprint(v)) // TimeOfDay, TimeTZ, Interval: as DuckDB prints them
}

func temporal(v any, kind bridge.Kind) any {
	t, ok := v.(time.Time)
	switch {
	case !ok: // infinity
		return format.Text(fmt.Sprint(v))
	case kind == bridge.KindDate:
		return format.Text(format.DateText(t))
	case kind == bridge.KindTimestampTZ:
		return format.Text(format.TimestampTZText(t))
	}
	return format.Text(format.TimestampText(t))
}

func listOf(v any, t *bridge.Type) any {
	in := v.([]any)
	out := make([]any, len(in))
	for i, e := range in {
		out[i] = valueOf(e, t.Elem)
	}
	return out
}

func structOf(v any, t *bridge.Type) any {
	in := v.(bridge.Struct)
	out := format.Struct{Names: make([]string, len(in)), Values: make([]any, len(in))}
	for i, f := range in {
		out.Names[i], out.Values[i] = f.Name, valueOf(f.Value, t.Fields[i].Type)
	}
	return out
}

func mapOf(v any, t *bridge.Type) any {
	in := v.(bridge.Map)
	out := format.Map{Keys: make([]any, len(in)), Values: make([]any, len(in))}
	for i, e := range in {
		out.Keys[i], out.Values[i] = valueOf(e.Key, t.Key), valueOf(e.Value, t.Elem)
	}
	return out
}

// Advance implements format.Cells.
func (s *shown) Advance() error {
	if s.cells == nil || s.n == 0 || s.status >= 0 || s.take != nil {
		row, err := s.next()
		s.row = row
		return err
	}
	if !s.rows.Next() {
		return firstOf(s.rows.Err(), errEnd)
	}
	s.n++
	return nil
}

// AppendCell implements format.Cells.
func (s *shown) AppendCell(b []byte, i int) (out []byte, null bool, err error) {
	var v any
	if s.cells == nil {
		v = s.row[i]
	} else if out, null, ok := s.cells.AppendCell(b, i); ok {
		return out, null, nil
	} else if v, err = s.cells.Cell(i); err != nil {
		return b, false, fmt.Errorf("column %s: %w", s.columns[i].Name, err)
	}
	if v == nil {
		return b, true, nil
	}
	return append(b, format.TextOf(valueOf(v, s.types[i]))...), false, nil
}

// AppendJSONCell implements format.Cells.
func (s *shown) AppendJSONCell(b []byte, i int) ([]byte, error) {
	if s.cells == nil {
		return format.AppendJSON(b, valueOf(s.row[i], s.types[i])), nil
	}
	form, from := jsonForms[s.types[i].Kind], len(b)
	if form != jsonOther {
		if form == jsonText {
			b = append(b, '"')
		}
		out, null, ok := s.cells.AppendCell(b, i)
		switch {
		case ok && null:
			return append(out[:from], "null"...), nil
		case ok && form == jsonText:
			return format.CloseString(out, from), nil
		case ok:
			return out, nil
		}
	}
	v, err := s.cells.Cell(i)
	if err != nil {
		return b[:from], fmt.Errorf("column %s: %w", s.columns[i].Name, err)
	}
	return format.AppendJSON(b[:from], valueOf(v, s.types[i])), nil
}

// jsonForms says how the text of a cell stands in JSON, by its kind.
var jsonForms = [...]int8{
	bridge.KindUnion: jsonOther, // the last kind
	bridge.KindBool:  jsonBare, bridge.KindInt: jsonBare, bridge.KindUint: jsonBare, bridge.KindBigInt: jsonBare,
	bridge.KindFloat: jsonBare, bridge.KindDecimal: jsonBare,
	bridge.KindText: jsonText, bridge.KindDate: jsonText, bridge.KindTimestamp: jsonText, bridge.KindTimestampTZ: jsonText,
}

const (
	jsonOther = iota // the value decides: nested ones, JSON itself
	jsonBare         // a number, true, false
	jsonText         // between quotes
)
