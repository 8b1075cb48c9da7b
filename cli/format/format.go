// Package format writes rows as text: box, csv, json, jsonl, markdown, tsv, list
// and vertical. It sees rows only (columns and values), never a session or a
// terminal, and holds at most a thousand rows at a time (a box, to know its
// widths; the others one), so that memory does not grow with the result.
//
// A value is nil for NULL, or one of
//
//	bool, int8..int64, uint8..uint64, float32, float64, *big.Int
//	string        VARCHAR, ENUM
//	[]byte        BLOB
//	Number        DECIMAL: exact digits
//	Text          any other scalar, as DuckDB prints it: DATE, TIMESTAMPTZ, UUID, INTERVAL
//	JSON          the text of a JSON value
//	[]any         LIST, ARRAY
//	Struct, Map   STRUCT, MAP
//
// nested as deep as the type goes.
package format

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Column is a column of a result. Type is DuckDB's spelling: "DECIMAL(18,3)",
// "STRUCT(a INTEGER)[]".
type Column struct{ Name, Type string }

// Rows is a result being read.
type Rows interface {
	Columns() []Column
	// Next returns the values of the next row, one for each column; io.EOF
	// after the last one. The slice may be used again by the next call.
	Next() ([]any, error)
}

// Cells are Rows that can be read cell by cell as text, which spares a value
// for each: csv, tsv, list, json and jsonl do so where they can.
type Cells interface {
	Rows
	// Advance goes to the next row; io.EOF after the last one.
	Advance() error
	// AppendCell appends column i of the row as TextOf prints it; nothing for NULL.
	AppendCell(b []byte, i int) (out []byte, null bool, err error)
	// AppendJSONCell appends column i of the row as AppendJSON prints it.
	AppendJSONCell(b []byte, i int) ([]byte, error)
}

// Number is the exact decimal text of a number that Go has no type for.
type Number string

// Text is a scalar that is text in every format, as DuckDB prints it.
type Text string

// JSON is the text of a JSON value: JSON formats nest it, others print it.
type JSON string

// Struct is a STRUCT: its fields in their order.
type Struct struct {
	Names  []string
	Values []any
}

// Map is a MAP: its entries in their order.
type Map struct{ Keys, Values []any }

// Options are what some formats can be told; the zero value is what they do by default.
type Options struct {
	// MaxRows is how many rows a box shows; of longer results it shows the
	// first and the last ones, and says how many there are. 0 is all.
	MaxRows int
	// MaxWidth is how many terminal cells a line of a box may take, 0 for any number.
	MaxWidth int
}

// Writer writes results in one format.
type Writer interface {
	// Write reads rows to their end and writes them; it returns how many there
	// were. An error of rows is returned as it is, after what was read before it.
	Write(w io.Writer, rows Rows) (int64, error)
}

// Names lists the formats, in the order in which help shows them.
func Names() []string {
	return []string{"box", "csv", "json", "jsonl", "markdown", "tsv", "list", "vertical"}
}

// New returns the writer of a format by its name.
func New(name string, opts Options) (Writer, error) {
	switch name {
	case "box":
		return box{opts}, nil
	case "csv":
		return delimited{separator: ",", field: csvField, special: "\",\r\n"}, nil
	case "tsv":
		return delimited{separator: "\t", field: tsvField, null: `\N`, special: "\\\t\n\r"}, nil
	case "list":
		return delimited{separator: "|", field: listField, null: "NULL"}, nil
	case "markdown":
		return markdown{}, nil
	case "json":
		return jsonArray{}, nil
	case "jsonl":
		return jsonLines{}, nil
	case "vertical":
		return vertical{}, nil
	}
	return nil, fmt.Errorf("format %q is none of %s", name, strings.Join(Names(), ", "))
}

// each calls do for every row, and returns how many there were.
func each(rows Rows, do func(n int64, values []any) error) (int64, error) {
	for n := int64(0); ; n++ {
		values, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if err := do(n, values); err != nil {
			return n, err
		}
	}
}
