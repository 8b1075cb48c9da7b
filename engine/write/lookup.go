package write

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"psyberg/engine/bridge"
	"psyberg/functions/meta"
)

// access is the SQL of a column, or of a struct's member, by field id.
func (w *fileWriter) access(id int) string {
	for _, f := range w.schema.Fields {
		if steps := memberPath(f, id); steps != nil {
			sql := quoteIdent(steps[0])
			for _, s := range steps[1:] {
				sql = "(" + sql + ")." + quoteIdent(s)
			}
			return sql
		}
	}
	return "NULL"
}

// memberPath are the names that lead to a field id; nil where it is not below f.
func memberPath(f *meta.Field, id int) []string {
	if f.ID == id {
		return []string{f.Name}
	}
	if f.Type.Kind != meta.KindStruct {
		return nil
	}
	for _, m := range f.Type.Fields {
		if rest := memberPath(m, id); rest != nil {
			return append([]string{f.Name}, rest...)
		}
	}
	return nil
}

// defaultText is a column's write default (v3) as text that DuckDB casts.
func defaultText(f *meta.Field) (text string, ok bool, err error) {
	raw := bytes.TrimSpace(f.WriteDefault)
	if len(raw) == 0 || string(raw) == "null" {
		return "", false, nil
	}
	isText := json.Unmarshal(raw, &text) == nil
	switch f.Type.Kind {
	case meta.KindStruct, meta.KindList, meta.KindMap:
		return "", false, errors.New("its write default is nested: give the column in the query")
	case meta.KindBinary, meta.KindFixed:
		b, err := hex.DecodeString(text)
		if !isText || err != nil {
			return "", false, fmt.Errorf("its write default %s is no text of hex digits", raw)
		}
		var s strings.Builder
		for _, c := range b {
			fmt.Fprintf(&s, `\x%02X`, c)
		}
		return s.String(), true, nil
	}
	if isText {
		return text, true, nil
	}
	return string(raw), true, nil
}

// atQuery moves the place that an error of DuckDB names, in a statement that
// has the user's query at head, to one in the query itself.
func atQuery(err error, head, length int) error {
	if e := (*bridge.Error)(nil); errors.As(err, &e) {
		moved := *e
		if moved.Position -= head; moved.Position < 0 || moved.Position > length {
			moved.Position = -1
		}
		return &moved
	}
	return err
}

// within moves a place in the query to one in the statement around it.
func within(err error, offset int) error {
	if e := (*bridge.Error)(nil); errors.As(err, &e) && e.Position >= 0 {
		moved := *e
		moved.Position += offset
		return &moved
	}
	return err
}
