package catalog

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// localPath returns the path of a location on this machine: file:/p, file:///p,
// file://localhost/p and plain paths are one. Nothing is decoded: writers put
// a '%2B' into names as it is (facts.md).
func localPath(location string) (p string, ok bool) {
	rest, isFile := strings.CutPrefix(location, "file:")
	if !isFile {
		if i := strings.Index(location, "://"); i > 0 && validScheme(location[:i]) {
			return "", false
		}
		return location, true
	}
	after, hasAuthority := strings.CutPrefix(rest, "//")
	if !hasAuthority {
		return rest, true
	}
	if host, p, found := strings.Cut(after, "/"); found && (host == "" || host == "localhost") {
		return "/" + p, true
	}
	return after, true // file://relative, as some writers have it
}

func validScheme(s string) bool {
	for i, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

// pathMap rewrites the prefix of locations.
type pathMap struct{ from, to string }

// CheckPathMap says what is wrong with the text of a --path-map.
func CheckPathMap(arg string) error {
	_, err := parsePathMaps([]string{arg})
	return err
}

func parsePathMaps(args []string) ([]pathMap, error) {
	var maps []pathMap
	for _, a := range args {
		from, to, ok := strings.Cut(a, "=")
		if !ok || from == "" || to == "" {
			return nil, fmt.Errorf("read path map %q: FROM=TO is expected", a)
		}
		maps = append(maps, pathMap{normalLocation(from), normalLocation(to)})
	}
	return maps, nil
}

// normalLocation is a location without a trailing slash, local ones as paths.
func normalLocation(l string) string {
	if p, ok := localPath(l); ok {
		return path.Clean(p)
	}
	return strings.TrimRight(l, "/")
}

var errLinkLeavesMap = errors.New("a symbolic link leads outside of the path map's TO: map that folder too, or copy the file")

var errLeavesMap = errors.New("after '..' the mapped path lies outside the path map's TO")

// mapLocation applies the first map whose FROM is location or a folder above
// it. A result outside TO is refused: a table must not name any file it likes.
func mapLocation(maps []pathMap, location string) (string, error) {
	l := location
	if p, ok := localPath(location); ok {
		l = p
	}
	for _, m := range maps {
		rest, ok := cutFolder(l, m.from)
		if !ok {
			continue
		}
		// Cleaned against a root of its own, so that '..' shows at the front.
		if clean := path.Clean("./" + rest); clean == ".." || strings.HasPrefix(clean, "../") {
			return "", fmt.Errorf("map location %q: %w", location, errLeavesMap)
		}
		if rest == "" {
			return m.to, nil
		}
		return strings.TrimRight(m.to, "/") + "/" + rest, nil
	}
	return location, nil
}

func cutFolder(l, folder string) (rest string, ok bool) {
	if folder == "/" && strings.HasPrefix(l, "/") {
		return strings.TrimLeft(l, "/"), true
	}
	rest, ok = strings.CutPrefix(l, folder)
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.TrimLeft(rest, "/"), true
}
