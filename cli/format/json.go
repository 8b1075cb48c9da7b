package format

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
)

// jsonArray writes one array, an object a line: [] where there is no row.
type jsonArray struct{}

func (jsonArray) Write(w io.Writer, rows Rows) (int64, error) {
	out := bufio.NewWriter(w)
	keys := jsonKeys(rows.Columns())
	var line []byte
	out.WriteByte('[')
	n, err := each(rows, func(n int64, values []any) error {
		if n > 0 {
			out.WriteString(",\n")
		}
		line = appendObject(line[:0], keys, values)
		_, err := out.Write(line)
		return err
	})
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
	keys := jsonKeys(rows.Columns())
	var line []byte
	n, err := each(rows, func(_ int64, values []any) error {
		line = append(appendObject(line[:0], keys, values), '\n')
		_, err := out.Write(line)
		return err
	})
	return n, firstError(err, out.Flush())
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

// appendString appends s as a JSON string; <, > and & stay as they are.
func appendString(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		return append(append(append(b, '"'), s...), '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return append(b, `""`...) // a string always encodes
	}
	return append(b, bytes.TrimRight(buf.Bytes(), "\n")...)
}
