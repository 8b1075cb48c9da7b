package rows

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"psyberg/functions/meta"
)

// defaultText turns the JSON of an initial default (spec, "JSON single-value
// serialization") into text that DuckDB casts to the column's type; null is "",
// false.
func defaultText(f *meta.Field) (string, bool, error) {
	raw := bytes.TrimSpace(f.InitialDefault)
	if len(raw) == 0 || string(raw) == "null" {
		return "", false, nil
	}
	var text string
	isText := json.Unmarshal(raw, &text) == nil
	switch f.Type.Kind {
	case meta.KindBoolean, meta.KindInt, meta.KindLong, meta.KindFloat, meta.KindDouble:
		if isText { // "NaN" and the infinities
			return text, true, nil
		}
		return string(raw), true, nil
	case meta.KindBinary, meta.KindFixed:
		b, err := hex.DecodeString(text)
		if isText && err == nil {
			return blobText(b), true, nil
		}
	case meta.KindStruct:
		if string(raw) == "{}" { // its members have defaults of their own
			return "{}", true, nil
		}
	case meta.KindDecimal, meta.KindDate, meta.KindTime, meta.KindTimestamp, meta.KindTimestampTZ, meta.KindTimestampNS,
		meta.KindTimestampTZNS, meta.KindString, meta.KindUUID:
		if isText {
			return text, true, nil
		}
	}
	return "", false, fmt.Errorf("column %q: its initial default %.100s is none that type %s can be read with", f.Name, raw, f.Type)
}

// blobText spells bytes as DuckDB casts them from text.
func blobText(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\x%02X`, c)
	}
	return s.String()
}

// valueText spells a partition value as DuckDB casts it from text to the
// column's type; NULL is "", false. Times are turned into the text of Unix
// microseconds' instant.
func valueText(v meta.Value) (string, bool) {
	switch v.Kind {
	case meta.KindInvalid:
		return "", false
	case meta.KindBoolean:
		return strconv.FormatBool(v.Int != 0), true
	case meta.KindBinary, meta.KindFixed:
		return blobText(v.Bytes), true
	case meta.KindUUID:
		h := hex.EncodeToString(v.Bytes)
		if len(h) != 32 {
			return "", false
		}
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
	case meta.KindString:
		return string(v.Bytes), true
	}
	return v.String(), true
}
