package bridge

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Error is an error of DuckDB.
type Error struct {
	// Type is DuckDB's class: "Parser Error", "Catalog Error", "Invalid Input Error".
	Type string
	// Subtype is finer where there is one: "MISSING_ENTRY".
	Subtype string
	// Message without its class and without the excerpt of the statement.
	Message string
	// Position is the byte in the statement's text where it happened, -1 where unknown.
	Position int
	// Candidates are near matches of an unknown name.
	Candidates []string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Type == "" {
		return e.Message
	}
	return e.Type + ": " + e.Message
}

// newError takes DuckDB's message apart, which is JSON where the setting
// errors_as_json is on (a parser's has a text before it) and text elsewhere.
func newError(msg string) *Error {
	if i := strings.IndexByte(msg, '{'); i >= 0 && (i == 0 || strings.HasSuffix(msg[:i], "Error: ")) {
		var raw map[string]any
		if json.Unmarshal([]byte(msg[i:]), &raw) == nil && raw["exception_type"] != nil {
			return jsonError(raw)
		}
	}
	e := &Error{Message: msg, Position: -1}
	if i := strings.Index(msg, "Error: "); i >= 0 && i < 30 && !strings.Contains(msg[:i], ":") {
		e.Type, e.Message = msg[:i+5], msg[i+7:]
	}
	return e
}

// syntaxError is newError of what DuckDB's grammar says of sql: it counts
// characters, where everything behind it counts bytes.
func syntaxError(msg, sql string) *Error {
	e := newError(msg)
	if e.Subtype != "SYNTAX_ERROR" {
		return e
	}
	characters := e.Position
	for i := range sql {
		if characters == 0 {
			e.Position = i
		}
		characters--
	}
	if characters == 0 {
		e.Position = len(sql)
	}
	return e
}

func jsonError(raw map[string]any) *Error {
	text := func(k string) string { s, _ := raw[k].(string); return s }
	e := &Error{Type: text("exception_type"), Message: strings.TrimRight(text("exception_message"), "\n"), Subtype: text("error_subtype"), Position: -1}
	if e.Type != "" && !strings.HasSuffix(e.Type, "Error") {
		e.Type += " Error"
	}
	switch p := raw["position"].(type) {
	case string:
		if n, err := strconv.Atoi(p); err == nil {
			e.Position = n
		}
	case float64:
		e.Position = int(p)
	}
	if c := text("candidates"); c != "" {
		e.Candidates = strings.Split(c, ",")
	}
	return e
}
