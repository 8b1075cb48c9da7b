package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonArray writes one array, an object a line: [] where there is no row.
type jsonArray struct{}

func (jsonArray) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	out.WriteByte('[')
	n, err := objects(out, rows, ",\n", "")
	if err != nil {
		// Left open: what was cut short must not read as a whole result.
		return n, firstError(err, out.Flush())
	}
	out.WriteString("]\n")
	return n, out.Flush()
}

// jsonLines writes an object a line, and nothing where there is no row.
type jsonLines struct{}

func (jsonLines) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	n, err := objects(out, rows, "", "\n")
	return n, firstError(err, out.Flush())
}

// objects writes an object for each row, with between before all but the first
// and after behind each. What was written before an error are whole objects.
func objects(out *bufio.Writer, rows Rows, between, after string) (int64, error) {
	cells, ok := rows.(Cells)
	if !ok {
		cells = &valueCells{Rows: rows}
	}
	keys := jsonKeys(rows.Columns()) // `"a":`, `,"b":` and so on
	for i, key := range keys {
		if keys[i] = append(key, ':'); i > 0 {
			keys[i] = append([]byte{','}, keys[i]...)
		}
	}
	var line []byte
	for n := int64(0); ; n++ {
		err := cells.Advance()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		line = line[:0]
		if n > 0 {
			line = append(line, between...)
		}
		line = append(line, '{')
		for i, key := range keys {
			if line, err = cells.AppendJSONCell(append(line, key...), i); err != nil {
				return n, err
			}
		}
		line = append(append(line, '}'), after...)
		if _, err := out.Write(line); err != nil {
			return n, err
		}
	}
}

// valueCells are the cells of rows that have values only.
type valueCells struct {
	Rows
	values []any
}

// Advance implements Cells.
func (c *valueCells) Advance() (err error) {
	c.values, err = c.Next()
	return err
}

// AppendCell implements Cells.
func (c *valueCells) AppendCell(b []byte, i int) (out []byte, null bool, err error) {
	if c.values[i] == nil {
		return b, true, nil
	}
	return append(b, TextOf(c.values[i])...), false, nil
}

// AppendJSONCell implements Cells.
func (c *valueCells) AppendJSONCell(b []byte, i int) ([]byte, error) {
	return appendJSON(b, c.values[i]), nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// jsonKeys returns the columns' names as JSON strings. A name that was there
// before gets a number: an object with one key twice loses a value in most readers.
func jsonKeys(columns []Column) [][]byte {
	keys := make([][]byte, len(columns))
	taken := map[string]bool{}
	for _, c := range columns {
		taken[c.Name] = true
	}
	seen := map[string]bool{}
	for i, c := range columns {
		name := c.Name
		for n := 1; seen[name] || (n > 1 && taken[name]); n++ {
			name = fmt.Sprintf("%s_%d", c.Name, n)
		}
		seen[name] = true
		keys[i] = appendString(nil, name)
	}
	return keys
}

func appendObject(b []byte, keys [][]byte, values []any) []byte {
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, keys[i]...)
		b = append(b, ':')
		b = appendJSON(b, v)
	}
	return append(b, '}')
}

// AppendJSON appends v as JSON, as the JSON formats write it.
func AppendJSON(b []byte, v any) []byte { return appendJSON(b, v) }

// appendJSON appends a value: integers of any size and decimals exact, nested
// values nested, maps as objects. What JSON has no number for (NaN, Infinity) is a string.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case float32:
		return appendFloat(b, float64(v), 32)
	case float64:
		return appendFloat(b, v, 64)
	case Number:
		return append(b, v...)
	case *big.Int:
		return v.Append(b, 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case int8, int16, int32, int, uint8, uint16, uint32, uint64, uint:
		return fmt.Append(b, v)
	case JSON:
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(v)) != nil {
			return appendString(b, string(v))
		}
		return append(b, compact.Bytes()...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case Struct:
		keys := make([][]byte, len(v.Names))
		for i, name := range v.Names {
			keys[i] = appendString(nil, name)
		}
		return appendObject(b, keys, v.Values)
	case Map:
		keys := make([][]byte, len(v.Keys))
		for i, k := range v.Keys {
			keys[i] = appendString(nil, TextOf(k))
		}
		return appendObject(b, keys, v.Values)
	default:
		return appendString(b, TextOf(v))
	}
}

func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return append(b, floatText(f, bits)...)
}

// CloseString ends a JSON string whose text was appended to b as it is, from
// byte from on, where its first quote stands.
func CloseString(b []byte, from int) []byte {
	if plain(b[from+1:]) {
		return append(b, '"')
	}
	return appendEncoded(b[:from], string(b[from+1:]))
}

// plain reports whether a text stands in JSON as it is.
func plain[T string | []byte](s T) bool {
	ascii := true
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	// U+2028 and U+2029 end lines in JavaScript: they are escaped.
	return ascii || utf8.ValidString(string(s)) && !strings.ContainsAny(string(s), "\u2028\u2029")
}

// appendString appends s as a JSON string; <, > and & stay as they are.
func appendString(b []byte, s string) []byte {
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	return appendEncoded(b, s)
}

func appendEncoded(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...) // a string always encodes
	}
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}
