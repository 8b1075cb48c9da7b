package psyberg

import (
	"fmt"
	"strings"
)

// ParseSources reads src_tables: 'ns.a|event_ts,ns.b@ref', a source each. A
// part that holds a comma, a bar or an at sign stands in double quotes, which
// are kept. The location of a metadata.json has no ref; the ref main is "".
func ParseSources(text string) ([]SourceName, error) {
	parts, err := cutOutsideQuotes(text, ',', -1)
	if err != nil {
		return nil, fmt.Errorf("read src_tables %q: %w", cut(text), err)
	}
	var out []SourceName
	seen := map[string]bool{}
	for i, part := range parts {
		s, err := parseSource(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("read src_tables %q: source %d: %w", cut(text), i+1, err)
		}
		if seen[s.String()] {
			return nil, fmt.Errorf("read src_tables %q: %q is there twice", cut(text), s)
		}
		seen[s.String()] = true
		out = append(out, s)
	}
	return out, nil
}

// maxSource is how long one source may be, its column with it: names that long
// no catalog has.
const maxSource = 8192

// cut shortens a text for an error.
func cut(text string) string {
	const most = 1000
	if len(text) <= most {
		return text
	}
	for i := range text {
		if i >= most {
			return text[:i] + "…"
		}
	}
	return text
}

func parseSource(text string) (s SourceName, err error) {
	if len(text) > maxSource {
		return s, fmt.Errorf("it is %d bytes long, more than %d", len(text), maxSource)
	}
	halves, err := cutOutsideQuotes(text, '|', 3)
	if err != nil {
		return s, err
	}
	if len(halves) > 2 {
		return s, fmt.Errorf("%q names more than one column", text)
	}
	s.Table = strings.TrimSpace(halves[0])
	if len(halves) == 2 {
		if s.EventColumn = strings.TrimSpace(halves[1]); s.EventColumn == "" {
			return s, fmt.Errorf("%q has a bar and no event-time column after it", text)
		}
	}
	bare := strings.HasSuffix(s.Table, ".metadata.json") || strings.HasSuffix(s.Table, ".metadata.json.gz")
	if !bare {
		name, err := cutOutsideQuotes(s.Table, '@', 2)
		if err != nil {
			return s, err
		}
		if len(name) == 2 {
			s.Table, s.Ref = name[0], name[1]
			if s.Ref == "" {
				return s, fmt.Errorf("%q has an @ and no branch or tag after it", text)
			}
			if s.Ref == "main" {
				s.Ref = "" // one source, however it is written
			}
		}
	}
	if s.Table == "" {
		return s, fmt.Errorf("a table name is missing: write 'ns.table', 'ns.table|event_ts' or 'ns.table@ref'")
	}
	return s, nil
}

// cutOutsideQuotes splits at sep where no double quote is open, into at most
// most parts (-1: any number).
func cutOutsideQuotes(text string, sep byte, most int) ([]string, error) {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == sep && !quoted && (most < 0 || len(out) < most-1):
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	if quoted {
		return nil, fmt.Errorf("a double quote is not closed")
	}
	return append(out, text[start:]), nil
}
