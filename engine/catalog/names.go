package catalog

import (
	"errors"
	"fmt"
	"strings"
)

// parsedName is a table's name taken apart: the levels, or a location.
type parsedName struct {
	levels   []string // two or more, the last is the table
	ref      string   // after '@'; "" where none
	location string   // of a metadata.json; then there are no levels
	plain    string   // the name as given, without '@ref'
}

// maxName bounds what a name may be; it also bounds the work of an error's
// near matches.
const maxName = 4096

// parseName takes 'ns.table', 'catalog.ns.table', either with '@ref', and the
// location of a *.metadata.json[.gz] apart. A level in double quotes may hold
// any character, a quote doubled. The ref may be quoted too.
func parseName(name string) (parsedName, error) {
	if len(name) > maxName {
		return parsedName{}, fmt.Errorf("read table name: %d bytes long, more than %d", len(name), maxName)
	}
	plain, ref := splitRef(name)
	if isMetadataLocation(plain) {
		unquoted, err := refName(name, ref)
		return parsedName{location: plain, plain: plain, ref: unquoted}, err
	}
	levels, rest, err := splitLevels(name)
	if err != nil {
		return parsedName{}, fmt.Errorf("read table name %q: %w", name, err)
	}
	if len(levels) < 2 {
		return parsedName{}, fmt.Errorf("read table name %q: it has no namespace: write namespace.table, "+
			"or the location of a *.metadata.json", name)
	}
	p := parsedName{levels: levels, plain: name[:len(name)-len(rest)]}
	if rest != "" {
		if p.ref, err = refName(name, rest[1:]); err != nil {
			return parsedName{}, err
		}
		if p.ref == "" {
			return parsedName{}, fmt.Errorf("read table name %q: no branch or tag after '@'", name)
		}
	}
	return p, nil
}

// splitRef cuts a location's '@ref' off: the part after the last '@', when the
// part before it is a metadata.json.
func splitRef(name string) (plain, ref string) {
	if i := strings.LastIndexByte(name, '@'); i >= 0 && isMetadataLocation(name[:i]) {
		return name[:i], name[i+1:]
	}
	return name, ""
}

func isMetadataLocation(s string) bool {
	return strings.HasSuffix(s, ".metadata.json") || strings.HasSuffix(s, ".metadata.json.gz") ||
		strings.HasSuffix(s, ".gz.metadata.json")
}

// splitLevels reads levels separated by dots up to an unquoted '@', and
// returns what is left from there on.
func splitLevels(s string) (levels []string, rest string, err error) {
	for i := 0; ; {
		level, n, err := readLevel(s[i:])
		if err != nil {
			return nil, "", err
		}
		if level == "" {
			return nil, "", errors.New("a level is empty")
		}
		levels = append(levels, level)
		i += n
		if i == len(s) {
			return levels, "", nil
		}
		switch s[i] {
		case '@':
			return levels, s[i:], nil
		case '.':
			i++
		default:
			return nil, "", fmt.Errorf("a quoted level is followed by %q: '.' or '@' is expected", s[i])
		}
	}
}

// readLevel reads one level and says how many bytes it took.
func readLevel(s string) (level string, n int, err error) {
	if !strings.HasPrefix(s, `"`) {
		n = strings.IndexAny(s, ".@")
		if n < 0 {
			n = len(s)
		}
		return s[:n], n, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), i + 1, nil
	}
	return "", 0, errors.New("a double quote is not closed")
}

func refName(name, ref string) (string, error) {
	if !strings.HasPrefix(ref, `"`) {
		return ref, nil
	}
	level, n, err := readLevel(ref)
	if err == nil && n != len(ref) {
		err = errors.New("text after the quoted branch or tag")
	}
	if err != nil {
		return "", fmt.Errorf("read table name %q: %w", name, err)
	}
	return level, nil
}

// quoteName prints levels so that parseName reads them back.
func quoteName(levels []string) string {
	var b strings.Builder
	for i, l := range levels {
		if i > 0 {
			b.WriteByte('.')
		}
		if l != "" && !strings.ContainsAny(l, ".@\"") {
			b.WriteString(l)
			continue
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(l, `"`, `""`))
		b.WriteByte('"')
	}
	return b.String()
}
