package functions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// quoteLevel writes one level of a table name so that it reads back as one:
// in double quotes where it has a character that a name does not.
func quoteLevel(s string) string {
	plain := s != ""
	for _, r := range s {
		if !(r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80) {
			plain = false
		}
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// quoteLevels joins the levels of a name with dots.
func quoteLevels(levels ...string) string {
	out := make([]string, len(levels))
	for i, l := range levels {
		out[i] = quoteLevel(l)
	}
	return strings.Join(out, ".")
}

// splitLevels reads a dotted name whose levels may be double-quoted.
func splitLevels(name string) ([]string, error) {
	var levels []string
	rest := name
	for {
		var level string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for {
				i := strings.IndexByte(rest[end:], '"')
				if i < 0 {
					return nil, fmt.Errorf("read name %q: a double quote is not closed", name)
				}
				end += i
				if !strings.HasPrefix(rest[end+1:], `"`) {
					break
				}
				end += 2
			}
			level, rest = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
		} else {
			level, rest = rest, ""
			if i := strings.IndexByte(level, '.'); i >= 0 {
				level, rest = level[:i], level[i:]
			}
		}
		if level == "" {
			return nil, fmt.Errorf("read name %q: a level is empty", name)
		}
		levels = append(levels, level)
		if rest == "" {
			return levels, nil
		}
		if rest[0] != '.' {
			return nil, fmt.Errorf("read name %q: a dot is needed before %q", name, rest)
		}
		rest = rest[1:]
	}
}
